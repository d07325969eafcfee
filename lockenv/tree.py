"""What stands in an environment that no wheel brings, as values: the parts a generation is put together from.

Paths are relative to the environment's root, POSIX, without ``..``; the code that writes them
(`lockenv.transaction.generation`) is the only place where they are joined to a folder.
"""

from __future__ import annotations

from dataclasses import dataclass
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


Entry: TypeAlias = Text | Link
