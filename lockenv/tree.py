"""What stands in an environment that no wheel brings, as values: the parts a generation is put together from.

Paths are relative to the environment's root, POSIX, without ``..``; the code that writes them
(`lockenv.transaction.generation`) is the only place where they are joined to a folder.
"""

from __future__ import annotations

from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A regular file with this content. `executable` files get mode 0755, others 0644."""

    path: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link at `path` whose text is `target`."""

    path: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A folder that stands even where nothing is put into it, such as an empty site-packages."""

    path: str


Entry: TypeAlias = Text | Link | Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Where the parts of a wheel go (the install paths of `sysconfig`), relative to the environment's root.

    `headers` is the folder that holds one folder per distribution, such as ``include/site/python3.11``; `data`
    is the root itself, written as the empty string.
    """

    purelib: str
    platlib: str
    scripts: str
    headers: str
    data: str = ""


def fixed_mtime_ns(sha256: str) -> int:
    """Give the modification time, in nanoseconds since the epoch, of every file with this content.

    A function of the content: equal trees are equal in their times too, so bytecode that carries its source's
    time and size (PEP 552's default) is deterministic; and a changed file gets another time, so bytecode and
    caches that outlive a sync (`PYTHONPYCACHEPREFIX`, `linecache`) notice even where the size stayed the same.
    Between 1980, the earliest that zip can hold, and 2014, in whole seconds.
    """
    return (315_532_800 + int(sha256[:8], 16) // 4) * 1_000_000_000
