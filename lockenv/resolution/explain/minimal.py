"""The core of a dead end: the fewest of its demands that still have no solution.

The demands of a derivation have no solution by themselves (a law that the tests hold). What can be left out of
them is found by leaving it out and searching again, on these demands alone: that asks the world nothing, and
takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias, TypeVar

from resolvelib import BaseReporter, ResolutionTooDeep

from lockenv.errors import NetworkError
from lockenv.graph import Node
from lockenv.packages import NormalizedName
from lockenv.resolution.backjumping import Backjumping, Refuted
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.demands import Demand, Want
from lockenv.resolution.explain.failure import Failure
from lockenv.resolution.memory import NotAsked
from lockenv.resolution.provider import Information, Provider
from lockenv.values import dataclass

#: What a package demands of another one, over all versions: the two names.
Edge: TypeAlias = tuple[Node, NormalizedName]

#: A try that takes longer than this counts as 'there may be a solution': so more is told than needs be.
_MOST_ROUNDS = 5000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Demands that have no solution: those of the roots, and those of candidates, by who demands what of whom."""

    roots: tuple[Demand, ...]
    edges: Mapping[Edge, tuple[Information, ...]]

    @property
    def key(self) -> object:
        """What two cores have in common that tell the same story."""
        return frozenset((root.text, root.gate) for root in self.roots), frozenset(self.edges)


def core_of(failure: Failure, known: Iterable[Core] = ()) -> Core:
    """Find a core of a dead end; one that is like a known one if possible, because then one story tells both.

    The failure's memory is closed by who asks.
    """
    trial = _Trial(failure)
    if unknown := tuple(_unknown(failure)):
        return Core(roots=unknown, edges={})
    for other in known:
        if trial.is_impossible(*trial.like(other)):
            return trial.core(*trial.like(other))
    roots, edges = trial.roots, trial.edges
    if trial.is_impossible(roots, edges):
        roots = minimal(roots, lambda fewer: trial.is_impossible(fewer, edges))
        edges = minimal(edges, lambda fewer: trial.is_impossible(roots, fewer))
    return trial.core(roots, edges)


def _unknown(failure: Failure) -> Iterator[Demand]:
    """The user's requirements whose names no index knows, all of them: each is a dead end by itself."""
    for root in failure.roots:
        with suppress(NotAsked, NetworkError):
            if failure.provider.project(root.node.name) is None:
                yield _as_stated(root, failure)


def minimal(items: Sequence[T], suffices: Callable[[Sequence[T]], bool]) -> list[T]:
    """Leave out all that can be left out, in ever smaller pieces, the last ones first."""
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        end = len(kept)
        while end > 0:
            fewer = [*kept[: max(0, end - size)], *kept[end:]]
            if suffices(fewer):
                kept = fewer
            end -= size
        if size == 1:
            return kept
        size //= 2


class _Trial:
    """Searches on the demands of one derivation."""

    def __init__(self, failure: Failure) -> None:
        self._provider = failure.provider
        self._roots: dict[tuple[str, str], list[Demand]] = {}
        self._edges: dict[Edge, list[Information]] = {}
        self._fixed: list[Information] = []
        for fact in failure.dead_end.causes:
            demand, parent = fact.requirement, fact.parent
            if not isinstance(demand, Demand) or not demand.direct:
                # That a release is of no use, or that an extra stands at its package's version.
                self._fixed.append(fact)
            elif parent is None:
                stated = _as_stated(demand, failure)
                self._roots.setdefault((stated.gate, stated.text), []).append(stated)
            else:
                edge = (Node(parent.name, parent.extra), demand.node.name)
                self._edges.setdefault(edge, []).append(fact)

    @property
    def roots(self) -> list[tuple[str, str]]:
        """The roots' demands, by group and text."""
        return sorted(self._roots)

    @property
    def edges(self) -> list[Edge]:
        """Who demands something of whom, those nearest to the roots first."""
        depths = {name: 0 for demands in self._roots.values() for name in (demands[0].node.name,)}
        waiting = list(depths)
        for name in waiting:
            for owner, demanded in self._edges:
                if owner.name == name and demanded not in depths:
                    depths[demanded] = depths[name] + 1
                    waiting.append(demanded)
        return sorted(self._edges, key=lambda edge: (depths.get(edge[0].name, len(depths)), edge))

    def like(self, core: Core) -> tuple[list[tuple[str, str]], list[Edge]]:
        """What there is here of another core."""
        texts = {(root.gate, root.text) for root in core.roots}
        return [root for root in self.roots if root in texts], [edge for edge in self.edges if edge in core.edges]

    def core(self, roots: Iterable[tuple[str, str]], edges: Iterable[Edge]) -> Core:
        """Make a core of these."""
        return Core(
            roots=tuple(demand for root in roots for demand in self._roots[root]),
            edges={edge: tuple(self._edges[edge]) for edge in edges},
        )

    def is_impossible(self, roots: Iterable[tuple[str, str]], edges: Iterable[Edge]) -> bool:
        """Whether these demands alone have no solution."""
        needs: dict[int, list[Want]] = {}
        for fact in (*self._fixed, *(fact for edge in edges for fact in self._edges[edge])):
            needs.setdefault(id(fact.parent), []).append(fact.requirement)
        search = Backjumping(_Facts(self._provider, needs), BaseReporter[Want, Candidate, Node]())
        try:
            search.resolve([demand for root in roots for demand in self._roots[root]], _MOST_ROUNDS)
        except Refuted:
            return True
        except (ResolutionTooDeep, NotAsked, NetworkError):
            return False
        return False


def _as_stated(demand: Demand, failure: Failure) -> Demand:
    """The same demand of the group that states it, where the one that made it only includes that group."""
    included = failure.includes.get(demand.gate, frozenset())
    same = (
        root
        for root in failure.roots
        if root.gate in included and (root.node, root.text) == (demand.node, demand.text)
    )
    return min(same, key=lambda root: (len(failure.includes.get(root.gate, ())), root.gate), default=demand)


class _Facts(Provider):
    """A provider's answers, but of all that candidates need only these demands, by the candidate's id."""

    def __init__(self, provider: Provider, needs: Mapping[int, Sequence[Want]]) -> None:
        # All that the provider knows is shared with it.
        self.__dict__.update(vars(provider))
        self._few = needs

    def get_dependencies(self, candidate: Candidate) -> Iterator[Want]:
        """Yield these demands, and nothing that would have to be asked for."""
        return iter(self._few.get(id(candidate), ()))
