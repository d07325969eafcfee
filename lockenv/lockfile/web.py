"""Who requires whom in a lock, on which of its targets: what `tree` and `why` show.

Everything is read from the lock: its packages' requirements stand in our tool tables, and its `environments` say
what it is for. Other tools' locks may have the standard's `packages.dependencies` (PEP 751), which name packages
without saying which versions would do; most have neither.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from packaging.pylock import Package, Pylock
from packaging.requirements import InvalidRequirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import ManifestError
from lockenv.graph import MAIN
from lockenv.lockfile.evaluation import Evaluation
from lockenv.lockfile.freshness import covers
from lockenv.lockfile.probes import turns
from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.model import Manifest, Targets
from lockenv.markers.truth import Truths
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.platforms import PLATFORMS
from lockenv.pythons import Implementation, admitted
from lockenv.resolution.universe import targets_of
from lockenv.targets import Target
from lockenv.values import dataclass

_IMPLEMENTATIONS: tuple[Implementation, ...] = ("cpython", "pypy")
#: Choices among conflicting groups that are looked at; more would each show what these show.
_MOST_CHOICES = 64


class Vertex(NamedTuple):
    """A package of the lock by its number there, or one extra of it ('' for the package itself)."""

    number: int
    extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A target and the groups that are asked for there: all, but for those that exclude each other."""

    target: Target
    groups: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A requirement of a package, or of the manifest (`source` is None), and what of the lock answers it.

    `where` are the numbers of the places where it does; `group` is the manifest's group, '' for its dependencies.
    """

    source: Vertex | None
    goal: int
    requirement: Requirement
    where: frozenset[int]
    group: str = MAIN

    @property
    def extras(self) -> tuple[NormalizedName, ...]:
        """The extras that are asked for, sorted."""
        return tuple(sorted(map(canonicalize_name, self.requirement.extras)))

    @property
    def goals(self) -> tuple[Vertex, ...]:
        """The package, and each extra of it that is asked for."""
        return tuple(Vertex(self.goal, extra) for extra in ("", *self.extras))


@dataclass(frozen=True, kw_only=True)
class Web:
    """A lock's packages, the places that it is for, and the demands between them.

    `presence` gives for each package the places where it is installed, `missing` what the manifest requires and
    the lock does not have. `has_edges` is false where the lock does not say who requires whom, `guessed` is true
    where it is not known what a manifest names.
    """

    packages: tuple[Package, ...]
    places: tuple[Place, ...]
    presence: tuple[frozenset[int], ...]
    demands: tuple[Demand, ...]
    missing: tuple[Requirement, ...] = ()
    has_edges: bool = True
    guessed: bool = False

    @cached_property
    def outgoing(self) -> Mapping[Vertex | None, Sequence[Demand]]:
        """The demands of each vertex; under None the manifest's."""
        found: defaultdict[Vertex | None, list[Demand]] = defaultdict(list)
        for demand in self.demands:
            found[demand.source].append(demand)
        return dict(found)

    @cached_property
    def incoming(self) -> Mapping[int, Sequence[Demand]]:
        """The demands that each package answers."""
        found: defaultdict[int, list[Demand]] = defaultdict(list)
        for demand in self.demands:
            found[demand.goal].append(demand)
        return dict(found)

    def below(self, number: int, extras: Iterable[str]) -> tuple[Demand, ...]:
        """What a package demands for its own sake and for that of these extras, each line once."""
        vertices = [Vertex(number, extra) for extra in ("", *extras)]
        demands = itertools.chain.from_iterable(self.outgoing.get(vertex, ()) for vertex in vertices)
        seen = {(demand.goal, str(demand.requirement)): demand for demand in demands}
        return tuple(seen.values())

    def numbers(self, name: NormalizedName) -> tuple[int, ...]:
        """The packages of the lock that have a name."""
        return tuple(number for number, package in enumerate(self.packages) if package.name == name)

    def is_everywhere(self, demand: Demand) -> bool:
        """Whether a demand counts wherever whoever makes it is installed."""
        if demand.source is not None:
            return demand.where == self.presence[demand.source.number]
        asked = {n for n, place in enumerate(self.places) if not demand.group or demand.group in place.groups}
        return demand.where == asked

    def targets(self, where: Iterable[int]) -> tuple[Target, ...]:
        """The targets of some places, in the order of all."""
        return tuple(dict.fromkeys(self.places[number].target for number in sorted(where)))


