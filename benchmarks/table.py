"""Runs as a table: medians, and their ratios to those of one tool. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from benchmarks.runs import Run

_HEAD = ("median", "min", "max", "ratio", "cpu", "peak", "requests", "MB", "calls", "packages")

_Phase = TypeVar("_Phase", bound=str)


def table(
    runs: Mapping[tuple[str, _Phase], Sequence[Run]],
    titles: Mapping[str, str],
    *,
    reference: str,
    bound: float,
) -> str:
    """Write runs, by tool and phase: medians, and their ratio to those of the tool called `reference`."""
    wide = max(18, *(len(titles.get(tool, tool)) + 2 for tool, _ in runs), 0)
    lines = [f"{'':12}{'':{wide}}" + "".join(f"{word:>9}" for word in _HEAD)]
    for phase, tools in _by_phase(runs).items():
        base = _median(tools.get(reference, []), lambda run: run.seconds)
        for position, (tool, each) in enumerate(tools.items()):
            label = f"{'' if position else phase:12}{titles.get(tool, tool):{wide}}"
            lines.append(label + _row(each, base, bound))
    return "\n".join(line.rstrip() for line in lines)


def _by_phase(runs: Mapping[tuple[str, _Phase], Sequence[Run]]) -> dict[str, dict[str, Sequence[Run]]]:
    found: dict[str, dict[str, Sequence[Run]]] = {}
    for (tool, phase), each in runs.items():
        found.setdefault(phase, {})[tool] = each
    return found


def _row(runs: Sequence[Run], base: float | None, bound: float) -> str:
    done = [run for run in runs if run.outcome == "done"]
    if len(done) < len(runs):
        return f"{_outcome(runs, bound):>9}"
    middle = statistics.median(run.seconds for run in done)
    times = [middle, min(run.seconds for run in done), max(run.seconds for run in done)]
    ratio = f"{middle / base:9.2f}" if base else f"{'':9}"
    cells = [
        *(f"{seconds:9.3f}" for seconds in times),
        ratio,
        f"{_median(done, lambda run: run.cpu):9.2f}",
        f"{_median(done, lambda run: run.peak):9.0f}",
        f"{_median(done, lambda run: run.counts.requests):9.0f}",
        f"{_median(done, lambda run: run.counts.sent / 1e6):9.2f}",
        f"{'' if done[-1].calls is None else done[-1].calls:>9}",
        f"{done[-1].packages:9}",
    ]
    return "".join(cells) + (" !" if any(run.counts.unrecorded for run in done) else "")


def _outcome(runs: Sequence[Run], bound: float) -> str:
    worst = next(run for run in runs if run.outcome != "done")
    return {"over": f"> {bound:g} s", "failed": "failed", "not run": "-", "done": ""}[worst.outcome]


def _median(runs: Sequence[Run], value: Callable[[Run], float]) -> float | None:
    values = [value(run) for run in runs if run.outcome == "done"]
    return statistics.median(values) if values else None
