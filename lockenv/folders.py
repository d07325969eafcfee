"""The files of a wheel by folder: as the store keeps them, and a generation and its record take them. Pure."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from lockenv.tree import fixed_mtime_ns

#: The files of one folder, which go where they stand: its path in the wheel; of each file, by name, the size, the
#: modification time in nanoseconds and the mode with its kind, as `lockenv.transaction.state.Fact` has them; and
#: each one's sha256, in that order. Few values and large ones, for tens of thousands of files.
Folder: TypeAlias = tuple[str, dict[str, tuple[int, int, int]], tuple[str, ...]]


def by_folder(rows: Iterable[tuple[str, str, int, int]]) -> tuple[Folder, ...]:
    """Sort files (path, sha256, size, permissions) into their folders."""
    folders: dict[str, tuple[dict[str, tuple[int, int, int]], list[str]]] = {}
    for path, sha256, size, mode in rows:
        folder, _, name = path.rpartition("/")
        facts, sums = folders.setdefault(folder, ({}, []))
        facts[name] = size, fixed_mtime_ns(sha256), stat.S_IFREG | mode
        sums.append(sha256)
    return tuple((folder, facts, tuple(sums)) for folder, (facts, sums) in folders.items())


def rows_of(folders: Iterable[Folder]) -> Iterator[tuple[str, str, int, int]]:
    """Give the files (path, sha256, size, permissions) of folders."""
    for folder, facts, sums in folders:
        prefix = f"{folder}/" if folder else ""
        for (name, (size, _, mode)), sha256 in zip(facts.items(), sums, strict=True):
            yield f"{prefix}{name}", sha256, size, stat.S_IMODE(mode)
