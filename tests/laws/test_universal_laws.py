"""Laws of universal locks, on random small worlds, against every choice tried with `packaging` alone."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.pylock import Package, Pylock, PylockSelectError
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from lockenv.errors import InternalError, ResolutionImpossible
from lockenv.lockfile import judge, pylock
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName, canonicalize_name
from lockenv.resolution.model import Held, Keeping, Resolution
from lockenv.resolution.resolve import resolve
from lockenv.resolution.source import Guide, Source, Wanted
from tests.effort import examples
from tests.fakes import installer
from tests.fakes.source import FakeSource
from tests.fakes.worlds import MARKERS, PURE, WHEELS, World, forks, places, roots_of, solutions, worlds
from tests.scenarios.cases import claim_of, judged, kept, lock_of, question, source_of, targets

_world = settings(derandomize=True, suppress_health_check=list(HealthCheck))
some = examples(20, parent=_world)
more = examples(25, parent=_world)
many = examples(40, parent=_world)
ANY = st.one_of(worlds(options=True, apart=True), worlds(options=True, conflicts=True))


def locked(world: World, held: Keeping | None = None, source: Source | None = None) -> tuple[Pylock, Resolution]:
    """The lock of a world, which the judge has found right."""
    asked = question(world, held)
    resolution = resolve(asked, source or source_of(world))
    return judged(world, asked, resolution), resolution


def lock_text(world: World, held: Keeping | None = None, source: Source | None = None) -> str:
    return pylock.write(locked(world, held, source)[0])


def solvable(world: World) -> tuple[Pylock, Resolution]:
    """The lock of a world that has one; others are passed over."""
    try:
        return locked(world)
    except ResolutionImpossible:
        assume(False)
        raise


# --- Whether there is a lock, and what it installs.


def check_existence(world: World) -> None:
    possible = all(
        any(True for _ in solutions(world, roots_of(world, groups), environment))
        for groups in forks(world)
        for _, environment in places(world)
    )
    asked, source = question(world), source_of(world)
    try:
        resolution = resolve(asked, source)
    except ResolutionImpossible:
        assert not possible
    else:
        assert possible
        lock_of(world, asked, resolution, source)


@many
@given(worlds(apart=True, options=True))
def test_a_lock_is_found_if_and_only_if_every_place_has_a_solution(world: World) -> None:
    check_existence(world)


@some
@given(worlds(conflicts=True))
def test_a_lock_is_found_if_and_only_if_every_choice_among_conflicting_groups_has_a_solution(world: World) -> None:
    check_existence(world)


@some
@given(ANY)
def test_every_place_and_selection_gets_the_pins_of_its_cell(world: World) -> None:
    lock, resolution = solvable(world)
    conflicts = world["options"].get("conflicts", ())
    apart = {member for members in conflicts for member in members}
    for number, cell in enumerate(resolution.cells):
        for environment in installer.pythons(cell.target, (2, 3, 9)):
            for groups in installer.selections(list(world["groups"]), conflicts):
                if groups & apart != cell.fork:
                    continue
                pins = {pin.name: pin.version for pin in resolution.pins if pin.needed(number, groups)}
                found = installer.installed(lock, environment, cell.target.tags, groups)
                assert {name: version for name, (version, _) in found.items()} == pins


# --- The same answer whatever the way to it.


@some
@given(ANY)
def test_locking_again_gives_the_same_bytes(world: World) -> None:
    lock, _ = solvable(world)
    assert lock_text(world, kept(world, lock)) == pylock.write(lock)


def shuffled(world: World, draw: random.Random) -> World:
    """The same world, written in another order."""

    def mixed(items: Iterable[Any]) -> list[Any]:
        found = list(items)
        draw.shuffle(found)
        return found

    index = {
        name: {v: world["index"][name][v] for v in mixed(world["index"][name])} for name in mixed(world["index"])
    }
    return {
        **world,
        "dependencies": mixed(world["dependencies"]),
        "groups": {name: mixed(world["groups"][name]) for name in mixed(world["groups"])},
        "targets": {"platforms": mixed(world["targets"]["platforms"])},
        "index": index,
    }


@some
@given(worlds(conflicts=True), st.randoms(use_true_random=False))
def test_no_order_of_manifest_or_index_changes_a_byte(world: World, draw: random.Random) -> None:
    lock, _ = solvable(world)
    assert lock_text(shuffled(world, draw)) == pylock.write(lock)
    assert lock_text(shuffled(world, draw), kept(world, lock)) == pylock.write(lock)


def outcome(world: World, held: Keeping | None = None) -> Resolution | str:
    try:
        return resolve(question(world, held), source_of(world))
    except ResolutionImpossible as error:
        return str(error)


@many
@given(ANY, st.booleans())
def test_what_is_foregone_is_what_the_search_finds(world: World, again: bool) -> None:
    held = kept(world, solvable(world)[0]) if again else None
    told = outcome(world, held)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lockenv.resolution.solve.foregone", lambda *_: None)
        searched = outcome(world, held)
    assert told == searched


@dataclasses.dataclass
class Eager:
    """A source that looks ahead in several threads, as far as it is led, in an order of its own."""

    source: FakeSource
    threads: ThreadPoolExecutor
    draw: random.Random

    def listing(self, name: NormalizedName) -> Listing | None:
        return self.source.listing(name)

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        return self.source.metadata(name, version, file)

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """They are near."""

    def prefetch_metadata(
        self, wanted: Iterable[Wanted], follow: Callable[[Metadata], Iterable[NormalizedName]]
    ) -> None:
        ahead = list(wanted)
        self.draw.shuffle(ahead)
        for name, version, file in ahead:
            self.threads.submit(lambda *which: follow(self.source.metadata(*which)), name, version, file)

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        ahead = list(names)
        self.draw.shuffle(ahead)
        for name in ahead:
            self.threads.submit(self._explore, name, guide, 5)

    def _explore(self, name: NormalizedName, guide: Guide, depth: int) -> None:
        listing = self.source.listing(name)
        wanted = guide.choose(listing) if listing is not None else None
        if listing is None or wanted is None or depth == 0:
            return
        for each in guide.beside(listing, wanted):
            self.threads.submit(self._pursue, each, guide, depth)
        for further in guide.follow(self.source.metadata(*wanted)):
            self.threads.submit(self._explore, further, guide, depth - 1)

    def _pursue(self, wanted: Wanted, guide: Guide, depth: int) -> None:
        for further in guide.pursue(self.source.metadata(*wanted)):
            self.threads.submit(self._explore, further, guide, depth - 1)


@some
@given(worlds(), st.randoms(use_true_random=False))
def test_what_threads_fetch_ahead_changes_no_byte(world: World, draw: random.Random) -> None:
    lock, _ = solvable(world)
    with ThreadPoolExecutor(3) as threads:
        assert lock_text(world, source=Eager(source_of(world), threads, draw)) == pylock.write(lock)


# --- What belongs to whom.


TIGHT = st.builds("{}{}".format, st.sampled_from("abcd"), st.sampled_from(["==1", "<2", "<3", "==2", ""]))
NEWCOMERS = st.lists(
    st.lists(TIGHT, min_size=1, max_size=3, unique_by=lambda text: text[0]), min_size=1, max_size=2
)


@more
@given(worlds(patches=False), NEWCOMERS, st.sampled_from(["", "", "", *MARKERS[:5]]))
def test_what_is_added_and_removed_again_leaves_the_old_bytes(
    world: World, newcomers: list[list[str]], marker: str
) -> None:
    """Whatever the newcomer lowers, for whichever targets. (Where Python is cut at a patch version, see below.)"""
    releases = {str(version): {"requires": lines, "by_tag": {}} for version, lines in enumerate(newcomers, 1)}
    world = {**world, "index": {**world["index"], "new": releases}}
    before, _ = solvable(world)
    line = f"new ; {marker}" if marker else "new"
    try:
        between, _ = locked({**world, "dependencies": [*world["dependencies"], line]}, kept(world, before))
    except ResolutionImpossible:
        return
    assert lock_text(world, kept(world, between)) == pylock.write(before)


@some
@given(worlds(groups=False))
def test_the_first_platform_of_a_python_is_locked_as_if_it_were_alone(world: World) -> None:
    _, resolution = solvable(world)
    check_alone(world, resolution, 0, lambda environment: {})


@many
@given(worlds(groups=False, patches=False, apart=True))
def test_a_platform_is_locked_as_if_it_were_alone_whatever_the_wheels_of_others_say(world: World) -> None:
    """The first as if it were, the second as if it were and the pins of the first stood in its lock."""
    _, resolution = solvable(world)
    check_alone(world, resolution, 0, lambda environment: {})
    first, *_ = [dict(target.variables) for target in targets(world)]
    check_alone(
        world,
        resolution,
        1,
        lambda environment: pins_at(resolution, {**environment, "sys_platform": first["sys_platform"]}),
    )


def check_alone(
    world: World,
    resolution: Resolution,
    number: int,
    followed: Callable[[Mapping[str, str]], Mapping[str, Version]],
) -> None:
    """For each Python: one platform has the pins that it has in a lock of its own."""
    only = {**world, "targets": {"platforms": world["targets"]["platforms"][number : number + 1]}}
    for target in targets(only):
        minor = target.variables["python_version"]
        held = {
            canonicalize_name(name): Held(version=version) for name, version in followed(target.variables).items()
        }
        own = {**only, "python": f"{target.span.lowest},=={minor}.*".replace("3.", ">=3.", 1)}
        alone = resolve(question(own, lambda *_, held=held: held), source_of(own))
        for environment in installer.pythons(target, (2, 3, 9)):
            assert pins_at(alone, environment) == pins_at(resolution, environment)


def pins_at(resolution: Resolution, environment: Mapping[str, str]) -> dict[str, Version]:
    """The pins, of all groups together, in one place."""
    full = Version(environment["python_full_version"])
    (here,) = [
        number
        for number, cell in enumerate(resolution.cells)
        if cell.target.variables["sys_platform"] == environment["sys_platform"] and cell.target.span.holds(full)
    ]
    return {pin.name: pin.version for pin in resolution.pins if here in pin.cells}


@many
@given(worlds(groups=False, patches=False, apart=True))
def test_no_package_alone_could_follow_an_earlier_platform_or_be_newer(world: World) -> None:
    """What differs by platform, and what is not the newest, has to: changing it alone breaks something."""
    _, resolution = solvable(world)
    earlier: dict[tuple[str, str], list[str]] = {}
    for target in targets(world):
        pins = {name: str(version) for name, version in pins_at(resolution, target.variables).items()}
        found = list(solutions(world, roots_of(world, []), target.variables))
        assert pins in found
        for name, version in pins.items():
            leading = earlier.setdefault((target.variables["python_version"], name), [])
            order = [*leading, *sorted(set("123") - {*leading}, reverse=True)]
            for better in order[: order.index(version)]:
                assert {**pins, name: better} not in found
            leading += [version] if version not in leading else []


# --- The judge.


def changed(lock: Pylock, draw: random.Random, change: Callable[[Package], Package | None]) -> Pylock:
    number = draw.randrange(len(lock.packages))
    after = change(lock.packages[number])
    packages = [*lock.packages[:number], *([after] if after else []), *lock.packages[number + 1 :]]
    return dataclasses.replace(lock, packages=packages)


def drop(lock: Pylock, draw: random.Random) -> Pylock:
    return changed(lock, draw, lambda package: None)


def mark(lock: Pylock, draw: random.Random) -> Pylock:
    text = draw.choice([None, *MARKERS, '"g" in dependency_groups', 'python_full_version < "3.11.7"'])
    marker = Marker(text) if text else None
    return changed(lock, draw, lambda package: dataclasses.replace(package, marker=marker))


def swap_wheels(lock: Pylock, draw: random.Random) -> Pylock:
    other = draw.choice(list(lock.packages))
    return changed(lock, draw, lambda package: dataclasses.replace(package, wheels=other.wheels))


def lose_a_wheel(lock: Pylock, draw: random.Random) -> Pylock:
    return changed(lock, draw, lambda package: dataclasses.replace(package, wheels=(package.wheels or [])[1:]))


def rename(lock: Pylock, draw: random.Random) -> Pylock:
    version = Version(draw.choice("123"))
    return changed(lock, draw, lambda package: dataclasses.replace(package, version=version))


def double(lock: Pylock, draw: random.Random) -> Pylock:
    package = dataclasses.replace(draw.choice(list(lock.packages)), marker=Marker(draw.choice(MARKERS)))
    return dataclasses.replace(lock, packages=[*lock.packages, package])


def bound(lock: Pylock, draw: random.Random) -> Pylock:
    specifier = SpecifierSet(draw.choice([">=3.12", "<3.12", "<3.11.3", "!=3.11.3"]))
    if draw.random() < 0.3:
        return dataclasses.replace(lock, requires_python=specifier)
    return changed(lock, draw, lambda package: dataclasses.replace(package, requires_python=specifier))


def uncover(lock: Pylock, draw: random.Random) -> Pylock:
    environments = list(lock.environments or ())
    environments.pop(draw.randrange(len(environments)))
    return dataclasses.replace(lock, environments=environments)


def wrongs(world: World, lock: Pylock, resolution: Resolution) -> Iterator[str]:
    """What an installer meets that takes a lock at its word, in every place and for every selection."""
    source = source_of(world)
    for target in resolution.targets:
        for environment in installer.pythons(target, (2, 3, 6, 7)):
            for groups in installer.selections(list(world["groups"]), world["options"].get("conflicts", ())):
                try:
                    pins = installer.installed(lock, environment, target.tags, groups)
                except (PylockSelectError, NotImplementedError) as error:
                    yield str(error) or "a package without files"
                    continue
                for name, (version, filename) in pins.items():
                    if parse_wheel_filename(filename)[:2] != (name, version):
                        yield f"{name} {version} is {filename}"
                        return
                roots = [Requirement(text) for text in roots_of(world, sorted(groups))]
                yield from installer.faults(source, roots, pins, environment)


HARMS = (drop, mark, swap_wheels, lose_a_wheel, rename, double, bound, uncover)


@more
@given(ANY, st.lists(st.sampled_from(HARMS), min_size=3, max_size=6), st.randoms(use_true_random=False))
def test_a_lock_that_is_wrong_anywhere_is_refused(
    world: World, harms: list[Callable[[Pylock, random.Random], Pylock]], draw: random.Random
) -> None:
    lock, resolution = solvable(world)
    assume(lock.packages)
    for harm in harms:
        harmed = harm(lock, draw)
        wrong = next(wrongs(world, harmed, resolution), None)
        if wrong is not None:
            with pytest.raises(InternalError):
                judge.judge(harmed, claim_of(world, question(world), resolution))


def test_the_wheels_of_worlds_are_those_of_their_platforms() -> None:
    """What the worlds say of wheels by hand is what tags say."""
    world = {"python": ">=3.12,<3.13", "targets": {"platforms": ["linux-x86_64", "macos-arm64", "windows-x86_64"]}}
    for target in targets(world):
        fitting = {
            tag
            for tag in (*WHEELS.values(), PURE)
            if set(parse_wheel_filename(f"a-1-{tag}.whl")[3]) & {*target.tags}
        }
        assert fitting == {WHEELS[target.variables["sys_platform"]], PURE}
