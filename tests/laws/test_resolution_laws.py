"""Laws of resolution, on random graphs of packages, against brute force."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from lockenv.errors import ResolutionImpossible
from lockenv.lockfile import freshness
from lockenv.lockfile.judge import judge
from tests.effort import examples
from tests.fakes.locks import FakeIndexData, claim_of, lock_of, manifest_of, resolution_of
from tests.fakes.source import linux_target

NAMES = "abcd"
VERSIONS = ("1", "2", "3")
SPECIFIERS = ("", "==1", "==2", "<2", ">=2", "<3", "!=2", ">=1,<3")

requirements = st.builds("{}{}".format, st.sampled_from(NAMES), st.sampled_from(SPECIFIERS))
releases = st.dictionaries(
    st.sampled_from(VERSIONS), st.lists(requirements, max_size=3, unique_by=lambda text: text[0]), min_size=1
)
indexes = st.dictionaries(st.sampled_from(NAMES), releases, min_size=1)
roots = st.lists(requirements, min_size=1, max_size=3, unique_by=lambda text: text[0])


def solutions(index: FakeIndexData, wanted: list[str]) -> list[dict[str, str]]:
    """All minimal solutions, by trying every choice: the truth to compare with."""
    found = []
    for choice in product(*[[None, *sorted(index.get(name, {}))] for name in NAMES]):
        pins = {name: version for name, version in zip(NAMES, choice, strict=True) if version is not None}
        if closed(index, wanted, pins):
            found.append(pins)
    return found


def closed(index: FakeIndexData, wanted: list[str], pins: dict[str, str]) -> bool:
    """Whether the pins satisfy all that is wanted and all that follows, and hold nothing else."""
    needed: set[str] = set()
    waiting = [*wanted]
    while waiting:
        text = waiting.pop()
        name = text[0]
        version = pins.get(name)
        if version is None or not admits(text, version):
            return False
        if name not in needed:
            needed.add(name)
            release = index[name][version]
            assert isinstance(release, list)
            waiting.extend(release)
    return needed == pins.keys()


@cache
def admits(requirement: str, version: str) -> bool:
    """What packaging says of the few requirements there are here."""
    return Requirement(requirement).specifier.contains(version)


def answer(index: FakeIndexData, wanted: list[str]) -> dict[str, str] | None:
    """What lockenv resolves; None where it says that it cannot be."""
    try:
        resolution = resolution_of(manifest_of(wanted), index)
    except ResolutionImpossible:
        return None
    return {pin.name: str(pin.version) for pin in resolution.pins}


@contextmanager
def few_frames(number: int) -> Iterator[None]:
    """Let no more than so many calls stand in each other."""
    here, limit = len(inspect.stack(0)), sys.getrecursionlimit()
    sys.setrecursionlimit(here + number)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


def check(index: FakeIndexData, wanted: list[str]) -> None:
    possible = solutions(index, wanted)
    found = answer(index, wanted)
    if found is None:
        assert not possible
    else:
        assert found in possible


@examples(300)
@given(indexes, roots)
def test_an_answer_is_found_if_and_only_if_there_is_one(index: FakeIndexData, wanted: list[str]) -> None:
    check(index, wanted)


@pytest.mark.parametrize("block", range(8))
def test_two_thousand_graphs_agree_with_brute_force(block: int) -> None:
    """Denser graphs than Hypothesis likes to draw, with many cycles."""
    for seed in range(block * 250, block * 250 + 250):
        draw = random.Random(seed)

        def some(most: int, draw: random.Random = draw) -> list[str]:
            return [name + draw.choice(SPECIFIERS) for name in draw.sample(NAMES, draw.randint(0, most))]

        index: FakeIndexData = {
            name: {version: some(3) for version in draw.sample(VERSIONS, draw.randint(1, 3))} for name in NAMES
        }
        check(index, some(3) or [draw.choice(NAMES)])


def test_the_stock_loop_s_false_impossible_is_solved() -> None:
    """The graph of resolvelib's issue 206 (RESOLVER 6, case 1)."""
    index: FakeIndexData = {
        "p0": {"2": ["p2==2"]},
        "p1": {"1": [], "2": ["p0==2"]},
        "p2": {"1": ["p1>=1,<=2"], "2": ["p1==3"]},
    }
    assert answer(index, ["p2"]) == {"p2": "1", "p1": "1"}


