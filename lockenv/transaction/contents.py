"""What a generation holds, as plain values: made by `lockenv.transaction.compose`, or kept from an earlier sync.

Imports next to nothing: an environment that is planned already is made from these values alone.
"""

from __future__ import annotations

import stat

from lockenv.tree import fixed_mtime_ns
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockenv.plan import Wanted
    from lockenv.tree import Link

SETTINGS = "pyvenv.cfg"

#: The files that go from one folder, relative to the stored wheel, into one of the generation: the two folders;
#: the `lockenv.transaction.state.Fact` in the store of each file by its name in the generation; the names in the
#: store of those that have another one there; and each file's sha256, in the order of the facts. Few values and
#: large ones, for tens of thousands of files: a dict of facts is what the record of a generation holds, too.
Group = tuple[str, str, dict[str, tuple[int, int, int]], dict[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A file that is written rather than brought from the store.

    `owner` is the package it belongs to; empty for the environment's own. `portable` is the sha256 of what the
    content would be without machine facts.
    """

    path: str
    content: bytes
    mode: int
    sha256: str
    owner: str
    portable: str

    @property
    def fact(self) -> tuple[int, int, int]:
        """What it is on the disk when it is written: a `lockenv.transaction.state.Fact`."""
        return len(self.content), fixed_mtime_ns(self.sha256), stat.S_IFREG | self.mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """The files of one package that come from the store, where they stand below `root`.

    `digest` is that of the whole package, with the files that are written and those it shares with others.
    """

    name: str
    version: str
    root: str
    groups: tuple[Group, ...]
    digest: str

    @property
    def files(self) -> Iterator[tuple[str, int, int, str]]:
        """Tell of each file the destination, size in bytes, mode (permissions) and sha256.

        What was kept from an earlier sync has no sha256s, and raises `ValueError`.
        """
        for _, folder, facts, _, sums in self.groups:
            prefix = f"{folder}/" if folder else ""
            for (name, (size, _, mode)), sha256 in zip(facts.items(), sums, strict=True):
                yield f"{prefix}{name}", size, stat.S_IMODE(mode), sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything in a generation. `folders` are in order of creation; `tops` are linked from the root.

    `digest` is the environment digest (`lockenv.transaction.digest`).
    """

    folders: tuple[str, ...]
    tops: tuple[str, ...]
    texts: tuple[WrittenFile, ...]
    links: tuple[Link, ...]
    packages: tuple[Brought, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """What an environment should be at its place, to the last file: all that a change needs to know.

    `selection` (groups, extras, options) and `lock_digest` are compared as they are by the next run;
    `interpreter_id` too, and where it differs the whole environment is made anew. `root_files` are the real files
    (path, content) of the environment's root.
    """

    lock_digest: str
    selection: tuple[str, ...]
    interpreter_id: str
    packages: tuple[Wanted, ...]
    root_files: tuple[tuple[str, bytes], ...]
    contents: Contents
