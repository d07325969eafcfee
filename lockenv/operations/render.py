"""A lock as lines, for those who compare it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lockenv.errors import LockError, UsageError
from lockenv.lockfile.rendering import rendered
from lockenv.operations.files import bytes_of
from lockenv.operations.read import parse_lock


def lines_of(path: Path) -> Sequence[str]:
    """A lock as lines, or the lines of what is none: who asks cannot go on without an answer.

    Raises `UsageError` where there is no such file.
    """
    raw = bytes_of(path)
    if raw is None:
        raise UsageError(f"there is no {path}")
    try:
        return list(rendered(parse_lock(raw, path.name)))
    except LockError:
        return raw.decode("utf-8", "replace").splitlines()
