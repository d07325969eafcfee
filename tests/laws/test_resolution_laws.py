"""Laws of resolution, on random graphs of packages.

The stock search may miss a solution (RESOLVER 4.1; our own loop is to come), so what is claimed here is what holds
today: an answer is a solution, the judge lets nothing else through, and an answer does not depend on order.
"""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from lockenv.errors import InternalError, ResolutionImpossible
from lockenv.lockfile import freshness
from lockenv.lockfile.judge import judge
from tests.fakes.locks import FakeIndexData, lock_of, manifest_of, resolution_of
from tests.fakes.source import linux_target

NAMES = "abcd"
VERSIONS = ("1", "2", "3")

requirements = st.builds(
    "{}{}".format,
    st.sampled_from(NAMES),
    st.sampled_from(["", "==1", "==2", "<2", ">=2", "<3", "!=2", ">=1,<3"]),
)
releases = st.dictionaries(
    st.sampled_from(VERSIONS), st.lists(requirements, max_size=2, unique_by=lambda text: text[0]), min_size=1
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
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        requirement = waiting.pop()
        version = pins.get(requirement.name)
        if version is None or not requirement.specifier.contains(version):
            return False
        if requirement.name not in needed:
            needed.add(requirement.name)
            release = index[requirement.name][version]
            assert isinstance(release, list)
            waiting.extend(Requirement(text) for text in release)
    return needed == pins.keys()


@settings(max_examples=300)
@given(indexes, roots)
def test_an_answer_is_a_solution(index: FakeIndexData, wanted: list[str]) -> None:
    possible = solutions(index, wanted)
    try:
        resolution = resolution_of(manifest_of(wanted), index)
    except (ResolutionImpossible, InternalError):
        # An internal error is the judge's, who has caught a wrong answer: that is what it is for.
        return
    assert {pin.name: str(pin.version) for pin in resolution.pins} in possible


@settings(max_examples=150)
@given(indexes, roots)
def test_what_is_simple_is_found(index: FakeIndexData, wanted: list[str]) -> None:
    """Where the newest version of everything is a solution, it is the answer."""
    newest = {name: max(versions, key=Version) for name, versions in index.items()}
    for pins in solutions(index, wanted):
        if all(version == newest[name] for name, version in pins.items()):
            resolution = resolution_of(manifest_of(wanted), index)
            assert {pin.name: str(pin.version) for pin in resolution.pins} == pins


@settings(max_examples=150)
@given(indexes, roots, roots, st.randoms(use_true_random=False))
def test_a_lock_selects_what_was_resolved_and_is_fresh(
    index: FakeIndexData, wanted: list[str], group: list[str], random: object
) -> None:
    manifest = manifest_of(wanted, groups={"test": group})
    try:
        resolution = resolution_of(manifest, index)
    except (ResolutionImpossible, InternalError):
        return
    lock = lock_of(manifest, index)
    judge(lock, resolution)
    assert freshness.stale(manifest, lock, linux_target()) == ()
    # The true test must come to the same answer as the fast path.
    shuffled = [*wanted]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = manifest_of([*shuffled, "zz; os_name == 'nt'"], groups={"test": group})
    assert freshness.stale(other, lock, linux_target()) == ()