def web_of(lock: Pylock, manifest: Manifest | None = None, *, targets: Sequence[Target] | None = None) -> Web:
    """Read who requires whom.

    Without a manifest, what the lock marks as named by one is where it begins; in a lock of others, what nobody
    requires. `targets` are those to look at, all that the lock is for by default (`targets_in`).
    """
    seen = targets_in(lock) if targets is None else targets
    places = tuple(Place(target=target, groups=groups) for target in seen for groups in _choices(lock))
    weaver = _Weaver(lock, places)
    inner = tuple(weaver.inner())
    outer, missing = weaver.declared(manifest) if manifest is not None else (weaver.direct(inner), ())
    return Web(
        packages=tuple(lock.packages),
        places=places,
        presence=weaver.presence,
        demands=(*outer, *inner),
        missing=tuple(missing),
        has_edges=_has_edges(lock),
        guessed=manifest is None and not _is_ours(lock),
    )


def targets_in(lock: Pylock) -> tuple[Target, ...]:
    """The targets that a lock is for, as far as this lockenv knows them, newest Python first.

    Where a marker speaks of a patch version, the target is split there.
    """
    python = lock.requires_python or SpecifierSet()
    cuts = turns(_markers(lock))
    wanted = Targets(platforms=tuple(_platforms(lock, python, cuts)), implementations=_IMPLEMENTATIONS)
    try:
        known = targets_of(python, wanted, None) if wanted.platforms else ()
    except ManifestError:  # it is for no Python that has been released
        known = ()
    return tuple(part for target in known for part in _parts(target, cuts) if covers(lock, part))


def _parts(target: Target, cuts: Iterable[Version]) -> Iterator[Target]:
    """A target, split at versions of Python, the newest part first."""
    for cut in sorted((each for each in cuts if target.span.holds(each)), reverse=True):
        if cut != target.span.lowest:
            yield target.since(cut)
            target = target.until(cut)
    yield target


def _platforms(lock: Pylock, python: SpecifierSet, cuts: Iterable[Version]) -> Iterator[str]:
    """The platforms that a lock may be for, one of those that no marker tells apart."""
    worlds = list(_pythons(python, cuts))
    seen: set[tuple[tuple[str, str], ...]] = set()
    for platform in sorted(PLATFORMS.values(), key=lambda each: each.rank):
        variables = platform.variables
        key = tuple(sorted(variables.items()))
        if key not in seen and _is_for(lock, [{**variables, **world} for world in worlds]):
            seen.add(key)
            yield platform.name


def _pythons(python: SpecifierSet, cuts: Iterable[Version]) -> Iterator[Mapping[str, str]]:
    """The marker variables of the Pythons among which there are all that a lock may tell apart."""
    for kind in _IMPLEMENTATIONS:
        for one in admitted(python, kind):
            yield one.variables
            for cut in cuts:
                if one.span.holds(cut):
                    full = str(cut) if len(cut.release) > 2 else f"{cut}.0"
                    yield {**one.variables, "python_full_version": full}


def _is_for(lock: Pylock, worlds: Iterable[Mapping[str, str]]) -> bool:
    if not lock.environments:
        return True
    return any(marker.evaluate(dict(world)) for world in worlds for marker in lock.environments)


def _markers(lock: Pylock) -> Iterator[str]:
    yield from map(str, lock.environments or ())
    for package in lock.packages:
        if package.marker is not None:
            yield str(package.marker)
        for line in _lines(package):
            if line.marker is not None:
                yield str(line.marker)


def _choices(lock: Pylock) -> tuple[frozenset[str], ...]:
    """The selections of groups to look at: all groups, but one at most of those that exclude each other."""
    every = frozenset(lock.dependency_groups or ())
    conflicts = [frozenset(members) for members in tool_table(lock).get("conflicts", ())]
    apart = frozenset[str]().union(*conflicts)
    picked = itertools.islice(itertools.product(*map(sorted, conflicts)), _MOST_CHOICES)
    chosen = {_agreeing(frozenset(choice), conflicts) for choice in picked}
    return tuple(sorted((every - apart | choice for choice in chosen), key=sorted))


def _agreeing(choice: frozenset[str], conflicts: Sequence[frozenset[str]]) -> frozenset[str]:
    """As many members of a choice as go together."""
    kept: frozenset[str] = frozenset()
    for member in sorted(choice):
        if all(len((kept | {member}) & members) < 2 for members in conflicts):
            kept |= {member}
    return kept


def _is_ours(lock: Pylock) -> bool:
    return "format" in tool_table(lock)


def _has_edges(lock: Pylock) -> bool:
    if _is_ours(lock):
        return True
    return any(package.dependencies or tool_table(package).get("requires") for package in lock.packages)