def test_the_stock_loop_s_missing_package_is_there() -> None:
    """RESOLVER 6, case 2: the stock loop returns this without p2."""
    index: FakeIndexData = {
        "p0": {"1": ["p3", "p2!=2"], "2": ["p2==2"]},
        "p1": {"1": ["p0<=2"], "2": ["p2", "p0!=2"], "3": ["p2"]},
        "p2": {"1": [], "2": [], "3": ["p3==1", "p0<=2"]},
        "p3": {"1": [], "2": [], "3": ["p2!=2"]},
    }
    assert answer(index, ["p3"]) == {"p3": "3", "p2": "1"}


def test_a_chain_of_any_length_is_resolved() -> None:
    index: FakeIndexData = {f"n{number}": {"1": [f"n{number + 1}"]} for number in range(2000)}
    found = answer({**index, "n2000": {"1": []}}, ["n0"])
    assert found is not None
    assert len(found) == 2001


def test_a_chain_that_ends_nowhere_is_refused_and_not_recursed_into() -> None:
    index: FakeIndexData = {f"n{number}": {"1": [f"n{number + 1}"]} for number in range(120)}
    assert answer({"n0": {"1": ["n1"]}}, ["n0"]) is None  # what is imported late needs frames too
    with few_frames(100):
        assert answer(index, ["n0"]) is None


def test_a_circle_that_lost_its_way_to_the_root_is_not_in_the_answer() -> None:
    index: FakeIndexData = {
        "a": {"1": [], "2": ["b", "z"]},
        "b": {"1": ["c"]},
        "c": {"1": ["b"]},
        "z": {"1": ["a<2"]},
    }
    assert answer(index, ["a"]) == {"a": "1"}


def test_the_narrower_package_keeps_its_newest_version() -> None:
    """The shape of boto3 and s3fs: many releases on one side, tight bounds on a shared package on the other."""
    index: FakeIndexData = {
        "boto": {f"1.{n}": [f"core=={n}.*"] for n in range(60)},
        "core": {f"{n}.0": [] for n in range(60)},
        "aio": {f"{n}.0": [f"core>={n},<{n + 2}"] for n in range(50)},
        "s3": {"1": [], **{f"{2 + n}": [f"aio=={n}.*"] for n in range(50)}},
    }
    found = answer(index, ["boto", "s3"])
    assert found == {"s3": "51", "aio": "49.0", "core": "50.0", "boto": "1.50"}


@examples(150)
@given(indexes, roots, roots, st.randoms(use_true_random=False))
def test_a_lock_selects_what_was_resolved_and_is_fresh(
    index: FakeIndexData, wanted: list[str], group: list[str], shuffler: random.Random
) -> None:
    manifest = manifest_of(wanted, groups={"test": group})
    try:
        resolution = resolution_of(manifest, index)
    except ResolutionImpossible:
        return
    lock = lock_of(manifest, index)
    judge(lock, claim_of(manifest, resolution))
    assert freshness.stale(manifest, lock, [linux_target()]) == ()
    # The true test must come to the same answer as the fast path.
    shuffled = [*wanted]
    shuffler.shuffle(shuffled)
    other = manifest_of([*shuffled, "zz; os_name == 'nt'"], groups={"test": group})
    assert freshness.stale(other, lock, [linux_target()]) == ()


@examples(150)
@given(indexes, roots)
def test_resolving_again_from_the_answer_gives_the_answer(index: FakeIndexData, wanted: list[str]) -> None:
    manifest = manifest_of(wanted)
    try:
        first = resolution_of(manifest, index)
    except ResolutionImpossible:
        return
    kept = {pin.name: pin.version for pin in first.pins}
    assert resolution_of(manifest, index, preferences=kept).pins == first.pins
