"""A difference seen from the other side is its inverse, and between a thing and itself there is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockenv.cli.differences import document, lines, markdown
from lockenv.lockfile.diff import Difference, Item, Side, by_name, diff
from lockenv.operations.diff import Compared
from lockenv.packages import canonicalize_name

_HASHES = st.fixed_dictionaries(
    {"sha256": st.sampled_from(["a" * 64, "A" * 64, "b" * 64])}, optional={"sha512": st.just("c" * 128)}
)
_FILES = st.dictionaries(st.sampled_from(["x.whl", "y.whl", "z.tar.gz", ""]), _HASHES, max_size=3)
ITEMS = st.builds(
    Item,
    version=st.sampled_from(["1", "1.5", "2", ""]),
    marker=st.sampled_from(["", 'sys_platform == "win32"', 'sys_platform != "win32"']),
    direct=st.booleans(),
    source=st.sampled_from(
        ["", "", "libs/x", "git+https://example.com/x at 0123", "git+https://example.com/x at 4567"]
    ),
    index=st.sampled_from([None, "https://a.example.com/", "https://b.example.com/"]),
    files=_FILES,
    startup=st.none() | st.frozensets(st.sampled_from(["x.pth", "y.pth"])),
)
_SETS = st.none() | st.frozensets(st.sampled_from("abc"))
SIDES = st.builds(
    Side,
    items=st.lists(st.tuples(st.sampled_from("pqr").map(canonicalize_name), ITEMS), max_size=5).map(by_name),
    hosts=_SETS,
    python=st.sampled_from([None, "", ">=3.9"]),
    groups=_SETS,
    environments=st.none()
    | st.frozensets(st.sampled_from(['sys_platform == "linux"', 'sys_platform == "win32"'])),
)


@given(side=SIDES)
def test_nothing_differs_from_itself_but_for_what_contradicts_itself(side: Side) -> None:
    # One version that stands several times may state several hashes, which no lock of ours does.
    once = Side(
        items={name: items[:1] for name, items in side.items.items()},
        hosts=side.hosts,
        python=side.python,
        groups=side.groups,
        environments=side.environments,
    )
    assert diff(once, once) == Difference()
    assert not diff(once, once)


@given(before=SIDES, after=SIDES)
def test_the_way_back_is_the_inverse(before: Side, after: Side) -> None:
    there, back = diff(before, after), diff(after, before)
    assert there.inverse() == back
    assert there.inverse().inverse() == there


@given(before=SIDES, after=SIDES)
def test_every_change_is_told_once_and_in_every_form(before: Side, after: Side) -> None:
    found = diff(before, after)
    told = [text for _, text in lines(found)]
    for change in found.changes:
        assert sum(text.startswith(f"{change.name} ") and ":" not in text.split()[0] for text in told) >= 1
    compared = Compared(before="a", after="b", difference=found)
    rows = [line for line in markdown(compared) if line.startswith("| `")]
    assert len(rows) == len(found.changes)
    assert document(compared)["different"] is bool(found)
    assert bool(told) == bool(found)
