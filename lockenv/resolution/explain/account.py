"""From a core to its facts: who requires what, and what became of the versions in range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from lockenv.graph import Node
from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import Project, parse_specifier
from lockenv.resolution.demands import Demand
from lockenv.resolution.explain.fates import Fate, Known, by_reason, fate_of, usable
from lockenv.resolution.explain.minimal import Core, Edge
from lockenv.resolution.explain.ranges import runs
from lockenv.resolution.explain.story import EVERY, Fact
from lockenv.resolution.provider import Information
from lockenv.resolution.reach import places, reach

#: So many different requirements on one package are told one by one.
_MOST_CLAUSES = 3


class Account:
    """What there is to tell of a core."""

    def __init__(self, core: Core, known: Known) -> None:
        self.core = core
        self.known = known
        self._provider = known.provider

    # -- the facts, in the order in which they are told --------------------------------------------------------

    def facts(self) -> tuple[Fact, ...]:
        """All facts, those of a package right after those that lead to it."""
        told: dict[NormalizedName, None] = {}
        found: list[Fact] = []
        # Those that lead somewhere first; last what nothing else has led to, as in a circle.
        roots = sorted(self.root_names(), key=lambda name: not self._edges_of(name))
        waiting = [(name, 0) for name in [*reversed(self.names()), *reversed(roots)]]
        while waiting:
            name, depth = waiting.pop()
            owners = {owner.name for owner, demanded in self.core.edges if demanded == name}
            if name in told or (waiting and not (name in roots or owners <= told.keys() or self._edges_of(name))):
                continue
            # Where several meet, what became of the package is told of them all.
            depth = 0 if len(owners) > 1 else depth
            told[name] = None
            found += [*self._requiring(name, depth), *self._fates(name, depth)]
            waiting += [(edge[1], depth + 1) for edge in reversed(self._edges_of(name)) if edge[1] not in told]
        return tuple(found)

    def root_names(self) -> list[NormalizedName]:
        """The packages that the user's requirements in the core name."""
        return list(dict.fromkeys(root.node.name for root in self.core.roots))

    def names(self) -> list[NormalizedName]:
        """Every package in the core."""
        return list(dict.fromkeys([*self.root_names(), *(demanded for _, demanded in self.core.edges)]))

    def clash_names(self) -> list[NormalizedName]:
        """The packages that nothing is required of any further: where the requirements meet."""
        owners = {owner.name for owner, _ in self.core.edges}
        return [name for name in self.names() if name not in owners]

    def texts_on(self, name: NormalizedName) -> list[str]:
        """The different ranges that are demanded of a package."""
        return sorted({str(demand.specifier) for demand in self._demands_on(name)})

    def _edges_of(self, name: NormalizedName) -> list[Edge]:
        return [edge for edge in self.core.edges if edge[0].name == name]

    def _demands_on(self, name: NormalizedName) -> Iterator[Demand]:
        yield from (root for root in self.core.roots if root.node.name == name)
        for (_, demanded), facts in self.core.edges.items():
            if demanded == name:
                yield from (fact.requirement for fact in facts if isinstance(fact.requirement, Demand))

    # -- who requires what -------------------------------------------------------------------------------------

    def _requiring(self, name: NormalizedName, depth: int) -> Iterator[Fact]:
        for owner, demanded in self._edges_of(name):
            yield from self._clauses(owner, demanded, depth)

    def _clauses(self, owner: Node, demanded: NormalizedName, depth: int) -> Iterator[Fact]:
        """One fact for all versions that require the same; what differs endlessly is told as one range."""
        by_text: dict[str, list[Version]] = {}
        for fact in self.core.edges[owner, demanded]:
            if isinstance(fact.requirement, Demand) and fact.parent is not None:
                versions = by_text.setdefault(stated(fact.requirement), [])
                if fact.parent.version not in versions:
                    versions.append(fact.parent.version)
        overridden = self._provider.overridden(demanded)
        if len(by_text) > _MOST_CLAUSES:
            every = sorted({version for versions in by_text.values() for version in versions})
            lowest, highest = self._bounds(self.core.edges[owner, demanded])
            plain = self._requires(owner, every, demanded, depth, overridden=overridden)
            yield replace(plain, each=True, reason=f"from {lowest} to {highest}")
            return
        for text, versions in sorted(by_text.items(), key=lambda clause: max(clause[1]), reverse=True):
            yield self._requires(owner, sorted(versions), text, depth, overridden=overridden)

    def _requires(
        self, owner: Node, versions: Sequence[Version], text: str, depth: int, *, overridden: bool
    ) -> Fact:
        return Fact(
            kind="requires",
            package=str(owner),
            versions=tuple(map(str, versions)),
            shown=self._shown(owner.name, versions),
            requirement=text,
            overridden=overridden,
            depth=depth,
        )

    def _shown(self, name: NormalizedName, versions: Sequence[Version]) -> str:
        """The versions in words; 'every version' where there are no others that could be used."""
        listed = self._listed(name)
        if len(versions) > 1 and all(fate_of(self.known, name, v) for v in listed if v not in versions):
            return EVERY
        return runs(versions, self._countable(name))

    def _countable(self, name: NormalizedName) -> list[Version]:
        """The versions that a person counts: without pre-releases, where there are others."""
        project = self._provider.project(name)
        listed = self._listed(name)
        return [
            version for version in listed if not version.is_prerelease or project is None or not project.has_final
        ]

    # -- what became of the versions ---------------------------------------------------------------------------

    def _fates(self, name: NormalizedName, depth: int) -> Iterator[Fact]:
        project = self._provider.project(name)
        if project is None:
            yield Fact(kind="unknown", package=name, depth=depth)
        elif not project.versions:
            yield Fact(kind="empty", package=name, depth=depth)
        else:
            yield from self._constrained(name, depth)
            fates = self.fates(name)
            for fate, versions in by_reason(fates).items():
                if fate.why == "pre-release" and usable(fates):
                    continue  # nobody expects one where there are others
                yield Fact(
                    kind="out",
                    package=name,
                    versions=tuple(map(str, sorted(versions))),
                    shown=runs(versions, self._countable(name)),
                    reason=fate.reason,
                    why=fate.why,
                    depth=depth,
                )
            if not self.in_range(name):
                yield from self._none(name, project, depth)
            yield from self._apart(name, depth)

    def fates(self, name: NormalizedName) -> dict[Version, Fate | None]:
        """What became of each version that all demands and constraints on a package leave, newest first."""
        leave = 0
        for demand in self._demands_on(name):
            leave |= self._provider.leave(demand)
        project = self._provider.project(name)
        opened = bool(leave & 1) or self._opened(name, project)
        return {
            version: fate_of(self.known, name, version, opened=opened, pinned=bool(leave & 2))
            for version in self.in_range(name)
        }

    def _opened(self, name: NormalizedName, project: Project | None) -> bool:
        policy = self._provider.policy.prereleases
        only = project is not None and not project.has_final
        return (
            policy == "allow"
            or bool(self._provider.constraint(name).prereleases)
            or (policy != "disallow" and only)
        )

    def in_range(self, name: NormalizedName) -> list[Version]:
        """The versions that the demands on a package leave: for each owner, what any of its versions takes."""
        listed = self._listed(name)
        left = (1 << len(listed)) - 1
        for root in self.core.roots:
            if root.node.name == name:
                left &= self._provider.reach(root)
        for (_, demanded), facts in self.core.edges.items():
            if demanded == name:
                taken = 0
                for fact in facts:
                    taken |= self._provider.reach(fact.requirement)
                left &= taken
        return [listed[place] for place in places(left)]

    def _constrained(self, name: NormalizedName, depth: int) -> Iterator[Fact]:
        """That the manifest constrains a package, where that leaves out a version which could be used."""
        constraint = self._provider.constraint(name)
        if not str(constraint):
            return
        demanded = parse_specifier("")
        for text in self.texts_on(name):
            demanded &= parse_specifier(text)
        listed = self._listed(name)
        lost = reach(demanded, listed) & ~reach(constraint, listed)
        if usable({listed[place]: fate_of(self.known, name, listed[place]) for place in places(lost)}):
            yield from self._limits(name, constraint, depth)

    def _limits(self, name: NormalizedName, constraint: SpecifierSet, depth: int) -> Iterator[Fact]:
        """What the command line asks for, this once, and what the manifest says besides."""
        asked = self._provider.policy.asked.get(name)
        exactly = "" if asked is None else f"=={asked}"
        if exactly:
            listed = self._listed(name)
            there = any(version == asked for version in listed)
            instead = "" if there else _instead(listed, SpecifierSet(exactly))
            yield Fact(kind="asked", package=name, requirement=exactly, reason=instead, depth=depth)
        rest = SpecifierSet(",".join(str(clause) for clause in constraint if str(clause) != exactly))
        if str(rest):
            yield Fact(kind="constrained", package=name, requirement=str(rest), depth=depth)

    def _none(self, name: NormalizedName, project: Project, depth: int) -> Iterator[Fact]:
        """That the listing has no version in range, where the demands do not plainly exclude each other."""
        texts = self.texts_on(name)
        if len(texts) > _MOST_CLAUSES or str(self._provider.constraint(name)):
            return
        specifier = SpecifierSet()
        for text in texts:
            specifier &= parse_specifier(text)
        if len(texts) == 1 or not specifier.is_unsatisfiable():
            wanted = ",".join(sorted(map(str, specifier), key=lambda clause: (clause[0] == "<", clause)))
            yield Fact(
                kind="none",
                package=name,
                requirement=wanted,
                reason=_instead(project.versions, specifier),
                depth=depth,
            )

    def _apart(self, name: NormalizedName, depth: int) -> Iterator[Fact]:
        """That no version suits one of each who require a package, where the bounds told do not show it."""
        groups = [facts for (_, demanded), facts in self.core.edges.items() if demanded == name]
        most = max(
            (len({self._provider.reach(fact.requirement) for fact in facts}) for facts in groups), default=0
        )
        if name not in self.clash_names() or most <= _MOST_CLAUSES:
            return
        bounds = [self._bounds(facts) for facts in groups]
        if max(lowest for lowest, _ in bounds) <= min(highest for _, highest in bounds):
            yield Fact(kind="apart", package=name, depth=depth)

    def _bounds(self, facts: Sequence[Information]) -> tuple[Version, Version]:
        """The lowest and the highest version that any of these demands takes; of none, the lowest there is."""
        reached = 0
        for fact in facts:
            reached |= self._provider.reach(fact.requirement)
        listed = self._listed(facts[0].requirement.node.name)
        taken = [listed[place] for place in places(reached)] or [listed[-1]]
        return taken[-1], taken[0]

    def _listed(self, name: NormalizedName) -> tuple[Version, ...]:
        project = self._provider.project(name)
        return () if project is None else project.versions


def stated(demand: Demand) -> str:
    """A requirement without its marker, which held, or the demand would not be here."""
    return demand.text.partition(";")[0].rstrip()


def _instead(versions: Iterable[Version], specifier: SpecifierSet) -> str:
    """What there is instead of a version that does not exist: its neighbours, or the newest."""
    every = sorted(versions)
    finals = [version for version in every if not version.is_prerelease] or every
    lower = list(_bounds(specifier, {">", ">=", "~=", "==", "==="}))
    upper = list(_bounds(specifier, {"<", "<=", "==", "==="}))
    below = [version for version in finals if lower and version <= max(lower)]
    above = [version for version in finals if upper and version >= min(upper)]
    if below and above:
        return f"the nearest are {below[-1]} and {above[0]}"
    return f"its oldest is {finals[0]}" if above else f"its newest is {finals[-1]}"


def _bounds(specifier: SpecifierSet, operators: set[str]) -> Iterator[Version]:
    for clause in specifier:
        if clause.operator in operators:
            # An arbitrary text behind `===` is no version, and bounds nothing.
            with suppress(InvalidVersion):
                yield Version(clause.version.removesuffix(".*"))
