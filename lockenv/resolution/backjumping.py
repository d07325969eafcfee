"""Our own search on resolvelib's contract: conflict-directed backjumping with learned conflicts and order swaps.

resolvelib's stock loop can miss solutions, return wrong ones and recurse without end (RESOLVER 4.1). This one
keeps its provider, criteria, exceptions and reporter, and replaces `Resolution.resolve` (RESOLVER 4.2):

1. Nodes are decided one by one; the trail remembers what each decision changed, so that it can be taken back.
2. A candidate is rejected by a *clash*: one of its demands leaves a package without candidates, or contradicts
   one that is decided, or makes a conflict apply that was learned before.
3. A node whose every candidate is rejected is a dead end. What its clashes have in common is learned: a conflict
   over sets of candidates (`lockenv.resolution.conflicts`), which rules out whole runs of versions elsewhere
   without trying each with each. The latest decision that has a part in it is taken back. If there is none,
   there is no solution.
4. Where a demand is refused by an earlier decision that could have been made otherwise, the order of the two is
   swapped, each pair once: so the newest version of what is narrower is found before anything is given up.
"""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, ResolutionTooDeep
from resolvelib.resolvers.criterion import Criterion
from resolvelib.resolvers.resolution import Resolution
from resolvelib.structs import CT, KT, RT, IteratorMapping, RequirementInformation, State, build_iter_view

from lockenv.resolution.agenda import Agenda
from lockenv.resolution.conflicts import Clash, Learned, Nogood, all_facts, resolvent

#: After so many rejections for the sake of one earlier pin, the order is swapped.
_PATIENCE = 5

#: All candidates of a node, as a set (see `lockenv.resolution.conflicts`).
_ALL = -1


class SetProvider(AbstractProvider[RT, CT, KT]):
    """What the search asks beyond resolvelib's contract: candidates as sets.

    Each candidate of a node is one bit of an integer. `find_matches` must give the candidates that all demands
    reach, that the leave of these demands admits, and that are not unfit.
    """

    @abstractmethod
    def bit(self, candidate: CT) -> int:
        """The set of this one candidate."""

    @abstractmethod
    def reach(self, requirement: RT) -> int:
        """The candidates of its node that meet a demand, even those that are unfit or need leave."""

    @abstractmethod
    def leave(self, requirement: RT) -> int:
        """The permissions that a demand gives (pre-releases, say), as flags."""

    @abstractmethod
    def admitted(self, identifier: KT, leave: int, among: int) -> int:
        """Those of some candidates that may be chosen with these permissions."""

    @abstractmethod
    def unfit(self, identifier: KT) -> int:
        """The candidates that were found to be unfit, whatever is demanded; the set only grows."""


class Domain(Criterion[RT, CT]):
    """A criterion with its candidates as sets: those that all demands reach, and those of them that may be chosen.

    `reaches` stands beside `information`.
    """

    def __init__(
        self,
        candidates: Iterable[CT],
        information: list[RequirementInformation[RT, CT]],
        *,
        reaches: list[int],
        reach: int,
        leave: int,
        choice: int,
    ) -> None:
        super().__init__(candidates, information, [])
        self.information: list[RequirementInformation[RT, CT]] = information
        self.reaches = reaches
        self.reach = reach
        self.leave = leave
        self.choice = choice
        self.preference: Any = None


class Refuted(ResolutionImpossible[RT, CT], Generic[RT, CT, KT]):
    """There is no solution, and `conflict`, which holds whatever is decided, says why."""

    def __init__(self, conflict: Nogood[RT, CT, KT]) -> None:
        super().__init__(list(all_facts(conflict)))
        self.conflict = conflict


@dataclass(frozen=True, slots=True)
class _Decision(Generic[RT, CT, KT]):
    """A candidate tried or pinned, its demands, and how things stood before it (None: the node was not there)."""

    node: KT | None
    candidate: CT | None
    demands: dict[KT, list[RT]] = field(default_factory=dict)
    before: dict[KT, tuple[Domain[RT, CT] | None, int | None]] = field(default_factory=dict)


