"""What has to go from a generation, and what to come, for it to hold something else. Pure."""

from __future__ import annotations

import stat
from collections.abc import Container
from typing import TypeAlias

from lockenv.transaction.compose import Brought, Contents, WrittenFile
from lockenv.transaction.state import Fact, Tree
from lockenv.tree import fixed_mtime_ns
from lockenv.values import dataclass

_Row: TypeAlias = tuple[str, str, int, int, int, str]

_OWNERS_TO_WRITE = 0o200  #: what a copy or a clone has, and a hard link has not


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`gone` are paths of files and links to be removed, `contents` what has to be added to what is left then.

    What is to be replaced is in both. The folders are all those that are wanted.
    """

    gone: tuple[str, ...]
    contents: Contents


def differing(contents: Contents, tree: Tree, unchanged: Container[str]) -> Difference:
    """Compare what is wanted with a tree that was recorded; `unchanged` names packages whose wheels are the same.

    A file of such a package is the same where its facts are: it came from the same wheel. So is a text, whose time
    follows from its content. All files of other packages are replaced, also such as look the same.
    """
    present = _by_path(tree)
    texts = tuple(text for text in contents.texts if present.get(text.path) != _fact_of(text))
    links = tuple(link for link in contents.links if present.get(link.path) != link.target)
    packages = []
    kept = {text.path for text in contents.texts} | {link.path for link in contents.links}
    kept -= {text.path for text in texts} | {link.path for link in links}
    for package in contents.packages:
        missing = _missing(package, present) if package.name in unchanged else package.files
        if missing:
            packages.append(_with(package, missing))
        kept.update([row[1] for row in package.files])
        kept.difference_update([row[1] for row in missing])
    return Difference(
        gone=tuple(present.keys() - kept),
        contents=Contents(
            folders=contents.folders,
            tops=contents.tops,
            texts=texts,
            links=links,
            packages=tuple(packages),
            digest=contents.digest,
        ),
    )


def _by_path(tree: Tree) -> dict[str, Fact]:
    return {
        f"{folder}/{name}" if folder else name: fact for folder, row in tree.items() for name, fact in row.items()
    }


def _with(package: Brought, files: tuple[_Row, ...]) -> Brought:
    return Brought(
        name=package.name, version=package.version, root=package.root, files=files, digest=package.digest
    )


def _fact_of(text: WrittenFile) -> Fact:
    return len(text.content), fixed_mtime_ns(text.sha256), stat.S_IFREG | text.mode


def _missing(package: Brought, present: dict[str, Fact]) -> tuple[_Row, ...]:
    return tuple(row for row in package.files if not _is_there(row, present.get(row[1])))


def _is_there(row: _Row, fact: Fact | None) -> bool:
    _, _, mtime, mode, size, _ = row
    expected = stat.S_IFREG | mode
    return fact in ((size, mtime, expected), (size, mtime, expected | _OWNERS_TO_WRITE))
