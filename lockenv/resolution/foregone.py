"""What a search would find without ever being refused anything: then it need not be run.

Where an earlier cell, or the old lock, speaks for a version of each package, most searches decide node by node for
what is tried first, and never come to a clash. Whether it will be so can be told by a walk from the roots, at a
fraction of what the search takes: each candidate of the walk is the first that is tried whatever part of the
demands is known by then, and no demand of the walk refuses one. By induction over its decisions the search pins
these and no others. Whatever is less plain than that is left to the search.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockenv.errors import NetworkError
from lockenv.graph import Node
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.demands import Demand, Want
from lockenv.resolution.provider import Provider
from lockenv.resolution.search import Found


def foregone(provider: Provider, roots: Iterable[Demand]) -> Found | None:
    """Say what a search that is refused nothing finds; None where it has to be made, with another provider."""
    try:
        return _walk(provider, list(roots))
    except NetworkError:
        return None  # the search may do without what could not be had


def _walk(provider: Provider, roots: list[Demand]) -> Found | None:
    candidates: dict[Node, Candidate] = {}
    edges: dict[Node, tuple[Node, ...]] = {}
    demanded: list[Want] = [*roots]
    while demanded:
        # All that is new is announced before the first of it is read, as the search does it.
        new: dict[Node, Candidate] = {}
        for want in demanded:
            candidate = candidates.get(want.node)
            if candidate is None:
                candidate = provider.tried_first(want.node)
                if candidate is None:
                    return None
                candidates[want.node] = new[want.node] = candidate
            if not provider.takes_at_once(want, candidate):
                return None
        demanded = []
        for node, candidate in new.items():
            wants = tuple(provider.get_dependencies(candidate))
            if node.extra and provider.lacks(candidate):
                return None
            edges[node] = tuple(dict.fromkeys(want.node for want in wants))
            demanded += wants
    return Found(candidates=candidates, edges=edges)
