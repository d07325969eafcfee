"""Figures as a table for people and as JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import table as tables
from benchmarks.lock.rounds import Figures
from benchmarks.lock.tools import TOOLS


def table(figures: Figures, titles: Mapping[str, str], *, reference: str, bound: float) -> str:
    """Write the figures of one manifest: medians, and their ratio to those of the tool called `reference`."""
    return tables.table(figures.runs, titles, reference=reference, bound=bound)


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
                {"tool": tool, "phase": phase, "runs": [run.as_json for run in runs]}
                for (tool, phase), runs in each.runs.items()
            ],
        }
        for each in figures
    ]
    return {"schema": 1, **about, "tools": dict(titles), "manifests": manifests}
