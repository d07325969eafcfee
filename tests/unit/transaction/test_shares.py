"""Laws: whatever is divided is all there afterwards, and neither half waits for the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from lockenv.transaction.contents import Brought, Contents, WrittenFile
from lockenv.transaction.shares import first_of, halves_of, weight
from lockenv.tree import Link

FOLDERS = st.lists(st.sampled_from("abc"), max_size=3).map("/".join)
FACT = (1, 2, 0o100444)


def paths(texts: Iterable[WrittenFile], links: Iterable[Link]) -> list[str]:
    """Where these are."""
    return [*(text.path for text in texts), *(link.path for link in links)]


@st.composite
def contents(draw: st.DrawFn, fewest: int = 0) -> Contents:
    """Packages whose files and texts lie anywhere, and folders that nobody needs."""
    names = draw(st.lists(st.sampled_from("pqrstu"), unique=True, min_size=fewest))
    packages = tuple(
        Brought(
            name=name,
            version="1",
            root=f"/store/{name}",
            groups=tuple(
                ("", folder, {f"{name}{number}": FACT for number in range(draw(st.integers(1, 5)))}, {}, ())
                for folder in draw(st.lists(FOLDERS, unique=True, max_size=3))
            ),
            digest="",
        )
        for name in names
    )
    owners = draw(st.lists(st.sampled_from(["", "gone", *names]), max_size=6))
    texts = tuple(
        WrittenFile(
            path=f"{draw(FOLDERS)}/text{number}".lstrip("/"),
            content=b"",
            mode=0o644,
            sha256="0" * 64,
            owner=owner,
            portable="",
        )
        for number, owner in enumerate(owners)
    )
    links = tuple(Link(path=f"{folder}/link".lstrip("/"), target="x") for folder in draw(st.sets(FOLDERS)))
    needed = set(draw(st.lists(FOLDERS)))
    needed |= {path.rpartition("/")[0] for path in paths(texts, links)}
    needed |= {group[1] for one in packages for group in one.groups}
    folders = {"/".join(path.split("/")[:depth]) for path in needed for depth in range(1, path.count("/") + 2)}
    return Contents(
        folders=tuple(sorted(folders - {""})), tops=(), texts=texts, links=links, packages=packages, digest=""
    )


def makes(*steps: Contents, after: Iterable[str] = ()) -> None:
    """Make it all in memory, in the order in which it is made: nothing is put where no folder is."""
    there = {"", *after}
    for step in steps:
        for folder in step.folders:
            assert folder.rpartition("/")[0] in there
            assert folder not in there
            there.add(folder)
        for path in paths(step.texts, step.links):
            assert path.rpartition("/")[0] in there
        for package in step.packages:
            assert all(group[1] in there for group in package.groups)


def parts(*steps: Contents) -> Counter[object]:
    """What is in it, and how often."""
    found: Counter[object] = Counter()
    for step in steps:
        found.update(("folder", folder) for folder in step.folders)
        found.update(paths(step.texts, step.links))
        found.update(("package", package.name) for package in step.packages)
    return found


@given(contents())
def test_two_halves_and_what_comes_first_are_all(whole: Contents) -> None:
    assert parts(*halves_of(whole)) == parts(whole)


@given(contents())
def test_neither_half_needs_what_the_other_makes(whole: Contents) -> None:
    first, mine, theirs = halves_of(whole)
    makes(first, mine)
    makes(first, theirs)


@given(contents())
def test_no_half_has_more_than_its_largest_package_too_much(whole: Contents) -> None:
    _, mine, theirs = halves_of(whole)
    largest = max((len(group[2]) + 3 for one in whole.packages for group in one.groups), default=0) * 3
    texts = 3 * len(whole.texts)
    folders = 3 * len(whole.folders)
    assert abs(weight(mine) - weight(theirs)) <= largest + texts + folders


@given(contents(fewest=1))
def test_the_first_package_and_the_rest_are_all(whole: Contents) -> None:
    first, rest = first_of(whole)
    assert first.packages == whole.packages[:1]
    assert parts(first, rest) == parts(whole)
    makes(first, rest)