def _lines(package: Package) -> tuple[Requirement, ...]:
    """What a package requires, by our tool table or by the standard's `dependencies`."""
    table = tool_table(package)
    if "requires" in table or not package.dependencies:
        return tuple(map(parse_requirement, table.get("requires", ())))
    return tuple(_named(package.dependencies))


def _named(dependencies: Iterable[Mapping[str, object]]) -> Iterator[Requirement]:
    for one in dependencies:
        version = one.get("version")
        text = f"{one.get('name')}=={version}" if version else str(one.get("name"))
        try:
            yield parse_requirement(text)
        except InvalidRequirement:  # they identify a package in another way
            continue


class _Weaver:
    """Finds where each package is installed, and which requirement counts where."""

    def __init__(self, lock: Pylock, places: Sequence[Place]) -> None:
        self._lock = lock
        self._places = places
        evaluation, truths = Evaluation(), Truths()
        truth_of = {target: truths.of(target) for target in {place.target for place in places}}
        self._truths = [truth_of[place.target] for place in places]
        self.presence = tuple(
            frozenset(
                number
                for number, place in enumerate(places)
                if evaluation.selects(package.marker, place.target, place.groups)
            )
            for package in lock.packages
        )
        self._named: defaultdict[NormalizedName, list[int]] = defaultdict(list)
        for number, package in enumerate(lock.packages):
            self._named[package.name].append(number)

    def inner(self) -> Iterator[Demand]:
        """What the packages demand of each other."""
        for number, package in enumerate(self._lock.packages):
            lines = _lines(package)
            for extra in ("", *map(canonicalize_name, tool_table(package).get("extras", ()))):
                for line in lines:
                    where = self._counting(line, extra, self.presence[number])
                    yield from self._answered(Vertex(number, extra), line, where)

    def declared(self, manifest: Manifest) -> tuple[tuple[Demand, ...], tuple[Requirement, ...]]:
        """What the manifest demands, and what of that the lock does not have."""
        found: list[Demand] = []
        missing: list[Requirement] = []
        groups = {group.name: group.requirements for group in manifest.groups}
        for group, requirements in {MAIN: manifest.dependencies, **groups}.items():
            asked = self._asked(group)
            for line in requirements:
                where = self._counting(line, "", asked)
                answers = list(self._answered(None, line, where, group))
                found += answers
                if where and not answers:
                    missing.append(line)
        return tuple(found), tuple(missing)

    def direct(self, inner: Sequence[Demand]) -> tuple[Demand, ...]:
        """What a manifest that is not at hand demands: all that the lock says that it names."""
        demanded = {demand.goal for demand in inner}
        ours = _is_ours(self._lock)
        found: list[Demand] = []
        for number, package in enumerate(self._lock.packages):
            table = tool_table(package)
            if table.get("direct") is True if ours else number not in demanded:
                extras = ",".join(table.get("extras", ()))
                line = parse_requirement(f"{package.name}[{extras}]" if extras else package.name)
                for group in self._gates(package):
                    where = self._asked(group) & self.presence[number]
                    if where:
                        found.append(Demand(source=None, goal=number, requirement=line, where=where, group=group))
        return tuple(found)

    def _gates(self, package: Package) -> Sequence[str]:
        """The groups for which a package is installed: none but the dependencies, where it is without any."""
        marker = package.marker
        if marker is None or "dependency_groups" not in str(marker):
            return (MAIN,)
        evaluation, targets = Evaluation(), {place.target for place in self._places}
        if any(evaluation.selects(marker, target, frozenset()) for target in targets):
            return (MAIN,)
        return [
            group
            for group in self._lock.dependency_groups or ()
            if any(evaluation.selects(marker, target, frozenset({group})) for target in targets)
        ]

    def _asked(self, group: str) -> frozenset[int]:
        return frozenset(n for n, place in enumerate(self._places) if not group or group in place.groups)

    def _counting(self, line: Requirement, extra: str, among: frozenset[int]) -> frozenset[int]:
        """The places where a requirement counts: without extras, or for the sake of one."""
        if line.marker is None:
            return frozenset() if extra else among
        plain = frozenset(number for number in among if self._truths[number].would_apply(line))
        if not extra:
            return plain
        return frozenset(number for number in among - plain if self._truths[number].would_apply(line, extra))

    def _answered(
        self, source: Vertex | None, line: Requirement, where: frozenset[int], group: str = MAIN
    ) -> Iterator[Demand]:
        for goal in self._named.get(canonicalize_name(line.name), ()) if where else ():
            common = where & self.presence[goal]
            if common:
                yield Demand(source=source, goal=goal, requirement=line, where=common, group=group)
