"""The search, behind a narrow seam: demands and a provider go in, one candidate per node comes out.

The loop is our own (`lockenv.resolution.backjumping`) on resolvelib's contract. Its answer is reduced to what
can be reached from the roots, and `lockenv.resolution.closure` judges it before anybody uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from resolvelib import BaseReporter, ResolutionTooDeep
from resolvelib.structs import State

from lockenv.events import Reporter, StageAdvanced
from lockenv.graph import Node, reached
from lockenv.resolution.backjumping import Backjumping, Refuted
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.conflicts import Nogood, all_facts
from lockenv.resolution.demands import Demand, Want
from lockenv.resolution.provider import Information, Provider
from lockenv.values import dataclass

Conflict: TypeAlias = Nogood[Want, Candidate, Node]

#: The bound of the search, in rounds and never in time, so that the answer is the same on every machine.
MAX_ROUNDS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One candidate for each node that the roots reach, and the edges between them."""

    candidates: dict[Node, Candidate]
    edges: dict[Node, tuple[Node, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEnd:
    """No candidates satisfy the demands.

    `conflict` is the derivation: what cannot be, the demands that say so, and the conflicts that it rests on.
    """

    conflict: Conflict

    @property
    def causes(self) -> tuple[Information, ...]:
        """All demands that have a part in it, and who made them, each once."""
        return tuple(all_facts(self.conflict))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhausted:
    """The search reached its bound."""

    rounds: int


def search(
    provider: Provider, roots: Sequence[Demand], report: Reporter, max_rounds: int = MAX_ROUNDS
) -> Found | DeadEnd | Exhausted:
    """Look for candidates that satisfy the roots and everything that follows from them.

    Raises `NetworkError` if the provider's source cannot answer.
    """
    resolution: Backjumping[Want, Candidate, Node] = Backjumping(provider, _Progress(report))
    try:
        state = resolution.resolve(roots, max_rounds)
    except Refuted as refuted:
        return DeadEnd(conflict=refuted.conflict)
    except ResolutionTooDeep as deep:
        return Exhausted(rounds=deep.round_count)
    edges = {
        node: tuple(dict.fromkeys(want.node for want in provider.get_dependencies(candidate)))
        for node, candidate in state.mapping.items()
    }
    kept = reached(edges, [root.node for root in roots])
    return Found(
        candidates={node: candidate for node, candidate in state.mapping.items() if node in kept},
        edges={node: children for node, children in edges.items() if node in kept},
    )


class _Progress(BaseReporter[Want, Candidate, Node]):
    """Says how far the search is, every few rounds."""

    def __init__(self, report: Reporter) -> None:
        self._report = report

    def ending_round(self, index: int, state: State[Want, Candidate, Node]) -> None:
        if index % 8 == 0:
            pinned, known = len(state.mapping), len(state.criteria)
            self._report(
                StageAdvanced(stage="Resolving", done=index + 1, detail=f"{pinned} of {known} packages decided")
            )
