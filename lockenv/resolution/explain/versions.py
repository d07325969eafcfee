"""What a core says of versions: which are demanded of each package, and which of them could be used."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import Project
from lockenv.resolution.demands import Demand, Want
from lockenv.resolution.explain.fates import Fate, Known, fate_of
from lockenv.resolution.explain.minimal import Core, Edge
from lockenv.resolution.explain.ranges import runs
from lockenv.resolution.explain.story import EVERY, FITTING
from lockenv.resolution.provider import Information
from lockenv.resolution.reach import places


class Versions:
    """The packages of a core, and their versions, on one target."""

    def __init__(self, core: Core, known: Known) -> None:
        self.core = core
        self.known = known
        self.provider = known.provider
        self._fates: dict[NormalizedName, dict[Version, Fate | None]] = {}
        #: What is demanded of each package, by one owner after the other.
        self._arriving: dict[NormalizedName, list[Sequence[Information]]] = {}
        for (_, demanded), facts in core.edges.items():
            self._arriving.setdefault(demanded, []).append(facts)

    # -- packages ----------------------------------------------------------------------------------------------

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

    def edges_of(self, name: NormalizedName) -> list[Edge]:
        """What a package demands, that of its newest versions first."""
        edges = [edge for edge in self.core.edges if edge[0].name == name]
        return sorted(edges, key=self._age)

    def ages(self) -> dict[NormalizedName, int]:
        """For each package, how many newer versions of something on the way to it do not need it: none is best."""
        roots = self.root_names()
        found = dict.fromkeys(roots, 0)
        own = {edge: self._age(edge) for edge in self.core.edges if edge[1] not in found}
        leaving: dict[NormalizedName, list[Edge]] = {}
        for edge in own:
            leaving.setdefault(edge[0].name, []).append(edge)
        waiting = deque(roots)
        while waiting:
            name = waiting.popleft()
            for edge in leaving.get(name, ()):
                age = max(found[name], own[edge])
                if edge[1] not in found or age < found[edge[1]]:
                    found[edge[1]] = age
                    waiting.append(edge[1])
        return found

    def newest_requiring(self, name: NormalizedName) -> Version | None:
        """The newest version of a package of which something is told that it requires."""
        versions = [version for edge in self.edges_of(name) for version in self._owners(edge)]
        return max(versions, default=None)

    def _age(self, edge: Edge) -> int:
        newest = max(self._owners(edge), default=None)
        return sum(1 for version in self.in_range(edge[0].name) if newest is None or version > newest)

    def _owners(self, edge: Edge) -> Iterator[Version]:
        return (fact.parent.version for fact in self.core.edges[edge] if fact.parent is not None)

    # -- demands -----------------------------------------------------------------------------------------------

    def texts_on(self, name: NormalizedName) -> list[str]:
        """The different ranges that are demanded of a package."""
        return sorted({str(demand.specifier) for demand in self._demands_on(name)})

    def _demands_on(self, name: NormalizedName) -> Iterator[Demand]:
        yield from (root for root in self.core.roots if root.node.name == name)
        for facts in self._arriving.get(name, ()):
            yield from (fact.requirement for fact in facts if isinstance(fact.requirement, Demand))

    # -- versions ----------------------------------------------------------------------------------------------

    def fates(self, name: NormalizedName) -> dict[Version, Fate | None]:
        """What became of each version that all demands and constraints on a package leave, newest first."""
        found = self._fates.get(name)
        if found is None:
            found = self._fates[name] = self._find_fates(name)
        return found

    def _find_fates(self, name: NormalizedName) -> dict[Version, Fate | None]:
        leave = 0
        for demand in self._demands_on(name):
            leave |= self.provider.leave(demand)
        project = self.provider.project(name)
        opened = bool(leave & 1) or self._opened(name, project)
        return {
            version: fate_of(self.known, name, version, opened=opened, pinned=bool(leave & 2))
            for version in self.in_range(name)
        }

    def _opened(self, name: NormalizedName, project: Project | None) -> bool:
        policy = self.provider.policy.prereleases
        only = project is not None and not project.has_final
        return (
            policy == "allow"
            or bool(self.provider.constraint(name).prereleases)
            or (policy != "disallow" and only)
        )

    def none_usable(self, name: NormalizedName) -> bool:
        """Whether there are versions in range, and none of them could be used."""
        fates = self.fates(name)
        return bool(fates) and all(fates.values())

    def in_range(self, name: NormalizedName, *, constrained: bool = True) -> list[Version]:
        """The versions that the demands on a package leave: for each owner, what any of its versions takes.

        Unless `constrained`, what the manifest constrains the package to does not count.
        """
        listed = self.listed(name)
        left = (1 << len(listed)) - 1
        for root in self.core.roots:
            if root.node.name == name:
                left &= self._reach(root, constrained=constrained)
        for facts in self._arriving.get(name, ()):
            taken = 0
            for fact in facts:
                taken |= self._reach(fact.requirement, constrained=constrained)
            left &= taken
        return [listed[place] for place in places(left)]

    def _reach(self, want: Want, *, constrained: bool) -> int:
        project = self.provider.project(want.node.name)
        if constrained or project is None or not isinstance(want, Demand):
            return self.provider.reach(want)
        return project.reach(want.specifier)

    def bounds(self, facts: Sequence[Information], *, constrained: bool = True) -> tuple[Version, Version]:
        """The lowest and the highest version that any of these demands takes; of none, the lowest there is.

        Unless `constrained`, what the manifest constrains the package to does not count.
        """
        listed = self.listed(facts[0].requirement.node.name)
        reached = 0
        for fact in facts:
            reached |= self._reach(fact.requirement, constrained=constrained)
        taken = [listed[place] for place in places(reached)] or [listed[-1]]
        return taken[-1], taken[0]

    def listed(self, name: NormalizedName) -> tuple[Version, ...]:
        """All versions of a package, newest first."""
        project = self.provider.project(name)
        return () if project is None else tuple(project.versions)

    # -- in words ----------------------------------------------------------------------------------------------

    def shown(self, name: NormalizedName, versions: Sequence[Version]) -> str:
        """The versions in words; 'every version' where there are no others that could be used."""
        if len(versions) > 1:
            if self.covers(name, versions, self.listed(name)):
                return EVERY
            if self.covers(name, versions, self.in_range(name)):
                return FITTING
        return runs(versions, self.countable(name))

    def covers(self, name: NormalizedName, versions: Sequence[Version], among: Sequence[Version]) -> bool:
        """Whether none but these versions could be used."""
        these = frozenset(versions)
        return all(fate_of(self.known, name, version) for version in among if version not in these)

    def countable(self, name: NormalizedName) -> list[Version]:
        """The versions that a person counts: without pre-releases, where there are others."""
        project = self.provider.project(name)
        listed = self.listed(name)
        return [
            version for version in listed if not version.is_prerelease or project is None or not project.has_final
        ]
