"""Laws of the search itself, on small graphs of whole numbers, against trying everything."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from resolvelib import BaseReporter, ResolutionTooDeep
from resolvelib.structs import RequirementInformation

from lockenv.resolution.backjumping import Backjumping, Refuted
from lockenv.resolution.conflicts import derivation
from lockenv.resolution.domains import SetProvider

#: What needs a package: the package and the versions that would do.
Needs = Sequence[tuple[str, frozenset[int]]]
Graph = Mapping[str, Mapping[int, Needs]]


@dataclass(frozen=True, eq=False)
class Choice:
    """A version of a package."""

    name: str
    version: int


@dataclass(frozen=True, eq=False)
class Need:
    """A demand."""

    name: str
    versions: frozenset[int]


@dataclass
class GraphProvider(SetProvider[Need, Choice, str]):
    """A graph of packages behind the search's contract. `order` shuffles what is decided and tried first."""

    graph: Graph
    order: random.Random | None = None
    broken: frozenset[tuple[str, int]] = frozenset()
    _choices: dict[tuple[str, int], Choice] = field(default_factory=dict)
    _needs: dict[tuple[str, int], list[Need]] = field(default_factory=dict)
    _places: dict[str, float] = field(default_factory=dict)
    _unfit: dict[str, int] = field(default_factory=dict)

    def choice(self, name: str, version: int) -> Choice:
        return self._choices.setdefault((name, version), Choice(name, version))

    def identify(self, requirement_or_candidate: Need | Choice) -> str:
        return requirement_or_candidate.name

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Choice],
        candidates: Mapping[str, Iterator[Choice]],
        information: Mapping[str, Iterator[RequirementInformation[Need, Choice]]],
        backtrack_causes: Sequence[RequirementInformation[Need, Choice]],
    ) -> tuple[float, str]:
        if self.order is None:
            return (min(len(one.requirement.versions) for one in information[identifier]), identifier)
        return (self._places.setdefault(identifier, self.order.random()), identifier)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Choice]],
    ) -> Callable[[], Iterator[Choice]]:
        found = set(self.graph.get(identifier, ()))
        for need in requirements[identifier]:
            found &= need.versions
        ranked = sorted(found, reverse=True)
        if self.order is not None:
            self.order.shuffle(ranked)
        return lambda: self._judged(identifier, ranked)

    def _judged(self, name: str, versions: Sequence[int]) -> Iterator[Choice]:
        for version in versions:
            if (name, version) in self.broken:
                self._unfit[name] = self._unfit.get(name, 0) | 1 << version
            else:
                yield self.choice(name, version)

    def is_satisfied_by(self, requirement: Need, candidate: Choice) -> bool:
        return candidate.version in requirement.versions

    def get_dependencies(self, candidate: Choice) -> list[Need]:
        key = (candidate.name, candidate.version)
        if key not in self._needs:
            self._needs[key] = [Need(*needed) for needed in self.graph[candidate.name][candidate.version]]
        return self._needs[key]

    def bit(self, candidate: Choice) -> int:
        return 1 << candidate.version

    def reach(self, requirement: Need) -> int:
        return sum(1 << version for version in requirement.versions & set(self.graph.get(requirement.name, ())))

    def leave(self, requirement: Need) -> int:
        return 0

    def admitted(self, identifier: str, leave: int, among: int) -> int:
        return among

    def unfit(self, identifier: str) -> int:
        return self._unfit.get(identifier, 0)

    def taken(self, versions: frozenset[int]) -> frozenset[int]:
        """The versions that a demand takes of those that it reaches."""
        return versions


def answer(provider: GraphProvider, roots: Needs, rounds: int = 5000) -> dict[str, int] | None:
    """What the search finds, reduced to what the roots reach; None where it says that it cannot be."""
    search = Backjumping(provider, BaseReporter[Need, Choice, str]())
    try:
        state = search.resolve([Need(*root) for root in roots], rounds)
    except Refuted as refuted:
        # Without what gives leave, the demands alone refute nothing.
        if not isinstance(provider, ShyProvider) and not refutes(refuted, provider):
            raise
        return None
    chosen = {name: choice.version for name, choice in state.mapping.items()}
    return {name: chosen[name] for name in closed(*looked_at_closely(provider, roots), chosen)}


