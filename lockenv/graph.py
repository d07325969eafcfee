"""Who requires whom, and what is reached from where."""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from lockenv.packages import NormalizedName
from lockenv.values import dataclass

#: The name of the main dependencies among the gates: no group has to be asked for.
MAIN = ""
#: Steps after which the search for paths ends: circles upon circles have more of them than anybody counts.
_MOST_STEPS = 100_000

E = TypeVar("E")


class Node(NamedTuple):
    """A package, or one extra of it (`extra` is '' for the package itself).

    A named tuple, not a dataclass: a search hashes nodes by the hundred thousand.
    """

    name: NormalizedName
    extra: str = ""

    def __str__(self) -> str:
        return f"{self.name}[{self.extra}]" if self.extra else self.name


def reached(edges: Mapping[Node, Iterable[Node]], roots: Iterable[Node]) -> frozenset[Node]:
    """Every node that can be reached from the roots. Cycles are fine, depth is unbounded."""
    seen = set(roots)
    waiting = list(seen)
    while waiting:
        for child in edges.get(waiting.pop(), ()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return frozenset(seen)


def gates(
    edges: Mapping[Node, Iterable[Node]], roots: Mapping[str, Iterable[Node]]
) -> dict[NormalizedName, frozenset[str]]:
    """Say for each reached package which gates lead to it.

    A gate is `MAIN` or a dependency group's name; `roots` are the nodes each gate asks for.
    """
    leading: dict[NormalizedName, set[str]] = {}
    for gate, starts in roots.items():
        for node in reached(edges, starts):
            leading.setdefault(node.name, set()).add(gate)
    return {name: frozenset(found) for name, found in leading.items()}


# ── paths


class Edge(Protocol):
    """That `source`, or somebody outside where it is None, requires the `goals` on the places `where`."""

    @property
    def source(self) -> Hashable: ...  # noqa: D102

    @property
    def goals(self) -> Sequence[Hashable]: ...  # noqa: D102

    @property
    def where(self) -> frozenset[int]: ...  # noqa: D102


L = TypeVar("L", bound=Edge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths(Generic[L]):
    """Paths from outside to one goal, the shortest first. `more` is whether there may be others."""

    found: tuple[tuple[L, ...], ...]
    more: bool


def shortest_paths(edges: Iterable[L], goal: Hashable, *, most: int) -> Paths[L]:
    """Find up to `most` paths from outside to a goal, the shortest first, then in the order of the edges.

    A path goes nowhere twice, and there is a place on which all its edges count.
    """
    outgoing: defaultdict[Hashable, list[L]] = defaultdict(list)
    for edge in edges:
        outgoing[edge.source].append(edge)
    far = _distances(outgoing, goal)
    order = itertools.count()
    # What is nearest to the goal is looked at first, so what arrives has taken the shortest way.
    waiting: list[tuple[int, int, _Walk[L]]] = []
    if None in far:
        waiting.append((far[None], next(order), _Walk(None, (), frozenset(), None)))
    found: list[tuple[L, ...]] = []
    for _ in range(_MOST_STEPS):
        if not waiting or len(found) == most:
            break
        _, _, walk = heapq.heappop(waiting)
        if walk.at == goal:
            found.append(walk.path)
            continue
        for edge in outgoing[walk.at]:
            for further in walk.along(edge):
                if further.at in far:
                    heapq.heappush(waiting, (len(further.path) + far[further.at], next(order), further))
    return Paths(found=tuple(found), more=bool(waiting))


class _Walk(NamedTuple, Generic[L]):
    """The beginning of a path: where it is, how it came there, where it was, and on which places (None: all)."""

    at: Hashable
    path: tuple[L, ...]
    seen: frozenset[Hashable]
    where: frozenset[int] | None

    def along(self, edge: L) -> Iterator[_Walk[L]]:
        where = edge.where if self.where is None else self.where & edge.where
        if where:
            for goal in edge.goals:
                if goal not in self.seen:
                    yield _Walk(goal, (*self.path, edge), self.seen | {goal}, where)


def _distances(outgoing: Mapping[Hashable, Iterable[Edge]], goal: Hashable) -> dict[Hashable, int]:
    """How many steps it is at least from each vertex to a goal; what does not lead there is left out."""
    incoming: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    for source, edges in outgoing.items():
        for edge in edges:
            for reached_one in edge.goals:
                incoming[reached_one].append(source)
    found = {goal: 0}
    waiting = deque([goal])
    while waiting:
        vertex = waiting.popleft()
        for source in incoming[vertex]:
            if source not in found:
                found[source] = found[vertex] + 1
                waiting.append(source)
    return found


# ── trees

#: What becomes of a twig: its children follow; they were shown before; they are shown above it; they lie too deep.
Fate = Literal["", "again", "circle", "deep"]


class Twig(NamedTuple, Generic[E]):
    """One line of a tree. `rails` say for each level, its own last, whether a sibling follows."""

    item: E
    rails: tuple[bool, ...]
    fate: Fate


def unfold(
    roots: Iterable[E],
    children: Callable[[E], Sequence[E]],
    key: Callable[[E], Hashable],
    *,
    depth: int | None = None,
) -> Iterator[Twig[E]]:
    """Lay a graph out as a tree, depth first; what has the same key has the same children, which come once.

    `depth` bounds the levels below the roots. Circles end where they close.
    """
    shown: set[Hashable] = set()
    for root in roots:
        yield from _unfold(root, children, key, depth, shown)


def _unfold(
    root: E,
    children: Callable[[E], Sequence[E]],
    key: Callable[[E], Hashable],
    depth: int | None,
    shown: set[Hashable],
) -> Iterator[Twig[E]]:
    # A stack, since what is nested deepest need not fit into Python's.
    above: list[Hashable] = []
    waiting: list[tuple[E, tuple[bool, ...]]] = [(root, ())]
    while waiting:
        item, rails = waiting.pop()
        del above[len(rails) :]
        own, below = key(item), children(item)
        fate = _fate(own, above, shown, bare=not below, deep=depth is not None and len(rails) >= depth)
        yield Twig(item, rails, fate)
        if below and not fate:
            shown.add(own)
            above.append(own)
            last = len(below) - 1
            waiting += [(below[place], (*rails, place < last)) for place in range(last, -1, -1)]


def _fate(own: Hashable, above: Sequence[Hashable], shown: set[Hashable], *, bare: bool, deep: bool) -> Fate:
    if bare:
        return ""
    if own in shown:
        return "circle" if own in above else "again"
    return "deep" if deep else ""