class Backjumping(Resolution[RT, CT, KT]):
    """One search. `max_rounds` bounds decisions and dead ends, never time."""

    def __init__(self, provider: SetProvider[RT, CT, KT], reporter: BaseReporter[RT, CT, KT]) -> None:
        super().__init__(provider, reporter)
        self._sets = provider
        self._domains: dict[KT, Domain[RT, CT]] = {}
        self._mapping: dict[KT, CT] = {}
        #: What may still be chosen at each needed node, as a set: one candidate where it is decided.
        self._now: dict[KT, int] = {}
        self._trail: list[_Decision[RT, CT, KT]] = []
        self._places: dict[KT, int] = {}
        self._learned: Learned[RT, CT, KT] = Learned(self._holds, self._is_shut)
        self._rejected: dict[tuple[KT, int], Clash[RT, CT, KT]] = {}
        self._promoted: dict[KT, int] = {}
        self._swapped: set[frozenset[KT]] = set()
        self._agenda = Agenda(self._pressing)
        self._candidates = IteratorMapping(self._domains, operator.attrgetter("candidates"))
        self._information = IteratorMapping(self._domains, operator.attrgetter("information"))

    def resolve(self, requirements: Iterable[RT], max_rounds: int) -> State[RT, CT, KT]:
        """Find candidates for all requirements and what follows from them.

        Raises `Refuted` where there are none, `ResolutionTooDeep` at the bound.
        """
        if self._states:
            msg = "already resolved"
            raise RuntimeError(msg)
        self._r.starting()
        state: State[RT, CT, KT] = State(
            mapping=self._mapping, criteria=dict[KT, Criterion[RT, CT]](), backtrack_causes=[]
        )
        state = state._replace(criteria=self._domains)  # type: ignore[arg-type]  # a dict of a kind of criteria
        self._states = [state]
        self._require(requirements)
        for index in range(max_rounds):
            self._r.starting_round(index)
            node = self._agenda.first()
            if node is None:
                self._r.ending(state)
                return state
            self._decide(node)
            self._r.ending_round(index, state)
        raise ResolutionTooDeep(max_rounds)

    def _require(self, requirements: Iterable[RT]) -> None:
        roots: _Decision[RT, CT, KT] = _Decision(None, None)
        for requirement in requirements:
            clash = self._demand(requirement, roots)
            if clash is not None:
                facts = (*clash.facts, *self._grounds(clash.terms))
                raise Refuted(Nogood(terms=clash.terms, shut=clash.shut, facts=facts, because=()))

    def _pressing(self, node: KT) -> tuple[int, object] | None:
        """When a node is decided; a domain's preference is asked for once, since only its demands decide it."""
        domain = self._domains.get(node)
        if domain is None or node in self._mapping:
            return None
        if domain.preference is None:
            domain.preference = self._p.get_preference(
                identifier=node,
                resolutions=self._mapping,
                candidates=self._candidates,
                information=self._information,
                backtrack_causes=(),
            )
        return self._promoted.get(node, 0), domain.preference

    # -- what holds now --------------------------------------------------------------------------------------

    def _holds(self, node: KT, candidates: int) -> bool:
        """Whether a node is needed and nothing but these candidates can be chosen for it."""
        now = self._now.get(node)
        if now is None:
            return False
        left = now & ~candidates
        return not left or not left & ~self._sets.unfit(node)

    def _is_shut(self, node: KT, candidates: int) -> bool:
        domain = self._domains.get(node)
        leave = 0 if domain is None else domain.leave
        return not self._sets.admitted(node, leave, candidates) & ~self._sets.unfit(node)

    # -- deciding ----------------------------------------------------------------------------------------

    def _decide(self, node: KT) -> None:
        """Pin the first candidate that does not clash; swap an order or take a decision back if none is left."""
        clashes: list[Clash[RT, CT, KT]] = []
        blame: dict[KT, int] = {}
        domain = self._domains[node]
        for candidate in domain.candidates:
            clash = self._again(node, candidate) or self._pin(node, candidate)
            if clash is None:
                return
            self._r.rejecting_candidate(domain, candidate)
            clashes.append(clash)
            if (earlier := self._worth_swapping(node, clash, blame)) is not None:
                self._swap(node, earlier)
                return
        self._retreat(node, clashes)

    def _again(self, node: KT, candidate: CT) -> Clash[RT, CT, KT] | None:
        """The clash that this candidate was last rejected by, if it would be again."""
        clash = self._rejected.get((node, self._sets.bit(candidate)))
        if clash is None or not all(self._holds(other, these) for other, these in clash.terms.items()):
            return None
        return clash if self._learned.applies(clash.shut) else None

    def _pin(self, node: KT, candidate: CT) -> Clash[RT, CT, KT] | None:
        decision: _Decision[RT, CT, KT] = _Decision(node, candidate)
        clash = self._try(node, candidate, decision)
        if clash is not None:
            self._restore(decision)
            self._rejected[node, self._sets.bit(candidate)] = clash
            return clash
        self._r.pinning(candidate)
        self._places[node] = len(self._trail)
        self._trail.append(decision)
        self._mapping[node] = candidate
        return None

    def _try(self, node: KT, candidate: CT, decision: _Decision[RT, CT, KT]) -> Clash[RT, CT, KT] | None:
        """Let things stand as if the candidate were chosen, until something clashes."""
        self._change(node, self._domains[node], self._sets.bit(candidate), decision)
        known = self._learned.applying(node)
        if known is not None:
            return self._clash_with(known, decision)
        for requirement in self._p.get_dependencies(candidate):
            clash = self._demand(requirement, decision)
            if clash is not None:
                return clash
        return None

    def _change(self, node: KT, domain: Domain[RT, CT], now: int, decision: _Decision[RT, CT, KT]) -> None:
        decision.before.setdefault(node, (self._domains.get(node), self._now.get(node)))
        self._domains[node] = domain
        self._now[node] = now
        self._agenda.touch(node)

    def _demand(self, requirement: RT, decision: _Decision[RT, CT, KT]) -> Clash[RT, CT, KT] | None:
        """Add one demand, made by a decision's candidate, to its node's domain."""
        self._r.adding_requirement(requirement, decision.candidate)
        node = self._p.identify(requirement)
        decision.demands.setdefault(node, []).append(requirement)
        domain = self._widened(node, requirement, decision.candidate)
        now = self._now.get(node)
        if now is not None and (node == decision.node or node in self._mapping):
            if not now & domain.reach:
                return self._clash_at(node, requirement, decision)
            self._change(node, domain, now, decision)
            return None
        if not domain.choice or not domain.candidates:
            return self._clash_at(node, requirement, decision)
        self._change(node, domain, domain.choice, decision)
        known = self._learned.applying(node) if domain.choice != now else None
        return None if known is None else self._clash_with(known, decision)

    def _widened(self, node: KT, requirement: RT, parent: CT | None) -> Domain[RT, CT]:
        """A node's domain with one more demand on it."""
        old = self._domains.get(node)
        reach, leave = self._sets.reach(requirement), self._sets.leave(requirement)
        information = RequirementInformation(requirement, parent)
        if old is None:
            candidates = self._matches(node, requirement)
            choice = self._sets.admitted(node, leave, reach)
            return Domain(candidates, [information], reaches=[reach], reach=reach, leave=leave, choice=choice)
        both, either = old.reach & reach, old.leave | leave
        same = both == old.reach and either == old.leave
        candidates = old.candidates if same or node in self._mapping else self._matches(node, requirement)
        return Domain(
            candidates,
            [*old.information, information],
            reaches=[*old.reaches, reach],
            reach=both,
            leave=either,
            choice=old.choice if same else self._sets.admitted(node, either, both),
        )

    def _matches(self, node: KT, requirement: RT) -> Iterable[CT]:
        criteria = self._domains
        return build_iter_view(
            self._p.find_matches(
                identifier=node,
                requirements=IteratorMapping(
                    criteria, operator.methodcaller("iter_requirement"), {node: [requirement]}
                ),
                incompatibilities=IteratorMapping(criteria, operator.attrgetter("incompatibilities"), {node: []}),
            )
        )

    # -- clashes ---------------------------------------------------------------------------------------------

    def _clash_at(self, node: KT, requirement: RT, decision: _Decision[RT, CT, KT]) -> Clash[RT, CT, KT]:
        """The clash of a candidate whose demands on a node leave nothing there."""
        terms: dict[KT, int] = {}
        shut: dict[KT, int] = {}
        if node != decision.node:
            self._leave_behind(node, 0, decision, terms, shut)
        return Clash(
            own=self._own(decision),
            terms=terms,
            shut=shut,
            facts=tuple(self._made(node, decision)),
            about=node,
            demand=requirement,
        )

    def _clash_with(self, known: Nogood[RT, CT, KT], decision: _Decision[RT, CT, KT]) -> Clash[RT, CT, KT]:
        """The clash of a candidate that makes a learned conflict apply: what of it held before the candidate."""
        terms: dict[KT, int] = {}
        shut = dict(known.shut)
        facts: list[RequirementInformation[RT, CT]] = []
        own = covered = self._own(decision)
        for node, candidates in known.terms.items():
            if node == decision.node:
                covered = candidates
            elif node not in decision.demands or self._held(node, candidates, decision):
                terms[node] = candidates
            else:
                self._leave_behind(node, candidates, decision, terms, shut)
                facts.extend(self._made(node, decision))
        # Where nothing rests on this very candidate's demands, what was learned speaks of others as well.
        return Clash(own=own if facts else covered, terms=terms, shut=shut, facts=tuple(facts), learned=known)

    def _held(self, node: KT, candidates: int, decision: _Decision[RT, CT, KT]) -> bool:
        """Whether a term held before a decision."""
        _, now = decision.before.get(node, (None, self._now.get(node)))
        return now is not None and not now & ~candidates & ~self._sets.unfit(node)

    def _leave_behind(
        self,
        node: KT,
        candidates: int,
        decision: _Decision[RT, CT, KT],
        terms: dict[KT, int],
        shut: dict[KT, int],
    ) -> None:
        """Say what must hold beside a decision's own demands on a node, so that only `candidates` are left."""
        made = _ALL
        for requirement in decision.demands[node]:
            made &= self._sets.reach(requirement)
        beyond = made & ~candidates & ~self._sets.unfit(node)
        if beyond and self._held(node, candidates | ~made, decision):
            terms[node] = candidates | ~made
        elif beyond:
            # Nobody else demands the node, so that leave is all that is wanting.
            shut[node] = shut.get(node, 0) | beyond

    def _own(self, decision: _Decision[RT, CT, KT]) -> int:
        return 0 if decision.candidate is None else self._sets.bit(decision.candidate)

    def _made(self, node: KT, decision: _Decision[RT, CT, KT]) -> Iterator[RequirementInformation[RT, CT]]:
        return (RequirementInformation(each, decision.candidate) for each in decision.demands[node])

    # -- why a term holds ------------------------------------------------------------------------------------

    def _since(self, node: KT, candidates: int) -> int:
        """The place on the trail from which on a term has held; -1 if the roots suffice."""
        domain = self._domains[node]
        outside = ~candidates & ~self._sets.unfit(node)
        reach, leave, since = _ALL, 0, len(self._trail)
        for information, reached in zip(domain.information, domain.reaches, strict=True):
            reach &= reached
            leave |= self._sets.leave(information.requirement)
            if self._sets.admitted(node, leave, reach & outside):
                since = len(self._trail)
            else:
                since = min(since, self._place(information.parent))
        return min(since, self._places.get(node, since))

    def _place(self, candidate: CT | None) -> int:
        return -1 if candidate is None else self._places[self._p.identify(candidate)]

    def _basis(self, node: KT, candidates: int) -> Iterator[RequirementInformation[RT, CT]]:
        """Demands that make a term hold, the earliest that do; none if it holds by a decision alone."""
        domain = self._domains[node]
        outside = self._sets.admitted(node, domain.leave, ~candidates & ~self._sets.unfit(node))
        if domain.reach & outside:
            return
        for number, (information, reached) in enumerate(zip(domain.information, domain.reaches, strict=True)):
            # The first demand is what needs the node at all.
            if outside & ~reached or (not outside and number == 0):
                outside &= reached
                yield information
            if not outside:
                return

    def _blamed(self, clash: Clash[RT, CT, KT]) -> dict[KT, None]:
        """The decided nodes that make a clash's terms hold."""
        found: dict[KT, None] = {}
        for node, candidates in clash.terms.items():
            basis = list(self._basis(node, candidates))
            found.update(dict.fromkeys(self._requirers(basis) if basis else (node,)))
        return found

    def _grounds(self, terms: Mapping[KT, int]) -> Iterator[RequirementInformation[RT, CT]]:
        """The demands of the roots that make terms hold."""
        for node, candidates in terms.items():
            yield from (each for each in self._basis(node, candidates) if each.parent is None)

    def _requirers(self, information: Iterable[RequirementInformation[RT, CT]]) -> Iterator[KT]:
        return (self._p.identify(one.parent) for one in information if one.parent is not None)

    # -- swapping ------------------------------------------------------------------------------------------

    def _worth_swapping(self, node: KT, clash: Clash[RT, CT, KT], blame: dict[KT, int]) -> KT | None:
        """The earlier pin that had better be decided after this node, if there is one."""
        suspects: list[KT]
        if clash.about is not None and clash.demand is not None and clash.about in self._mapping:
            suspects = self._movable(clash.about, clash.demand)
        else:
            blamed = self._blamed(clash)
            for pin in blamed:
                blame[pin] = blame.get(pin, 0) + 1
            suspects = [pin for pin in blamed if blame[pin] >= _PATIENCE and self._could_differ(pin)]
        if not suspects:
            return None
        ancestors = self._ancestors(node)
        free = [pin for pin in suspects if frozenset({node, pin}) not in self._swapped and pin not in ancestors]
        return max(free, key=self._places.__getitem__, default=None)

    def _movable(self, refuter: KT, demand: RT) -> list[KT]:
        """The pins that would have to be chosen otherwise for a refused demand to be met.

        That is the pin itself if the other demands on it leave a candidate for this one; else it is only what
        those others made of it, so those of its requirers that could differ.
        """
        domain = self._domains[refuter]
        # Asked anew, because the demand itself may give leave that nobody else did.
        if domain.reach & self._sets.reach(demand) and self._matches(refuter, demand):
            return [refuter]
        requirers = dict.fromkeys(self._requirers(domain.information))
        return [pin for pin in requirers if pin in self._mapping and self._could_differ(pin)]

    def _could_differ(self, node: KT) -> bool:
        """Whether a decided node has another candidate."""
        chosen = self._mapping[node]
        return any(other is not chosen for other in self._domains[node].candidates)

    def _swap(self, node: KT, earlier: KT) -> None:
        """Take `earlier` back and let this node, and those after `earlier` that led to it, be decided first."""
        self._swapped.add(frozenset({node, earlier}))
        since = self._places[earlier]
        rank = min(self._promoted.values(), default=0) - 1
        for each in (node, *(pin for pin in self._ancestors(node) if self._places[pin] > since)):
            self._promoted[each] = rank
            self._agenda.touch(each)
        self._undo_to(since)

    def _ancestors(self, node: KT) -> set[KT]:
        """The decided nodes that lead to a node: its requirers, and theirs."""
        found: set[KT] = set()
        waiting = [node]
        while waiting:
            for requirer in self._requirers(self._domains[waiting.pop()].information):
                if requirer not in found:
                    found.add(requirer)
                    waiting.append(requirer)
        return found - {node}

    # -- taking back -----------------------------------------------------------------------------------------

    def _retreat(self, node: KT, clashes: Iterable[Clash[RT, CT, KT]]) -> None:
        """Learn from a dead end and take back the latest decision that has a part in it."""
        learned = resolvent(node, clashes)
        since = {other: self._since(other, candidates) for other, candidates in learned.terms.items()}
        latest = max(since, key=since.__getitem__)
        if since[latest] < 0:
            raise Refuted(replace(learned, facts=(*learned.facts, *self._grounds(learned.terms))))
        self._r.resolving_conflicts(learned.facts)
        self._undo_to(since[latest])
        self._learned.add(learned, latest)

    def _undo_to(self, place: int) -> None:
        """Take back the decision at this place of the trail and all later ones."""
        while len(self._trail) > place:
            decision = self._trail.pop()
            if decision.node is not None:
                del self._mapping[decision.node], self._places[decision.node]
            self._restore(decision)

    def _restore(self, decision: _Decision[RT, CT, KT]) -> None:
        for node, (domain, now) in decision.before.items():
            if domain is None or now is None:
                del self._domains[node], self._now[node]
            else:
                self._domains[node], self._now[node] = domain, now
            self._agenda.touch(node)