def looked_at_closely(provider: GraphProvider, roots: Needs) -> tuple[Graph, Needs]:
    """A graph and its roots, with only those versions in each need that are taken."""

    def close(needs: Needs) -> Needs:
        return [(name, provider.taken(versions)) for name, versions in needs]

    graph = {name: {v: close(of) for v, of in versions.items()} for name, versions in provider.graph.items()}
    return graph, close(roots)


def refutes(refuted: Refuted[Need, Choice, str], provider: GraphProvider) -> bool:
    """Whether the demands of a refutation, and what is unfit, have no solution even by themselves."""
    roots: list[tuple[str, frozenset[int]]] = []
    kept: dict[tuple[str, int], list[tuple[str, frozenset[int]]]] = {}
    for fact in refuted.causes:
        need = (fact.requirement.name, provider.taken(fact.requirement.versions))
        if fact.parent is None:
            roots.append(need)
        else:
            kept.setdefault((fact.parent.name, fact.parent.version), []).append(need)
    smaller = {
        name: {
            version: kept.get((name, version), [])
            for version in versions
            if not provider._unfit.get(name, 0) >> version & 1
        }
        for name, versions in provider.graph.items()
    }
    return not possible(smaller, roots)


def closed(graph: Graph, roots: Needs, chosen: Mapping[str, int]) -> set[str]:
    """The packages that the roots reach. Fails if one is missing or does not do."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name, versions = waiting.pop()
        assert chosen[name] in versions, f"{name} {chosen[name]} is not in {set(versions)}"
        if name not in seen:
            seen.add(name)
            waiting.extend(graph[name][chosen[name]])
    return seen


def possible(graph: Graph, roots: Needs, broken: frozenset[tuple[str, int]] = frozenset()) -> bool:
    """Whether there is a solution: every choice is tried, and nothing is remembered."""

    def extend(waiting: tuple[tuple[str, frozenset[int]], ...], chosen: dict[str, int]) -> bool:
        while waiting:
            (name, versions), *rest = waiting
            waiting = tuple(rest)
            if name not in chosen:
                return any(
                    extend((*waiting, *graph[name][version]), {**chosen, name: version})
                    for version in versions & set(graph.get(name, ()))
                    if (name, version) not in broken
                )
            if chosen[name] not in versions:
                return False
        return True

    return extend(tuple(roots), {})


@dataclass(frozen=True)
class Shape:
    """How graphs are drawn: so many packages, at most so many versions and needs of each."""

    packages: int
    versions: int
    needs: int
    tightness: float = 0.6
    extras: bool = False
    broken: float = 0.0


SHAPES = (
    Shape(4, 3, 2),
    Shape(6, 3, 3),
    Shape(8, 4, 3),
    Shape(5, 6, 3, tightness=0.4),
    Shape(5, 3, 3, extras=True),
    Shape(8, 4, 3, tightness=0.8, broken=0.15),
    Shape(14, 3, 2, tightness=0.7),
    Shape(3, 10, 2, tightness=0.3),
)


def drawn(
    shape: Shape, draw: random.Random
) -> tuple[dict[str, dict[int, Needs]], Needs, frozenset[tuple[str, int]]]:
    """A graph, what is wanted of it, and which versions are of no use."""
    names = [f"p{number}" for number in range(shape.packages)]

    def needs(most: int) -> list[tuple[str, frozenset[int]]]:
        found = []
        for name in draw.sample(names, min(len(names), draw.randint(0, most))):
            each = frozenset(v for v in range(shape.versions) if draw.random() < shape.tightness)
            found.append((name, each or frozenset({draw.randrange(shape.versions)})))
        return found

    graph: dict[str, dict[int, Needs]] = {
        name: {version: needs(shape.needs) for version in range(draw.randint(1, shape.versions))} for name in names
    }
    if shape.extras:
        names += [f"{name}[x]" for name in names]
        for name in names[shape.packages :]:
            package = name.removesuffix("[x]")
            graph[name] = {v: [(package, frozenset({v})), *needs(2)] for v in graph[package]}
    broken = frozenset((n, v) for n, versions in graph.items() for v in versions if draw.random() < shape.broken)
    return graph, needs(3) or [(names[0], frozenset(range(shape.versions)))], broken


@pytest.mark.parametrize("block", range(8))
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_ten_thousand_graphs_agree_with_trying_everything(shape: Shape, block: int) -> None:
    for seed in range(block * 160, block * 160 + 160):
        graph, roots, broken = drawn(shape, random.Random(seed))
        found = answer(GraphProvider(graph, broken=broken), roots)
        assert (found is not None) == possible(graph, roots, broken), seed
        assert found is None or not broken & found.items(), seed


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_order_in_which_things_are_tried_does_not_change_the_verdict(shape: Shape) -> None:
    for seed in range(40):
        graph, roots, broken = drawn(shape, random.Random(seed))
        verdicts = {
            answer(GraphProvider(graph, random.Random(order), broken), roots) is not None for order in range(6)
        }
        assert len(verdicts) == 1, seed


@dataclass
class FussyProvider(GraphProvider):
    """A demand that reaches its package's version 2 does not take every third version, on a closer look."""

    def taken(self, versions: frozenset[int]) -> frozenset[int]:
        return frozenset(v for v in versions if 2 not in versions or (v + len(versions)) % 3)

    def refuses(self, requirement: Need, candidate: Choice) -> bool:
        return candidate.version not in self.taken(requirement.versions)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_graphs_with_demands_that_look_closely_agree_with_trying_everything(shape: Shape) -> None:
    verdicts = set()
    for seed in range(300):
        graph, roots, broken = drawn(shape, random.Random(seed))
        provider = FussyProvider(graph, broken=broken)
        found = answer(provider, roots)
        verdicts.add(found is not None)
        assert (found is not None) == possible(*looked_at_closely(provider, roots), broken), seed
        assert found is None or not broken & found.items(), seed
    assert len(verdicts) == 2


