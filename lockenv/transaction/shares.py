"""What a generation holds, divided between two who make it at the same time. Pure.

Nobody waits for the other: a folder that both need, or neither, is made before they begin, and every other one by
who alone puts something into it.
"""

from __future__ import annotations

from lockenv.values import replace

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lockenv.transaction.contents import Brought, Contents

#: What a folder takes to be made, opened twice and closed, and a text to be written, in links of a file.
_FOLDER, _TEXT = 3, 3


def weight(contents: Contents) -> int:
    """Say how much work something is, in links of a file."""
    files = sum(len(group[2]) for package in contents.packages for group in package.groups)
    return files + _FOLDER * len(contents.folders) + _TEXT * len(contents.texts)


def first_of(contents: Contents) -> tuple[Contents, Contents]:
    """Divide into the first package, with the folders that its files need, and all the rest."""
    package, *others = contents.packages
    needed = _closed(group[1] for group in package.groups)
    folders = _divided(contents.folders, needed)
    return (
        replace(contents, folders=folders[0], texts=(), links=(), packages=(package,)),
        replace(contents, folders=folders[1], packages=tuple(others)),
    )


def halves_of(contents: Contents) -> tuple[Contents, Contents, Contents]:
    """Divide into the folders that come first, and two halves of about as much work.

    A package's files and texts are in one of them; what is nobody's is in the first. The order of packages is that
    of their size: the largest goes first, and each where there is less.
    """
    mine, theirs = (_share(contents, names) for names in _parted(contents))
    both = set(mine.folders) & set(theirs.folders)
    needed = _closed(both.union(set(contents.folders).difference(mine.folders, theirs.folders)))
    first = replace(contents, folders=_divided(contents.folders, needed)[0], texts=(), links=(), packages=())
    mine, theirs = (replace(one, folders=_divided(one.folders, needed)[1]) for one in (mine, theirs))
    return first, mine, theirs


def _parted(contents: Contents) -> tuple[list[str], list[str]]:
    """Name the packages of each half; '' stands for what is no package's."""
    texts: dict[str, int] = {}
    for text in contents.texts:
        texts[text.owner] = texts.get(text.owner, 0) + _TEXT
    halves: tuple[list[str], list[str]] = ([""], [])
    sizes = [texts.get("", 0), 0]
    weights = {one.name: _weight_of(one) + texts.get(one.name, 0) for one in contents.packages}
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        less = sizes.index(min(sizes))
        halves[less].append(name)
        sizes[less] += weights[name]
    return halves


def _weight_of(package: Brought) -> int:
    return sum(len(group[2]) + _FOLDER for group in package.groups)


def _share(contents: Contents, names: list[str]) -> Contents:
    """Give what belongs to these packages, and the folders that it needs."""
    packages = {one.name: one for one in contents.packages}
    brought = tuple(packages[name] for name in names if name)
    # A package of which no file is brought, but a text that changes, is not among them.
    others = set() if "" not in names else {text.owner for text in contents.texts} - packages.keys()
    own = {*names, *others}
    texts = tuple(text for text in contents.texts if text.owner in own)
    links = contents.links if "" in own else ()
    paths = (*(text.path for text in texts), *(link.path for link in links))
    needed = _closed(
        (*(path.rpartition("/")[0] for path in paths), *(group[1] for one in brought for group in one.groups))
    )
    return replace(
        contents, folders=_divided(contents.folders, needed)[0], texts=texts, links=links, packages=brought
    )


def _closed(folders: Iterable[str]) -> set[str]:
    """Give folders and all that they are in."""
    found: set[str] = set()
    for folder in folders:
        inner = folder
        while inner and inner not in found:
            found.add(inner)
            inner = inner.rpartition("/")[0]
    return found


def _divided(folders: Iterable[str], by: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide into those that are named by the other, and those that are not; each in the order of creation."""
    inside: list[str] = []
    outside: list[str] = []
    for folder in folders:
        (inside if folder in by else outside).append(folder)
    return tuple(inside), tuple(outside)
