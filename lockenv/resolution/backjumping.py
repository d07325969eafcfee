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
from collections.abc import Iterable, Iterator
from typing import Generic, cast

from resolvelib import BaseReporter, ResolutionImpossible, ResolutionTooDeep
from resolvelib.resolvers.criterion import Criterion
from resolvelib.resolvers.resolution import Resolution
from resolvelib.structs import CT, KT, RT, IteratorMapping, RequirementInformation, State, build_iter_view

from lockenv.resolution.agenda import Agenda
from lockenv.resolution.conflicts import Clash, Learned, Nogood, all_facts, resolvent
from lockenv.resolution.domains import Domain, SetProvider
from lockenv.resolution.trail import Decision, Trail
from lockenv.values import replace

#: After so many rejections for the sake of one earlier pin, the order is swapped.
_PATIENCE = 5

#: A candidate that demands more of one node than this is no longer heard where it adds nothing: metadata may have
#: ten thousands of lines, and each one heard is gone through at every further one.
_MOST_TOLD = 64

#: All candidates of a node, as a set (see `lockenv.resolution.conflicts`).
_ALL = -1


class Refuted(ResolutionImpossible[RT, CT], Generic[RT, CT, KT]):
    """There is no solution, and `conflict`, which holds whatever is decided, says why."""

    def __init__(self, conflict: Nogood[RT, CT, KT]) -> None:
        super().__init__(list(all_facts(conflict)))
        self.conflict = conflict


