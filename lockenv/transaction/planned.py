"""The tree that an environment should be, row by row: what `verify` compares the disk with. Pure.

Paths are logical: as they are seen from the environment's folder, where ``bin`` and ``lib`` are links into the
current generation. The few real files and links of that folder itself stand in `root`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Literal, NamedTuple, TypeAlias

from lockenv.transaction import places
from lockenv.transaction.compose import Desired
from lockenv.transaction.contents import Contents
from lockenv.tree import fixed_mtime_ns
from lockenv.values import dataclass

Kind: TypeAlias = Literal["file", "link", "folder"]

#: The mode of a file whose maker the umask told which to give.
ANY_MODE = -1


class Row(NamedTuple):
    """One entry. `content` is a file's sha256 or a link's text; `owner` a package, or '' for the environment."""

    path: str
    kind: Kind
    content: str = ""
    size: int = 0
    mode: int = ANY_MODE
    owner: str = ""

    @property
    def mtime(self) -> int:
        """A file's modification time in whole seconds, which follows from its content."""
        return fixed_mtime_ns(self.content) // 1_000_000_000


class Part(NamedTuple):
    """A package of the environment, with its digest."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A whole environment: its real root, its generation, and what that comes to.

    `env` is the absolute path at which it stands, which scripts hold. `interpreter` is the path of the executable
    behind it, `runtime` what its packages were selected for.
    """

    env: str
    interpreter: str
    runtime: str
    digest: str
    packages: tuple[Part, ...]
    root: tuple[Row, ...]
    rows: tuple[Row, ...]


def planned(desired: Desired, contents: Contents, env: str) -> Planned:
    """Tell what `contents`, composed from `desired` for the environment at `env`, comes to on disk."""
    return Planned(
        env=env,
        interpreter=desired.interpreter_id.split("\0")[0],
        runtime=desired.runtime,
        digest=contents.digest,
        packages=tuple(Part(one.name, one.version, one.digest) for one in contents.packages),
        root=tuple(_root(desired, contents)),
        rows=tuple(_rows(contents)),
    )


def _root(desired: Desired, contents: Contents) -> Iterator[Row]:
    for text in desired.root_files:
        yield Row(text.path, "file", sha256(text.content).hexdigest(), len(text.content))
    for name in contents.tops:
        yield Row(name, "link", places.link_text(name))


def _rows(contents: Contents) -> Iterator[Row]:
    for folder in contents.folders:
        yield Row(folder, "folder")
    for text in contents.texts:
        yield Row(text.path, "file", text.sha256, len(text.content), text.mode, text.owner)
    for link in contents.links:
        yield Row(link.path, "link", link.target)
    for package in contents.packages:
        for destination, size, mode, content in package.files:
            yield Row(destination, "file", content, size, mode, package.name)


def by_folder(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """Sort rows into their folders, relative to the generation ('' is itself): folder -> name -> row."""
    folders: dict[str, dict[str, Row]] = {"": {}}
    for row in rows:
        parent, _, name = row.path.rpartition("/")
        folders.setdefault(parent, {})[name] = row
        if row.kind == "folder":
            folders.setdefault(row.path, {})
    return folders
