"""What has to go from a generation, and what to come, for it to hold something else. Pure."""

from __future__ import annotations

from lockenv.transaction.contents import Brought, Contents, Group
from lockenv.transaction.link import OWNERS_TO_WRITE
from lockenv.transaction.state import Fact, Tree, fact_at
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Container, Iterator


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
    texts = tuple(text for text in contents.texts if fact_at(tree, text.path) != text.fact)
    links = tuple(link for link in contents.links if fact_at(tree, link.path) != link.target)
    kept: dict[str, set[str]] = {folder: set() for folder in tree}
    for one, missing in ((contents.texts, texts), (contents.links, links)):
        for path in {each.path for each in one} - {each.path for each in missing}:
            folder, _, name = path.rpartition("/")
            kept[folder].add(name)
    packages = []
    for package in contents.packages:
        groups = _kept_and_missing(package, tree, kept) if package.name in unchanged else package.groups
        if groups:
            packages.append(_with(package, groups))
    return Difference(
        gone=tuple(_gone(tree, kept)),
        contents=Contents(
            folders=contents.folders,
            tops=contents.tops,
            texts=texts,
            links=links,
            packages=tuple(packages),
            digest=contents.digest,
        ),
    )


def _with(package: Brought, groups: tuple[Group, ...]) -> Brought:
    return Brought(
        name=package.name, version=package.version, root=package.root, groups=groups, digest=package.digest
    )


def _kept_and_missing(package: Brought, tree: Tree, kept: dict[str, set[str]]) -> tuple[Group, ...]:
    """Give what is missing of a package, and note in `kept` what is there."""
    found = []
    for source, folder, facts, olds, sums in package.groups:
        present = tree.get(folder, {})
        missing: dict[str, tuple[int, int, int]] = {}
        # Most are there as they are: only the others are looked at more closely.
        if not facts.items() <= present.items():
            odd = {name: fact for name, fact in facts.items() if present.get(name) != fact}
            missing = {name: fact for name, fact in odd.items() if present.get(name) != _owners(fact)}
        if missing:
            own = tuple(each for name, each in zip(facts, sums, strict=False) if name in missing)
            found.append((source, folder, missing, olds, own))
        if folder in kept:
            kept[folder].update(facts)
            kept[folder].difference_update(missing)
    return tuple(found)


def _owners(fact: tuple[int, int, int]) -> Fact:
    """Give the fact of a copy or clone, which its owner may write to."""
    size, mtime, mode = fact
    return size, mtime, mode | OWNERS_TO_WRITE


def _gone(tree: Tree, kept: dict[str, set[str]]) -> Iterator[str]:
    for folder, facts in tree.items():
        prefix = f"{folder}/" if folder else ""
        for name in facts.keys() - kept[folder]:
            yield f"{prefix}{name}"
