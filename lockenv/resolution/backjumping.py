"""Our own search on resolvelib's contract: conflict-directed backjumping with learned conflicts and order swaps.

resolvelib's stock loop can miss solutions, return wrong ones and recurse without end (RESOLVER 4.1). This one
keeps its provider, criteria, exceptions and reporter, and replaces `Resolution.resolve` (RESOLVER 4.2):

1. Nodes are decided one by one; the trail remembers what each decision changed, so that it can be taken back.
2. A candidate is rejected by a *clash*: with a pin that refutes one of its demands, with other demands that leave
   a package without candidates, or with a conflict learned before. A clash names the pins that it rests on.
3. A node whose every candidate is rejected is a dead end. The pins that its requirers and its clashes name cannot
   stand together: that is learned, and the latest of them is taken back. If there are none, there is no solution.
4. Where a demand is refuted by an earlier pin that could have been chosen otherwise, the order of the two is
   swapped, each pair once: so the newest version of what is narrower is found before anything is given up.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic

from resolvelib import ResolutionImpossible, ResolutionTooDeep
from resolvelib.resolvers.criterion import Criterion
from resolvelib.resolvers.resolution import Resolution
from resolvelib.structs import CT, KT, RT, IteratorMapping, RequirementInformation, State, build_iter_view

#: After so many rejections for the sake of one earlier pin, the order is swapped.
_PATIENCE = 5


@dataclass(frozen=True, slots=True, eq=False)
class Nogood(Generic[RT, CT, KT]):
    """Pins that cannot stand together.

    `facts` are the demands that clash, `because` the conflicts that this one rests on.
    """

    pins: tuple[tuple[KT, CT], ...]
    facts: tuple[RequirementInformation[RT, CT], ...]
    because: tuple[Nogood[RT, CT, KT], ...]


class Refuted(ResolutionImpossible[RT, CT], Generic[RT, CT, KT]):
    """There is no solution, and `conflict`, which needs no pins, says why."""

    def __init__(self, conflict: Nogood[RT, CT, KT]) -> None:
        super().__init__(list(all_facts(conflict)))
        self.conflict = conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clash(Generic[RT, CT, KT]):
    """Why a candidate was rejected. `pins` are the decided nodes that have a part in it.

    `refuted_by` is the pin that a demand (`demand`) contradicts, where that is the whole reason.
    """

    pins: frozenset[KT]
    facts: tuple[RequirementInformation[RT, CT], ...] = ()
    learned: Nogood[RT, CT, KT] | None = None
    refuted_by: KT | None = None
    demand: RT | None = None


@dataclass(frozen=True, slots=True)
class _Decision(Generic[RT, CT, KT]):
    """A pinned node, and the criteria as they were before (None: not there)."""

    node: KT
    before: dict[KT, Criterion[RT, CT] | None] = field(default_factory=dict)


class Backjumping(Resolution[RT, CT, KT]):
    """One search. `max_rounds` bounds decisions and dead ends, never time."""

    def resolve(self, requirements: Iterable[RT], max_rounds: int) -> State[RT, CT, KT]:
        """Find candidates for all requirements and what follows from them.

        Raises `ResolutionImpossible` with the demands that clash, `ResolutionTooDeep` at the bound.
        """
        if self._states:
            msg = "already resolved"
            raise RuntimeError(msg)
        self._r.starting()
        self._states = [State(mapping={}, criteria={}, backtrack_causes=[])]
        self._trail: list[_Decision[RT, CT, KT]] = []
        self._places: dict[KT, int] = {}
        self._nogoods: dict[tuple[KT, int], list[Nogood[RT, CT, KT]]] = {}
        self._promoted: dict[KT, int] = {}
        self._swapped: set[frozenset[KT]] = set()
        root: dict[KT, Criterion[RT, CT] | None] = {}
        for requirement in requirements:
            clash = self._demand(requirement, None, None, root)
            if clash is not None:
                raise Refuted(Nogood((), clash.facts, ()))
        for index in range(max_rounds):
            self._r.starting_round(index)
            open_nodes = [node for node in self.state.criteria if node not in self.state.mapping]
            if not open_nodes:
                self._r.ending(self.state)
                return self.state
            self._decide(min(open_nodes, key=self._order))
            self._r.ending_round(index, self.state)
        raise ResolutionTooDeep(max_rounds)

    def _order(self, node: KT) -> tuple[int, object]:
        return self._promoted.get(node, 0), self._get_preference(node)

    # -- deciding ----------------------------------------------------------------------------------------

    def _decide(self, node: KT) -> None:
        """Pin the first candidate that does not clash; swap an order or take a decision back if none is left."""
        clashes: list[_Clash[RT, CT, KT]] = []
        blame: dict[KT, int] = {}
        for candidate in self.state.criteria[node].candidates:
            clash = self._pin(node, candidate)
            if clash is None:
                return
            self._r.rejecting_candidate(self.state.criteria[node], candidate)
            clashes.append(clash)
            if (earlier := self._worth_swapping(node, clash, blame)) is not None:
                self._swap(node, earlier)
                return
        self._retreat(node, clashes)

    def _pin(self, node: KT, candidate: CT) -> _Clash[RT, CT, KT] | None:
        known = self._forbidden(node, candidate)
        if known is not None:
            return known
        decision: _Decision[RT, CT, KT] = _Decision(node)
        for requirement in self._p.get_dependencies(candidate):
            clash = self._demand(requirement, candidate, node, decision.before)
            if clash is not None:
                self._restore(decision.before)
                return clash
        self._r.pinning(candidate)
        self._places[node] = len(self._trail)
        self._trail.append(decision)
        self.state.mapping[node] = candidate
        return None

    def _forbidden(self, node: KT, candidate: CT) -> _Clash[RT, CT, KT] | None:
        """The clash with a learned conflict whose other pins all stand."""
        mapping = self.state.mapping
        for nogood in self._nogoods.get((node, id(candidate)), ()):
            others = [pin for pin in nogood.pins if pin[0] != node]
            if all(mapping.get(other) is pinned for other, pinned in others):
                return _Clash(pins=frozenset(other for other, _ in others), learned=nogood)
        return None

    def _demand(
        self, requirement: RT, parent: CT | None, owner: KT | None, before: dict[KT, Criterion[RT, CT] | None]
    ) -> _Clash[RT, CT, KT] | None:
        """Add one demand, made by the candidate `parent` of `owner`, to its node's criterion."""
        self._r.adding_requirement(requirement, parent)
        node = self._p.identify(requirement)
        criterion = self.state.criteria.get(node)
        information = [*(criterion.information if criterion else ()), RequirementInformation(requirement, parent)]
        decided = parent if node == owner else self.state.mapping.get(node)
        if decided is not None and criterion is not None:
            if not self._p.is_satisfied_by(requirement, decided):
                pins = frozenset[KT]() if node == owner else frozenset({node})
                return _Clash(
                    pins=pins, facts=tuple(information), refuted_by=next(iter(pins), None), demand=requirement
                )
            changed = Criterion(criterion.candidates, information, [])
        else:
            changed = Criterion(self._matches(node, requirement), information, [])
            if not changed.candidates:
                pins = frozenset(self._requirers(information)) - {owner}
                return _Clash(pins=pins, facts=tuple(information))
        before.setdefault(node, criterion)
        self.state.criteria[node] = changed
        return None

    def _matches(self, node: KT, requirement: RT) -> Iterable[CT]:
        criteria = self.state.criteria
        return build_iter_view(
            self._p.find_matches(
                identifier=node,
                requirements=IteratorMapping(
                    criteria, operator.methodcaller("iter_requirement"), {node: [requirement]}
                ),
                incompatibilities=IteratorMapping(criteria, operator.attrgetter("incompatibilities"), {node: []}),
            )
        )

    def _requirers(self, information: Iterable[RequirementInformation[RT, CT]]) -> Iterator[KT]:
        return (self._p.identify(one.parent) for one in information if one.parent is not None)

    # -- swapping ------------------------------------------------------------------------------------------

    def _worth_swapping(self, node: KT, clash: _Clash[RT, CT, KT], blame: dict[KT, int]) -> KT | None:
        """The earlier pin that had better be decided after this node, if there is one."""
        suspects: Iterable[KT]
        if clash.refuted_by is not None and clash.demand is not None:
            suspects = self._movable(clash.refuted_by, clash.demand)
        else:
            for pin in clash.pins:
                blame[pin] = blame.get(pin, 0) + 1
            suspects = [pin for pin in clash.pins if blame[pin] >= _PATIENCE and self._could_differ(pin)]
        if not suspects:
            return None
        ancestors = self._ancestors(node)
        free = [pin for pin in suspects if frozenset({node, pin}) not in self._swapped and pin not in ancestors]
        return max(free, key=self._places.__getitem__, default=None)

    def _movable(self, refuter: KT, demand: RT) -> list[KT]:
        """The pins that would have to be chosen otherwise for a refuted demand to be met.

        That is the pin itself if the other demands on it leave a candidate for this one; else it is only what
        those others made of it, so those of its requirers that could differ.
        """
        # Asked anew, because the demand itself may admit a pre-release that nobody else did.
        if self._matches(refuter, demand):
            return [refuter]
        requirers = dict.fromkeys(self._requirers(self.state.criteria[refuter].information))
        return [pin for pin in requirers if pin in self.state.mapping and self._could_differ(pin)]

    def _could_differ(self, node: KT) -> bool:
        """Whether a decided node has another candidate."""
        chosen = self.state.mapping[node]
        return any(other is not chosen for other in self.state.criteria[node].candidates)

    def _swap(self, node: KT, earlier: KT) -> None:
        """Take `earlier` back and let this node, and those after `earlier` that led to it, be decided first."""
        self._swapped.add(frozenset({node, earlier}))
        since = self._places[earlier]
        rank = min(self._promoted.values(), default=0) - 1
        for each in (node, *(pin for pin in self._ancestors(node) if self._places[pin] > since)):
            self._promoted[each] = rank
        self._undo_to(since)

    def _ancestors(self, node: KT) -> set[KT]:
        """The decided nodes that lead to a node: its requirers, and theirs."""
        found: set[KT] = set()
        waiting = [node]
        while waiting:
            for requirer in self._requirers(self.state.criteria[waiting.pop()].information):
                if requirer not in found:
                    found.add(requirer)
                    waiting.append(requirer)
        return found - {node}

    # -- taking back -----------------------------------------------------------------------------------------

    def _retreat(self, node: KT, clashes: Sequence[_Clash[RT, CT, KT]]) -> None:
        """Learn from a dead end and take back the latest decision that has a part in it."""
        criterion = self.state.criteria[node]
        pins = set(self._requirers(criterion.information)).union(*(clash.pins for clash in clashes)) - {node}
        learned: Nogood[RT, CT, KT] = Nogood(
            pins=tuple((pin, self.state.mapping[pin]) for pin in sorted(pins, key=self._places.__getitem__)),
            facts=tuple(_distinct_facts(fact for clash in clashes for fact in clash.facts)),
            because=tuple({id(clash.learned): clash.learned for clash in clashes if clash.learned}.values()),
        )
        if not pins:
            raise Refuted(learned)
        self._r.resolving_conflicts(learned.facts)
        for pin, candidate in learned.pins:
            self._nogoods.setdefault((pin, id(candidate)), []).append(learned)
        self._undo_to(max(self._places[pin] for pin in pins))

    def _undo_to(self, position: int) -> None:
        """Take back the decision at this position of the trail and all later ones."""
        while len(self._trail) > position:
            decision = self._trail.pop()
            del self.state.mapping[decision.node], self._places[decision.node]
            self._restore(decision.before)

    def _restore(self, before: Mapping[KT, Criterion[RT, CT] | None]) -> None:
        for node, criterion in before.items():
            if criterion is None:
                del self.state.criteria[node]
            else:
                self.state.criteria[node] = criterion


def all_facts(learned: Nogood[RT, CT, KT]) -> Iterator[RequirementInformation[RT, CT]]:
    """The demands that clash in a conflict and in all that it rests on, the nearest first, each once."""
    waiting, seen = [learned], {id(learned)}
    for nogood in waiting:
        waiting.extend(inner for inner in nogood.because if id(inner) not in seen)
        seen |= {id(inner) for inner in nogood.because}
    return _distinct_facts(fact for nogood in waiting for fact in nogood.facts)


def _distinct_facts(
    facts: Iterable[RequirementInformation[RT, CT]],
) -> Iterator[RequirementInformation[RT, CT]]:
    return iter({(id(fact.requirement), id(fact.parent)): fact for fact in facts}.values())
