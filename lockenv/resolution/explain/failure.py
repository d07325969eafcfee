"""What is explained: one target's dead end, with all that is needed to look into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lockenv.resolution.demands import Demand
from lockenv.resolution.memory import Memory
from lockenv.resolution.provider import Provider
from lockenv.resolution.search import DeadEnd
from lockenv.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A search that found that there is no solution for one target.

    `roots` are the demands that it was given (`Demand.gate` names the group), `provider` the one that answered
    it, whose source and projects are on top of `memory`: looking for a shorter explanation searches again, with
    the memory closed. `includes` and `conflicts` are what the manifest says of its groups.
    """

    target: Target
    roots: tuple[Demand, ...]
    dead_end: DeadEnd
    provider: Provider
    memory: Memory
    includes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conflicts: tuple[tuple[str, ...], ...] = ()
