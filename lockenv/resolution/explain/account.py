"""From a core to its facts: who requires what, and what became of the versions in range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from lockenv.graph import Node
from lockenv.manifest.words import listed
from lockenv.packages import NormalizedName, parse_specifier
from lockenv.resolution.candidates import Project
from lockenv.resolution.demands import Demand
from lockenv.resolution.explain.fates import by_reason, fate_of, merged, usable
from lockenv.resolution.explain.ranges import runs
from lockenv.resolution.explain.story import EVERY, FITTING, Fact, Why
from lockenv.resolution.explain.versions import Versions

#: So many different requirements on one package are told one by one.
_MOST_CLAUSES = 3

#: Why nobody wonders that older versions are out, where all that fit have the same trouble.
_EXPECTED: frozenset[Why] = frozenset({"files", "python", "yanked", "pre-release"})


class Account(Versions):
    """What there is to tell of a core."""

    # -- the facts, in the order in which they are told --------------------------------------------------------

    def facts(self) -> tuple[Fact, ...]:
        """All facts: what the manifest says besides, then those of a package right after those that lead to it."""
        told: dict[NormalizedName, None] = {}
        found = [fact for name in self.names() for fact in self._constrained(name)]
        ages = self.ages()
        # Those that lead somewhere first; last what nothing else has led to, as in a circle.
        roots = sorted(self.root_names(), key=lambda name: not self.edges_of(name))
        others = sorted(self.names(), key=lambda name: ages.get(name, 0))
        waiting = [(name, 0) for name in [*reversed(others), *reversed(roots)]]
        while waiting:
            name, depth = waiting.pop()
            owners = {owner.name for owner, demanded in self.core.edges if demanded == name}
            if name in told or (waiting and not (name in roots or owners <= told.keys() or self.edges_of(name))):
                continue
            # Where several meet, what became of the package is told of them all.
            depth = 0 if len(owners) > 1 else depth
            told[name] = None
            requiring = list(self._requiring(name, depth))
            out = self._out(name, depth, self._telling(name, requiring))
            found += [replace(fact, age=self._age_of(fact, name, ages)) for fact in (*requiring, *out)]
            waiting += [(edge[1], depth + 1) for edge in reversed(self.edges_of(name)) if edge[1] not in told]
        return tuple(found)

    def _age_of(self, fact: Fact, name: NormalizedName, ages: Mapping[NormalizedName, int]) -> int:
        newest = max(map(Version, fact.versions), default=None)
        newer = [version for version in self.in_range(name) if newest is not None and version > newest]
        return max(ages.get(name, 0), len(newer))

    # -- who requires what -------------------------------------------------------------------------------------

    def _requiring(self, name: NormalizedName, depth: int) -> Iterator[Fact]:
        for owner, demanded in self.edges_of(name):
            yield from self._clauses(owner, demanded, depth)

    def _clauses(self, owner: Node, demanded: NormalizedName, depth: int) -> Iterator[Fact]:
        """One fact for all versions that require the same; what differs endlessly is told as one range."""
        by_text: dict[str, list[Version]] = {}
        for fact in self.core.edges[owner, demanded]:
            if isinstance(fact.requirement, Demand) and fact.parent is not None:
                versions = by_text.setdefault(stated(fact.requirement), [])
                if fact.parent.version not in versions:
                    versions.append(fact.parent.version)
        overridden = self.provider.overridden(demanded)
        if len(by_text) > _MOST_CLAUSES:
            every = sorted({version for versions in by_text.values() for version in versions})
            lowest, highest = self.bounds(self.core.edges[owner, demanded], constrained=False)
            openly = highest == self.listed(demanded)[0]
            plain = self._requires(owner, every, demanded, depth, overridden=overridden)
            bounds = f"{lowest} or newer" if openly else f"from {lowest} to {highest}"
            yield replace(plain, each=True, reason=bounds)
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
            shown=self.shown(owner.name, versions),
            requirement=text,
            overridden=overridden,
            depth=depth,
        )

    # -- what became of the versions ---------------------------------------------------------------------------

    def _telling(self, name: NormalizedName, requiring: Iterable[Fact]) -> Version | None:
        """The newest version of those that it is told of, where that tells of all that could be used."""
        every = any(fact.shown in {EVERY, FITTING} for fact in requiring)
        return self.newest_requiring(name) if every else None

    def _out(self, name: NormalizedName, depth: int, newest: Version | None) -> Iterator[Fact]:
        """What became of the versions; of none older than the `newest` that tells of all that could be used."""
        project = self.provider.project(name)
        if project is None:
            owners = self.provider.policy.owners(name)
            asked = listed(f"`{index}`" for index in owners) if owners else ""
            yield Fact(kind="unknown", package=name, reason=asked, depth=depth)
        elif not project.versions:
            yield Fact(kind="empty", package=name, depth=depth)
        else:
            fates = self.fates(name)
            for fate, versions in merged(by_reason(fates)).items():
                if newest is not None and max(versions) < newest and fate.why in _EXPECTED:
                    continue
                if fate.why == "pre-release" and usable(fates):
                    continue  # nobody expects one where there are others
                yield Fact(
                    kind="out",
                    package=name,
                    versions=tuple(map(str, sorted(versions))),
                    shown=runs(versions, self.countable(name)),
                    reason=fate.reason,
                    why=fate.why,
                    depth=depth,
                )
            if not self.in_range(name):
                yield from self._none(name, project, depth)
            yield from self._apart(name, depth)

    def _constrained(self, name: NormalizedName) -> Iterator[Fact]:
        """That the manifest constrains a package, where that leaves out a version which could be used."""
        constraint = self.provider.constraint(name)
        if not str(constraint):
            return
        lost = set(self.in_range(name, constrained=False)) - set(self.in_range(name))
        if usable({version: fate_of(self.known, name, version) for version in lost}):
            yield from self._limits(name, constraint)

    def _limits(self, name: NormalizedName, constraint: SpecifierSet) -> Iterator[Fact]:
        """What the command line asks for, this once, and what the manifest says besides."""
        asked = self.provider.policy.asked.get(name)
        exactly = "" if asked is None else f"=={asked}"
        if exactly:
            listed = self.listed(name)
            there = any(version == asked for version in listed)
            instead = "" if there else _instead(listed, SpecifierSet(exactly))
            yield Fact(kind="asked", package=name, requirement=exactly, reason=instead)
        rest = SpecifierSet(",".join(str(clause) for clause in constraint if str(clause) != exactly))
        if str(rest):
            yield Fact(kind="constrained", package=name, requirement=str(rest))

    def _none(self, name: NormalizedName, project: Project, depth: int) -> Iterator[Fact]:
        """That the listing has no version in range, where the demands do not plainly exclude each other."""
        texts = self.texts_on(name)
        if len(texts) > _MOST_CLAUSES or str(self.provider.constraint(name)):
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
        most = max((len({self.provider.reach(fact.requirement) for fact in facts}) for facts in groups), default=0)
        if name not in self.clash_names() or most <= _MOST_CLAUSES:
            return
        bounds = [self.bounds(facts) for facts in groups]
        if max(lowest for lowest, _ in bounds) <= min(highest for _, highest in bounds):
            yield Fact(kind="apart", package=name, depth=depth)


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
