"""Two locks that come from one: what each side changed, put together package by package."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Package, PackageDirectory, Pylock
from packaging.version import Version

from lockenv.lockfile import pylock
from lockenv.lockfile.conflicted import in_conflict, sides_of
from lockenv.lockfile.merging import Merged, merge, told
from lockenv.packages import canonicalize_name


def lock(*rows: str, groups: tuple[str, ...] = (), digests: str = "") -> Pylock:
    """A lock of ``name version`` rows; a version ``@x`` is a folder. `digests` is one for each table."""
    return Pylock(
        lock_version=Version("1.0"),
        created_by="lockenv",
        extras=[],
        dependency_groups=list(groups),
        packages=[_package(row) for row in sorted(rows)],
        tool={"lockenv": {"format": 2, "manifest": dict(zip("pq", digests, strict=False))}},
    )


def _package(row: str) -> Package:
    name, _, version = row.partition(" ")
    if version.startswith("@"):
        return Package(name=canonicalize_name(name), directory=PackageDirectory(path=version[1:]))
    return Package(name=canonicalize_name(name), version=Version(version))


def rows(merged: Merged) -> list[str]:
    return [f"{each.name} {each.version}" for each in merged.lock.packages]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected"),
    [
        (["a 1"], ["a 1"], ["a 1"], ["a 1"]),
        (["a 1"], ["a 2"], ["a 1"], ["a 2"]),
        (["a 2"], ["a 2"], ["a 1"], ["a 1"]),
        (["a 1"], ["a 2"], ["a 2"], ["a 2"]),
        (["a 1"], ["a 1", "b 1"], ["a 1", "c 1"], ["a 1", "b 1", "c 1"]),
        (["a 1", "b 1"], ["a 1"], ["a 1", "b 1"], ["a 1"]),
        (["a 1", "b 1"], ["a 1"], ["b 1"], []),
    ],
)
def test_what_one_side_changed_counts(
    base: list[str], ours: list[str], theirs: list[str], expected: list[str]
) -> None:
    merged = merge(lock(*base), lock(*ours), lock(*theirs))
    assert rows(merged) == expected
    assert merged.is_agreed


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "expected", "said"),
    [
        (["a 1"], ["a 2"], ["a 3"], "a 3", "a 3, not 2"),
        (["a 4"], ["a 3"], ["a 2"], "a 3", "a 3, not 2"),
        ([], ["a 3"], ["a 2"], "a 3", "a 3, not 2"),
        (["a 1"], ["a 2"], [], "a 2", "a 2 stays, which one side has no more"),
        (["a 1"], ["a @libs/a"], ["a 2"], "a None", "a a folder, not 2"),
    ],
)
def test_what_both_changed_is_disputed_and_the_newer_counts(
    base: list[str], ours: list[str], theirs: list[str], expected: str, said: str
) -> None:
    for one, other in [(ours, theirs), (theirs, ours)]:
        merged = merge(lock(*base), lock(*one), lock(*other))
        assert rows(merged) == [expected]
        assert list(told(merged)) == [said]
        assert not merged.is_agreed


def test_without_a_base_what_both_have_differently_is_disputed() -> None:
    merged = merge(None, lock("a 1", "b 1", "c 1"), lock("a 1", "b 2", "d 1"))
    assert rows(merged) == ["a 1", "b 2", "c 1", "d 1"]
    assert [dispute.name for dispute in merged.disputes] == ["b"]


def test_rows_of_one_version_that_differ_otherwise_are_torn_apart() -> None:
    base = lock("a 1")
    sides = [
        dataclasses.replace(base, packages=[dataclasses.replace(base.packages[0], index=f"https://{host}/")])
        for host in ("x.example", "y.example")
    ]
    merged = merge(base, *sides)
    assert merged.torn == ("a",)
    assert not merged.is_agreed


def test_the_head_is_merged_part_by_part() -> None:
    merged = merge(lock(groups=("x",)), lock(groups=("x", "y")), lock("a 1", groups=("x",)))
    assert merged.lock.dependency_groups == ["x", "y"]
    assert merged.is_agreed
    merged = merge(lock(groups=("x",)), lock(groups=("x", "y")), lock(groups=("x", "z")))
    assert merged.torn == ("dependency-groups",)


def test_digests_stand_where_they_are_known() -> None:
    merged = merge(lock(digests="11"), lock(digests="21"), lock(digests="13"))
    assert pylock.tool_table(merged.lock)["manifest"] == {"p": "2", "q": "3"}
    merged = merge(lock(digests="11"), lock(digests="21"), lock(digests="31"))
    assert pylock.tool_table(merged.lock)["manifest"] == {"p": "", "q": "1"}


_LOCKS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("123"), max_size=3).map(
    lambda versions: lock(*(f"{name} {version}" for name, version in versions.items()))
)


@given(base=_LOCKS, ours=_LOCKS, theirs=_LOCKS)
def test_laws_of_merging(base: Pylock, ours: Pylock, theirs: Pylock) -> None:
    assert merge(base, ours, base).lock == ours
    assert merge(base, base, theirs).lock == theirs
    assert merge(base, ours, ours) == Merged(lock=ours)
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    assert one.lock.packages == other.lock.packages
    assert one.is_agreed == other.is_agreed
    sides = {(each.name, each.version) for each in itertools.chain(ours.packages, theirs.packages)}
    assert {(each.name, each.version) for each in one.lock.packages} <= sides


# ── marks


_MARKED = """\
head
<<<<<<< HEAD
ours
||||||| 0123abc
base
=======
theirs
>>>>>>> side branch
tail
"""


def test_a_marked_text_is_taken_apart() -> None:
    found = sides_of(_MARKED)
    assert (found.ours, found.base, found.theirs) == (
        "head\nours\ntail\n",
        "head\nbase\ntail\n",
        "head\ntheirs\ntail\n",
    )


def test_two_sides_have_no_base() -> None:
    text = _MARKED.replace("||||||| 0123abc\nbase\n", "")
    assert sides_of(text).base is None
    assert sides_of(text).theirs == "head\ntheirs\ntail\n"


def test_longer_marks_and_other_line_ends_are_marks() -> None:
    text = _MARKED
    for sign in "<|=>":
        text = text.replace(sign * 7, sign * 12)
    found = sides_of(text.replace("\n", "\r\n"))
    assert found.theirs == "head\r\ntheirs\r\ntail\r\n"


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "<<<<<<<", ">>>>>>> side"])
def test_one_mark_is_a_conflict_that_nobody_has_settled(mark: str) -> None:
    assert in_conflict(f"head\n{mark}\ntail\n".encode())


@pytest.mark.parametrize("line", ["", "name = '<<<<<<< HEAD'", "<<<<<< six", "<<<<<<<seven", "# <<<<<<< HEAD"])
def test_nothing_else_is_a_conflict(line: str) -> None:
    assert not in_conflict(f"head\n{line}\ntail\n".encode())
