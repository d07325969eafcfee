"""`cache`: how big it is, and taking out what nobody has used for a while."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lockenv.files import remove_tree
from lockenv.session import Session

_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes in each part of the cache."""

    store: int
    index: int


def sizes(session: Session) -> Sizes:
    """Count the bytes of unpacked wheels, and of pages and metadata."""
    return Sizes(store=session.store.size(), index=session.index_cache.size()[0])


def prune(session: Session, *, older_than_days: float) -> int:
    """Remove what was not used for so many days; give the bytes freed. Environments keep their files."""
    freed = session.store.prune(older_than=older_than_days * _DAY)
    freed += session.index_cache.prune(older_than_days=older_than_days)[0]
    return freed + sum(_remove(file) for file in _abandoned(session.cache / "arriving"))


def _abandoned(folder: Path) -> Iterator[Path]:
    """Downloads that a killed process has left behind; one that has grown within a day may still arrive."""
    with contextlib.suppress(OSError):
        yield from [file for file in folder.iterdir() if file.lstat().st_mtime < time.time() - _DAY]


def _remove(file: Path) -> int:
    try:
        size = file.lstat().st_size
        remove_tree(file)
    except OSError:
        return 0
    return size
