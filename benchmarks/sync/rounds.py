"""Several tools, in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks import calls
from benchmarks.runs import Run
from benchmarks.sync.phases import Phase
from benchmarks.sync.sets import Set

#: Told of every run: the tool's name, the phase, the run.
Listener = Callable[[str, Phase, Run], None]


class Measurable(Protocol):
    """What can be measured, phase by phase: `benchmarks.sync.phases.Contender`."""

    @property
    def name(self) -> str: ...

    def takes(self, phase: Phase) -> bool: ...

    def run(self, phase: Phase) -> Run: ...

    def traced(self, phase: Phase) -> Run: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The runs of all tools on one set, by tool and phase."""

    set: Set
    runs: Mapping[tuple[str, Phase], list[Run]] = field(default_factory=dict)


def measured(
    each: Set,
    contenders: Sequence[Measurable],
    *,
    phases: Sequence[Phase],
    rounds: int,
    tell: Listener,
    counts_calls: bool = False,
) -> Figures:
    """Measure every tool in every phase, `rounds` times, after a round that does not count.

    The tools take turns within each phase, and each round begins with another one. With `counts_calls`, every
    phase is gone through once more in the end, traced.
    """
    runs: dict[tuple[str, Phase], list[Run]] = {}
    for number in range(rounds + 1):
        first = number % len(contenders)
        for phase in phases:
            for contender in (*contenders[first:], *contenders[:first]):
                if not contender.takes(phase):
                    continue
                run = contender.run(phase)
                tell(contender.name, phase, run)
                if number:
                    runs.setdefault((contender.name, phase), []).append(run)
    if counts_calls:
        calls.count(contenders, phases, runs, tell=tell)
    return Figures(set=each, runs=_in_order(runs, contenders, phases))


def _in_order(
    runs: Mapping[tuple[str, Phase], list[Run]], contenders: Sequence[Measurable], phases: Sequence[Phase]
) -> dict[tuple[str, Phase], list[Run]]:
    """The runs in the order of phases and, within these, of tools."""
    keys = [(contender.name, phase) for phase in phases for contender in contenders]
    return {key: runs[key] for key in keys if key in runs}