class Backjumping(Resolution[RT, CT, KT]):
    """One search. `max_rounds` bounds decisions and dead ends, never time."""

    def __init__(self, provider: SetProvider[RT, CT, KT], reporter: BaseReporter[RT, CT, KT]) -> None:
        super().__init__(provider, reporter)
        self._sets = provider
        self._agenda = Agenda(self._pressing)
        self._trail: Trail[RT, CT, KT] = Trail(provider, self._agenda.touch)
        self._learned: Learned[RT, CT, KT] = Learned(self._trail.holds, self._trail.is_shut)
        self._rejected: dict[tuple[KT, int], Clash[RT, CT, KT]] = {}
        self._promoted: dict[KT, int] = {}
        self._swapped: set[frozenset[KT]] = set()
        self._candidates = IteratorMapping(self._trail.domains, operator.attrgetter("candidates"))
        self._information = IteratorMapping(self._trail.domains, operator.attrgetter("information"))

    def resolve(self, requirements: Iterable[RT], max_rounds: int) -> State[RT, CT, KT]:
        """Find candidates for all requirements and what follows from them.

        Raises `Refuted` where there are none, `ResolutionTooDeep` at the bound.
        """
        if self._states:
            msg = "already resolved"
            raise RuntimeError(msg)
        self._r.starting()
        criteria = cast("dict[KT, Criterion[RT, CT]]", self._trail.domains)
        state: State[RT, CT, KT] = State(self._trail.mapping, criteria, backtrack_causes=[])
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
        roots: Decision[RT, CT, KT] = Decision(None, None)
        for requirement in requirements:
            clash = self._demand(requirement, roots)
            if clash is not None:
                facts = (*clash.facts, *self._trail.grounds(clash.terms))
                raise Refuted(Nogood(terms=clash.terms, shut=clash.shut, facts=facts, because=()))

    def _pressing(self, node: KT) -> tuple[int, object] | None:
        """When a node is decided; a domain's preference is asked for once, since only its demands decide it."""
        domain = self._trail.domains.get(node)
        if domain is None or node in self._trail.mapping:
            return None
        if domain.preference is None:
            domain.preference = self._p.get_preference(
                identifier=node,
                resolutions=self._trail.mapping,
                candidates=self._candidates,
                information=self._information,
                backtrack_causes=(),
            )
        return self._promoted.get(node, 0), domain.preference

    # -- deciding ----------------------------------------------------------------------------------------

    def _decide(self, node: KT) -> None:
        """Pin the first candidate that does not clash; swap an order or take a decision back if none is left."""
        clashes: list[Clash[RT, CT, KT]] = []
        blame: dict[KT, int] = {}
        domain = self._trail.domains[node]
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
        if clash is None or not all(self._trail.holds(other, these) for other, these in clash.terms.items()):
            return None
        return clash if self._learned.applies(clash.shut) else None

    def _pin(self, node: KT, candidate: CT) -> Clash[RT, CT, KT] | None:
        decision: Decision[RT, CT, KT] = Decision(node, candidate)
        clash = self._try(node, candidate, decision)
        if clash is not None:
            self._trail.restore(decision)
            self._rejected[node, self._sets.bit(candidate)] = clash
            return clash
        self._r.pinning(candidate)
        self._trail.pin(decision, node, candidate)
        return None

    def _try(self, node: KT, candidate: CT, decision: Decision[RT, CT, KT]) -> Clash[RT, CT, KT] | None:
        """Let things stand as if the candidate were chosen, until something clashes."""
        self._trail.change(node, self._trail.domains[node], self._sets.bit(candidate), decision)
        known = self._learned.applying(node)
        if known is not None:
            return self._clash_with(known, decision)
        for requirement in self._p.get_dependencies(candidate):
            clash = self._demand(requirement, decision)
            if clash is not None:
                return clash
        return self._refused(node, candidate)

    def _demand(self, requirement: RT, decision: Decision[RT, CT, KT]) -> Clash[RT, CT, KT] | None:
        """Add one demand, made by a decision's candidate, to its node's domain."""
        self._r.adding_requirement(requirement, decision.candidate)
        node = self._p.identify(requirement)
        decision.demands.setdefault(node, []).append(requirement)
        domain = self._widened(node, requirement, decision)
        now = self._trail.now.get(node)
        if now is not None and (node == decision.node or node in self._trail.mapping):
            if not now & domain.reach:
                return self._clash_at(node, requirement, decision)
            self._trail.change(node, domain, now, decision)
            return self._refusing(node, requirement, now, decision)
        if not domain.choice or not domain.candidates:
            return self._clash_at(node, requirement, decision)
        self._trail.change(node, domain, domain.choice, decision)
        known = self._learned.applying(node) if domain.choice != now else None
        return None if known is None else self._clash_with(known, decision)

    def _widened(self, node: KT, requirement: RT, decision: Decision[RT, CT, KT]) -> Domain[RT, CT]:
        """A node's domain with one more demand on it, of a decision's candidate."""
        old = self._trail.domains.get(node)
        reach, leave = self._sets.reach(requirement), self._sets.leave(requirement)
        information = RequirementInformation(requirement, decision.candidate)
        if old is None:
            candidates = self._matches(node, requirement)
            choice = self._sets.admitted(node, leave, reach)
            return Domain(candidates, [information], reaches=[reach], reach=reach, leave=leave, choice=choice)
        both, either = old.reach & reach, old.leave | leave
        same = both == old.reach and either == old.leave
        if same and len(decision.demands[node]) > _MOST_TOLD:
            return old
        candidates = old.candidates if same or node in self._trail.mapping else self._matches(node, requirement)
        return Domain(
            candidates,
            [*old.information, information],
            reaches=[*old.reaches, reach],
            reach=both,
            leave=either,
            choice=old.choice if same else self._sets.admitted(node, either, both),
        )

    def _matches(self, node: KT, requirement: RT) -> Iterable[CT]:
        criteria = self._trail.domains
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

    def _clash_at(self, node: KT, requirement: RT, decision: Decision[RT, CT, KT]) -> Clash[RT, CT, KT]:
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

    def _refused(self, node: KT, candidate: CT) -> Clash[RT, CT, KT] | None:
        """The clash of a candidate that a demand of an earlier decision does not take, on a closer look."""
        for information in self._trail.domains[node].information:
            if self._sets.refuses(information.requirement, candidate):
                parent = information.parent
                own = self._sets.bit(candidate)
                terms = {} if parent is None else {self._sets.identify(parent): self._sets.bit(parent)}
                return Clash(own=own, terms=terms if node not in terms else {}, shut={}, facts=(information,))
        return None

    def _refusing(
        self, node: KT, requirement: RT, now: int, decision: Decision[RT, CT, KT]
    ) -> Clash[RT, CT, KT] | None:
        """The clash of a candidate whose demand does not take what was decided earlier, on a closer look."""
        chosen = self._trail.mapping.get(node)
        if chosen is None or not self._sets.refuses(requirement, chosen):
            return None
        return Clash(
            own=self._own(decision),
            terms={node: now},
            shut={},
            facts=(RequirementInformation(requirement, decision.candidate),),
            about=node,
            demand=requirement,
        )

    def _clash_with(self, known: Nogood[RT, CT, KT], decision: Decision[RT, CT, KT]) -> Clash[RT, CT, KT]:
        """The clash of a candidate that makes a learned conflict apply: what of it held before the candidate."""
        terms: dict[KT, int] = {}
        shut = dict(known.shut)
        facts: list[RequirementInformation[RT, CT]] = []
        own = covered = self._own(decision)
        for node, candidates in known.terms.items():
            if node == decision.node:
                covered = candidates
            elif node not in decision.demands or self._trail.held(node, candidates, decision):
                terms[node] = candidates
            else:
                self._leave_behind(node, candidates, decision, terms, shut)
                facts.extend(self._made(node, decision))
        # Where nothing rests on this very candidate's demands, what was learned speaks of others as well.
        return Clash(own=own if facts else covered, terms=terms, shut=shut, facts=tuple(facts), learned=known)

    def _leave_behind(
        self,
        node: KT,
        candidates: int,
        decision: Decision[RT, CT, KT],
        terms: dict[KT, int],
        shut: dict[KT, int],
    ) -> None:
        """Say what must hold beside a decision's own demands on a node, so that only `candidates` are left."""
        made = _ALL
        for requirement in decision.demands[node]:
            made &= self._sets.reach(requirement)
        beyond = made & ~candidates & ~self._sets.unfit(node)
        if beyond and self._trail.held(node, candidates | ~made, decision):
            terms[node] = candidates | ~made
        elif beyond:
            # Nobody else demands the node, so that leave is all that is wanting.
            shut[node] = shut.get(node, 0) | beyond

    def _own(self, decision: Decision[RT, CT, KT]) -> int:
        return 0 if decision.candidate is None else self._sets.bit(decision.candidate)

    def _made(self, node: KT, decision: Decision[RT, CT, KT]) -> Iterator[RequirementInformation[RT, CT]]:
        return (RequirementInformation(each, decision.candidate) for each in decision.demands[node])

    # -- swapping ------------------------------------------------------------------------------------------

    def _worth_swapping(self, node: KT, clash: Clash[RT, CT, KT], blame: dict[KT, int]) -> KT | None:
        """The earlier pin that had better be decided after this node, if there is one."""
        suspects: list[KT]
        if clash.about is not None and clash.demand is not None and clash.about in self._trail.mapping:
            suspects = self._movable(clash.about, clash.demand)
        else:
            blamed = self._trail.blamed(clash.terms)
            for pin in blamed:
                blame[pin] = blame.get(pin, 0) + 1
            suspects = [pin for pin in blamed if blame[pin] >= _PATIENCE and self._trail.could_differ(pin)]
        if not suspects:
            return None
        ancestors = self._trail.ancestors(node)
        free = [pin for pin in suspects if frozenset({node, pin}) not in self._swapped and pin not in ancestors]
        return max(free, key=self._trail.places.__getitem__, default=None)

    def _movable(self, refuter: KT, demand: RT) -> list[KT]:
        """The pins that would have to be chosen otherwise for a refused demand to be met.

        That is the pin itself if the other demands on it leave a candidate for this one; else it is only what
        those others made of it, so those of its requirers that could differ.
        """
        domain = self._trail.domains[refuter]
        # Asked anew, because the demand itself may give leave that nobody else did.
        if domain.reach & self._sets.reach(demand) and self._matches(refuter, demand):
            return [refuter]
        requirers = dict.fromkeys(self._trail.requirers(domain.information))
        return [pin for pin in requirers if pin in self._trail.mapping and self._trail.could_differ(pin)]

    def _swap(self, node: KT, earlier: KT) -> None:
        """Take `earlier` back and let this node, and those after `earlier` that led to it, be decided first."""
        self._swapped.add(frozenset({node, earlier}))
        since = self._trail.places[earlier]
        rank = min(self._promoted.values(), default=0) - 1
        for each in (node, *(pin for pin in self._trail.ancestors(node) if self._trail.places[pin] > since)):
            self._promoted[each] = rank
            self._agenda.touch(each)
        self._trail.undo_to(since)

    # -- taking back -----------------------------------------------------------------------------------------

    def _retreat(self, node: KT, clashes: Iterable[Clash[RT, CT, KT]]) -> None:
        """Learn from a dead end and take back the latest decision that has a part in it."""
        learned = resolvent(node, clashes)
        since = {other: self._trail.since(other, candidates) for other, candidates in learned.terms.items()}
        latest = max(since, key=since.__getitem__)
        if since[latest] < 0:
            raise Refuted(replace(learned, facts=(*learned.facts, *self._trail.grounds(learned.terms))))
        self._r.resolving_conflicts(learned.facts)
        self._trail.undo_to(since[latest])
        self._learned.add(learned, latest)
