"""Figures as a table for people and as JSON for programs. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.lock.phases import Phase, Run
from benchmarks.lock.rounds import Figures
from benchmarks.lock.tools import TOOLS
from benchmarks.server import Counts

_HEAD = ("median", "min", "max", "ratio", "cpu", "peak", "requests", "MB", "packages")


def table(figures: Figures, titles: Mapping[str, str], *, reference: str, bound: float) -> str:
    """Write the figures of one manifest: medians, and their ratio to those of the tool called `reference`."""
    lines = [f"{'':12}{'':18}" + "".join(f"{word:>9}" for word in _HEAD)]
    for phase, tools in _by_phase(figures).items():
        base = _median(tools.get(reference, []), lambda run: run.seconds)
        for position, (tool, runs) in enumerate(tools.items()):
            label = f"{'' if position else phase:12}{titles.get(tool, tool):18}"
            lines.append(label + _row(runs, base, bound))
    return "\n".join(line.rstrip() for line in lines)


def _by_phase(figures: Figures) -> dict[Phase, dict[str, list[Run]]]:
    found: dict[Phase, dict[str, list[Run]]] = {}
    for (tool, phase), runs in figures.runs.items():
        found.setdefault(phase, {})[tool] = runs
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
        f"{done[-1].packages:9}",
    ]
    return "".join(cells) + (" !" if any(run.counts.unrecorded for run in done) else "")


def _outcome(runs: Sequence[Run], bound: float) -> str:
    worst = next(run for run in runs if run.outcome != "done")
    return {"over": f"> {bound:g} s", "failed": "failed", "not run": "-", "done": ""}[worst.outcome]


def _median(runs: Sequence[Run], value: Callable[[Run], float]) -> float | None:
    values = [value(run) for run in runs if run.outcome == "done"]
    return statistics.median(values) if values else None


def notes(figures: Figures) -> Iterator[str]:
    """Say what the figures do not: who failed and why, whose locks change, what the recording lacked."""
    for tool in dict.fromkeys(name for name, _ in figures.runs):
        if remark := TOOLS[tool].remark:
            yield f"{tool} {remark}"
    for (tool, phase), runs in figures.runs.items():
        for note in dict.fromkeys(run.note for run in runs if run.note):
            yield f"{tool}, {phase}: {note}"
        if phase in {"cold", "warm"} and len({run.digest for run in runs if run.outcome == "done"}) > 1:
            yield f"{tool}, {phase}: not every round gave the same lock"
        if lacked := {what: None for run in runs for what in run.counts.unrecorded}:
            shown = ", ".join([*lacked][:5])
            yield f"! {tool}, {phase}: the recording lacks {len(lacked)} answers; record again ({shown}, …)"
    yield from _restless(figures)


def _restless(figures: Figures) -> Iterator[str]:
    """Say who rewrites a lock that has nothing to change."""
    for tool in dict.fromkeys(name for name, _ in figures.runs):
        before = {run.digest for run in figures.runs.get((tool, "cold"), ()) if run.outcome == "done"}
        after = {run.digest for run in figures.runs.get((tool, "nothing"), ()) if run.outcome == "done"}
        if before and after - before:
            yield f"{tool}, nothing: the lock changed, though nothing was to change"


def as_json(figures: Sequence[Figures], titles: Mapping[str, str], **about: Any) -> dict[str, Any]:
    """The figures of all runs, for other programs."""
    manifests = [
        {
            "name": each.manifest.name,
            "runs": [
                {"tool": tool, "phase": phase, "runs": [_run(run) for run in runs]}
                for (tool, phase), runs in each.runs.items()
            ],
        }
        for each in figures
    ]
    return {"schema": 1, **about, "tools": dict(titles), "manifests": manifests}


def _run(run: Run) -> dict[str, Any]:
    return {**asdict(run), "counts": _counts(run.counts)}


def _counts(counts: Counts) -> dict[str, Any]:
    return {"requests": counts.requests, **asdict(counts)}
