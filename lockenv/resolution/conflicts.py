"""Conflicts: what a search learns, and how it is found again.

Candidates of a node are spoken of as sets, written as the bits of an integer; a negative integer is a set without
end, 'all but these'. So one conflict covers whole runs of versions, and to see whether it applies costs a few
operations on integers, however long the listings are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic

from resolvelib.structs import CT, KT, RT, RequirementInformation

from lockenv.values import dataclass

#: So many conflicts wait at one node at most; the oldest are forgotten. What is forgotten may be learned again.
_MOST_WATCHED = 4096


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Nogood(Generic[RT, CT, KT]):
    """What cannot be in any solution: that each node of `terms` is needed and one of these candidates is chosen.

    It is so unless a demand gives leave to one of the candidates in `shut`, such as a pre-release. `facts` are the
    demands that say so, `because` the conflicts that it rests on; both hold whatever was decided.
    """

    terms: Mapping[KT, int]
    shut: Mapping[KT, int]
    facts: tuple[RequirementInformation[RT, CT], ...]
    because: tuple[Nogood[RT, CT, KT], ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Clash(Generic[RT, CT, KT]):
    """Why candidates of a node (`own`, as a set) were rejected: a conflict of which the node is one term.

    `terms` are the others. Where a demand of the candidate was refused by one node, that is `about`, and `demand`.
    """

    own: int
    terms: Mapping[KT, int]
    shut: Mapping[KT, int]
    facts: tuple[RequirementInformation[RT, CT], ...]
    learned: Nogood[RT, CT, KT] | None = None
    about: KT | None = None
    demand: RT | None = None


def resolvent(node: KT, clashes: Iterable[Clash[RT, CT, KT]]) -> Nogood[RT, CT, KT]:
    """Draw the conclusion from several clashes of one node: what they have in common cannot be."""
    own = 0
    terms: dict[KT, int] = {}
    shut: dict[KT, int] = {}
    facts: dict[tuple[int, int], RequirementInformation[RT, CT]] = {}
    because: dict[int, Nogood[RT, CT, KT]] = {}
    for clash in clashes:
        own |= clash.own
        for other, candidates in clash.terms.items():
            terms[other] = terms.get(other, -1) & candidates
        for other, candidates in clash.shut.items():
            shut[other] = shut.get(other, 0) | candidates
        facts.update(((id(fact.requirement), id(fact.parent)), fact) for fact in clash.facts)
        if clash.learned is not None:
            because[id(clash.learned)] = clash.learned
    return Nogood(
        terms={node: own, **terms}, shut=shut, facts=tuple(facts.values()), because=tuple(because.values())
    )


def all_facts(conflict: Nogood[RT, CT, KT]) -> Iterator[RequirementInformation[RT, CT]]:
    """The demands that clash in a conflict and in all that it rests on, the nearest first, each once."""
    facts = (fact for nogood in derivation(conflict) for fact in nogood.facts)
    return iter({(id(fact.requirement), id(fact.parent)): fact for fact in facts}.values())


def derivation(conflict: Nogood[RT, CT, KT]) -> list[Nogood[RT, CT, KT]]:
    """A conflict and all that it rests on, the nearest first, each once."""
    found, seen = [conflict], {id(conflict)}
    for nogood in found:
        found.extend(inner for inner in nogood.because if id(inner) not in seen)
        seen |= {id(inner) for inner in nogood.because}
    return found


class Learned(Generic[RT, CT, KT]):
    """The conflicts that were learned, each waiting at one of its terms that does not hold.

    `holds` says whether a term holds now, `is_shut` whether nothing gives leave to candidates now.
    """

    def __init__(self, holds: Callable[[KT, int], bool], is_shut: Callable[[KT, int], bool]) -> None:
        self._holds = holds
        self._is_shut = is_shut
        self._waiting: dict[KT, list[Nogood[RT, CT, KT]]] = {}

    def add(self, nogood: Nogood[RT, CT, KT], node: KT) -> None:
        """Let a conflict wait at a node whose term does not hold; those that it covers are forgotten."""
        waiting = self._waiting.get(node, [])
        kept = [other for other in waiting if not _covers(nogood, other)]
        self._waiting[node] = [*kept[-_MOST_WATCHED + 1 :], nogood]

    def applying(self, node: KT) -> Nogood[RT, CT, KT] | None:
        """A conflict all of whose terms hold, now that there is less choice at this node."""
        waiting = self._waiting.get(node)
        if not waiting:
            return None
        kept: list[Nogood[RT, CT, KT]] = []
        for position, nogood in enumerate(waiting):
            elsewhere = self._elsewhere(nogood, node)
            if elsewhere is not None and elsewhere != node:
                self._waiting.setdefault(elsewhere, []).append(nogood)
                continue
            kept.append(nogood)
            if elsewhere is None and self.applies(nogood.shut):
                self._waiting[node] = [*kept, *waiting[position + 1 :]]
                return nogood
        self._waiting[node] = kept
        return None

    def applies(self, shut: Mapping[KT, int]) -> bool:
        """Whether nothing gives leave to any of these candidates."""
        return all(self._is_shut(node, candidates) for node, candidates in shut.items())

    def _elsewhere(self, nogood: Nogood[RT, CT, KT], node: KT) -> KT | None:
        """A term that does not hold, this node's if possible; None if all hold."""
        if not self._holds(node, nogood.terms[node]):
            return node
        return next((other for other, these in nogood.terms.items() if not self._holds(other, these)), None)


def _covers(one: Nogood[RT, CT, KT], other: Nogood[RT, CT, KT]) -> bool:
    """Whether a conflict applies wherever another does."""
    return all(
        node in other.terms and not other.terms[node] & ~candidates for node, candidates in one.terms.items()
    ) and all(not candidates & ~other.shut.get(node, 0) for node, candidates in one.shut.items())