@dataclass
class ShyProvider(GraphProvider):
    """Some versions are chosen only where a demand pins a version of their package, as yanked ones are."""

    shy: frozenset[tuple[str, int]] = frozenset()

    def leave(self, requirement: Need) -> int:
        return int(len(requirement.versions) == 1)

    def admitted(self, identifier: str, leave: int, among: int) -> int:
        return among if leave else among & ~sum(1 << version for name, version in self.shy if name == identifier)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Need]],
        incompatibilities: Mapping[str, Iterator[Choice]],
    ) -> Callable[[], Iterator[Choice]]:
        needs = list(requirements[identifier])
        found = self.admitted(identifier, max(map(self.leave, needs)), -1)
        for need in needs:
            found &= self.reach(need)
        ranked = [
            version for version in sorted(self.graph.get(identifier, ()), reverse=True) if found >> version & 1
        ]
        return lambda: self._judged(identifier, ranked)


@pytest.mark.parametrize("shape", [Shape(5, 3, 3, 0.4), Shape(6, 3, 3, 0.4), Shape(4, 4, 3, 0.35)], ids=str)
def test_what_needs_leave_is_chosen_only_where_a_demand_in_the_answer_gives_it(shape: Shape) -> None:
    chosen_with_leave = 0
    for seed in range(400):
        draw = random.Random(seed)
        graph, roots, _ = drawn(shape, draw)
        shy = frozenset((name, v) for name, versions in graph.items() for v in versions if draw.random() < 0.4)
        found = answer(ShyProvider(graph, shy=shy), roots)
        if found is None:
            continue
        demands = [*roots, *(need for name, version in found.items() for need in graph[name][version])]
        pinned = {name for name, versions in demands if len(versions) == 1}
        taken = {name for name, version in found.items() if (name, version) in shy}
        assert taken <= pinned, seed
        chosen_with_leave += bool(taken)
    assert chosen_with_leave > 5


