"""What a search has decided so far, what that leaves to choose, and since when and why.

Each decision remembers how things stood before it, so that it can be taken back. A *term* says of a node that it
is needed and that nothing but certain candidates can be chosen for it (`lockenv.resolution.conflicts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic

from resolvelib.structs import CT, KT, RT, RequirementInformation

from lockenv.resolution.domains import Domain, SetProvider
from lockenv.values import dataclass, field

#: All candidates of a node, as a set.
_ALL = -1


@dataclass(frozen=True, slots=True)
class Decision(Generic[RT, CT, KT]):
    """A candidate tried or pinned, its demands, and how things stood before it (None: the node was not there)."""

    node: KT | None
    candidate: CT | None
    demands: dict[KT, list[RT]] = field(default_factory=dict)
    before: dict[KT, tuple[Domain[RT, CT] | None, int | None]] = field(default_factory=dict)


class Trail(Generic[RT, CT, KT]):
    """The state of a search. `touched` is told of every node at which something changes.

    `mapping` has the decided nodes, in the order of `decisions`; `places` says where each stands there. `now` is
    what may still be chosen at each needed node, as a set: one candidate where it is decided.
    """

    def __init__(self, provider: SetProvider[RT, CT, KT], touched: Callable[[KT], None]) -> None:
        self._sets = provider
        self._touched = touched
        self.domains: dict[KT, Domain[RT, CT]] = {}
        self.mapping: dict[KT, CT] = {}
        self.now: dict[KT, int] = {}
        self.decisions: list[Decision[RT, CT, KT]] = []
        self.places: dict[KT, int] = {}

    # -- deciding and taking back ------------------------------------------------------------------------------

    def change(self, node: KT, domain: Domain[RT, CT], now: int, decision: Decision[RT, CT, KT]) -> None:
        """Change what is known of a node, for the sake of a decision."""
        decision.before.setdefault(node, (self.domains.get(node), self.now.get(node)))
        self.domains[node] = domain
        self.now[node] = now
        self._touched(node)

    def pin(self, decision: Decision[RT, CT, KT], node: KT, candidate: CT) -> None:
        """Decide a node, whose changes are made."""
        self.places[node] = len(self.decisions)
        self.decisions.append(decision)
        self.mapping[node] = candidate

    def undo_to(self, place: int) -> None:
        """Take back the decision at this place of the trail and all later ones."""
        while len(self.decisions) > place:
            decision = self.decisions.pop()
            if decision.node is not None:
                del self.mapping[decision.node], self.places[decision.node]
            self.restore(decision)

    def restore(self, decision: Decision[RT, CT, KT]) -> None:
        """Take the changes of one decision back."""
        for node, (domain, now) in decision.before.items():
            if domain is None or now is None:
                del self.domains[node], self.now[node]
            else:
                self.domains[node], self.now[node] = domain, now
            self._touched(node)

    # -- what holds --------------------------------------------------------------------------------------------

    def holds(self, node: KT, candidates: int) -> bool:
        """Whether a node is needed and nothing but these candidates can be chosen for it."""
        now = self.now.get(node)
        if now is None:
            return False
        left = now & ~candidates
        return not left or not left & ~self._sets.unfit(node)

    def held(self, node: KT, candidates: int, decision: Decision[RT, CT, KT]) -> bool:
        """Whether a term held before a decision."""
        _, now = decision.before.get(node, (None, self.now.get(node)))
        return now is not None and not now & ~candidates & ~self._sets.unfit(node)

    def is_shut(self, node: KT, candidates: int) -> bool:
        """Whether no demand gives leave to any of these candidates."""
        domain = self.domains.get(node)
        leave = 0 if domain is None else domain.leave
        return not self._sets.admitted(node, leave, candidates) & ~self._sets.unfit(node)

    # -- since when and why ------------------------------------------------------------------------------------

    def since(self, node: KT, candidates: int) -> int:
        """The place on the trail from which on a term has held; -1 if the roots suffice."""
        domain = self.domains[node]
        outside = ~candidates & ~self._sets.unfit(node)
        reach, leave, since = _ALL, 0, len(self.decisions)
        for information, reached in zip(domain.information, domain.reaches, strict=True):
            reach &= reached
            leave |= self._sets.leave(information.requirement)
            if self._sets.admitted(node, leave, reach & outside):
                since = len(self.decisions)
            else:
                since = min(since, self._place(information.parent))
        return min(since, self.places.get(node, since))

    def _place(self, candidate: CT | None) -> int:
        return -1 if candidate is None else self.places[self._sets.identify(candidate)]

    def blamed(self, terms: Mapping[KT, int]) -> dict[KT, None]:
        """The decided nodes that make terms hold."""
        found: dict[KT, None] = {}
        for node, candidates in terms.items():
            basis = list(self._basis(node, candidates))
            found.update(dict.fromkeys(self.requirers(basis) if basis else (node,)))
        return found

    def grounds(self, terms: Mapping[KT, int]) -> Iterator[RequirementInformation[RT, CT]]:
        """The demands of the roots that make terms hold."""
        for node, candidates in terms.items():
            yield from (each for each in self._basis(node, candidates) if each.parent is None)

    def _basis(self, node: KT, candidates: int) -> Iterator[RequirementInformation[RT, CT]]:
        """Demands that make a term hold, the earliest that do; none if it holds by a decision alone."""
        domain = self.domains[node]
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

    def requirers(self, information: Iterable[RequirementInformation[RT, CT]]) -> Iterator[KT]:
        """The nodes that demands come from, those of the roots left out."""
        return (self._sets.identify(one.parent) for one in information if one.parent is not None)

    def ancestors(self, node: KT) -> set[KT]:
        """The decided nodes that lead to a node: its requirers, and theirs."""
        found: set[KT] = set()
        waiting = [node]
        while waiting:
            for requirer in self.requirers(self.domains[waiting.pop()].information):
                if requirer not in found:
                    found.add(requirer)
                    waiting.append(requirer)
        return found - {node}

    def could_differ(self, node: KT) -> bool:
        """Whether a decided node has another candidate."""
        chosen = self.mapping[node]
        return any(other is not chosen for other in self.domains[node].candidates)
