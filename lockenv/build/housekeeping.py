"""What building keeps in the cache: how much it is, and taking out what nobody has used for a while."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lockenv.build.wheels import BuiltWheels
from lockenv.files import remove_tree

_DAY = 24 * 3600.0  #: no build takes longer, so what is older was left by one that was killed


def size(cache: Path) -> int:
    """Count the bytes of built wheels, logs and clones of repositories."""
    return BuiltWheels(cache / "built").size() + sum(map(_bytes, (cache / "git", cache / "built" / "logs")))


def prune(cache: Path, *, older_than: float = 0.0) -> int:
    """Remove what was not used for so many seconds, to within an hour; give the bytes freed. Raises `OSError`."""
    now = time.time()
    freed = BuiltWheels(cache / "built").prune(older_than=older_than)
    left = [path for path in _entries(cache / "built" / "work") if now - path.lstat().st_mtime >= _DAY]
    logs = [path for path in _entries(cache / "built" / "logs") if now - path.lstat().st_mtime >= older_than]
    for path in (*left, *logs, *_unused_clones(cache / "git", now - older_than)):
        freed += _bytes(path)
        remove_tree(path)
    return freed


def _unused_clones(folder: Path, since: float) -> Iterator[Path]:
    """List the clones that were not opened since a time: each time their lock is written."""
    for lock in _entries(folder):
        if lock.suffix == ".lock" and lock.lstat().st_mtime <= since:
            yield lock.with_suffix("")


def _entries(folder: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(folder.iterdir())
    return []


def _bytes(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(folder, name).lstat().st_size
    return total