def test_the_same_search_takes_the_same_way_twice() -> None:
    for seed in range(100):
        graph, roots, _ = drawn(SHAPES[2], random.Random(seed))
        assert answer(GraphProvider(graph), roots) == answer(GraphProvider(graph), roots)


def test_a_release_that_says_the_same_over_and_over_is_not_heard_each_time() -> None:
    every = frozenset(range(5))
    graph: Graph = {"a": {0: [("b", every)] * 5000 + [("b", frozenset({1}))]}, "b": {v: [] for v in every}}
    search = Backjumping(GraphProvider(graph), BaseReporter[Need, Choice, str]())
    state = search.resolve([Need("a", frozenset({0}))], 10)
    assert state.mapping["b"].version == 1
    assert len(list(state.criteria["b"].iter_requirement())) < 100


@dataclass
class Counting(BaseReporter[Need, Choice, str]):
    """Counts what a search costs."""

    rounds: int = 0
    rejected: int = 0

    def starting_round(self, index: int) -> None:
        self.rounds += 1

    def rejecting_candidate(self, criterion: object, candidate: Choice) -> None:
        self.rejected += 1


def cost(graph: Graph, roots: Needs) -> Counting:
    """What it costs to find that there is no solution."""
    counting = Counting()
    with pytest.raises(Refuted):
        Backjumping(GraphProvider(graph), counting).resolve([Need(*root) for root in roots], 5000)
    return counting


def test_a_hopeless_product_costs_a_sum() -> None:
    """Each of 400 versions needs a core of its own, and none of 60 others takes one of these cores."""
    graph: Graph = {
        "core": {version: [] for version in range(800)},
        "many": {version: [("core", frozenset({2 * version}))] for version in range(400)},
        "few": {version: [("core", frozenset({2 * version + 1, 2 * version + 301}))] for version in range(60)},
    }
    anything = frozenset(range(800))
    assert cost(graph, [("many", anything), ("few", anything)]).rejected < 2 * (400 + 60)


def test_a_hopeless_product_behind_another_package_costs_a_sum() -> None:
    graph: Graph = {
        "core": {version: [] for version in range(400)},
        "many": {version: [("core", frozenset({2 * version}))] for version in range(200)},
        "few": {version: [("core", frozenset({2 * version + 1}))] for version in range(40)},
        "fs": {version: [("few", frozenset({version}))] for version in range(40)},
    }
    anything = frozenset(range(400))
    found = cost(graph, [("many", anything), ("fs", anything)])
    assert found.rounds < 5 * 40
    assert found.rejected < 40 * 40 + 5 * (200 + 40)


def test_a_search_that_is_too_long_gives_up_after_so_many_rounds() -> None:
    graph: Graph = {f"n{number}": {0: [(f"n{number + 1}", frozenset({0}))]} for number in range(50)}
    with pytest.raises(ResolutionTooDeep):
        answer(GraphProvider({**graph, "n50": {0: []}}), [("n0", frozenset({0}))], rounds=20)


def test_a_derivation_of_any_depth_can_be_walked() -> None:
    graph: dict[str, dict[int, Needs]] = {
        f"n{number}": {0: [(f"n{number + 1}", frozenset({0}))], 1: [(f"n{number + 1}", frozenset({1}))]}
        for number in range(1500)
    }
    graph["n1500"] = {0: [("n0", frozenset({1}))], 1: [("n0", frozenset({0}))]}
    with pytest.raises(Refuted) as caught:
        Backjumping(GraphProvider(graph), BaseReporter[Need, Choice, str]()).resolve(
            [Need("n0", frozenset({0, 1}))], 20_000
        )
    assert len(derivation(caught.value.conflict)) > 1500
