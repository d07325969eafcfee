"""Figures as a table for people and as JSON for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks import table as tables
from benchmarks.sync.rounds import Figures
from benchmarks.sync.ways import WAYS


def table(figures: Figures, titles: Mapping[str, str], *, reference: str, bound: float) -> str:
    """Write the figures of one set: medians, and their ratio to those of the tool called `reference`."""
    return tables.table(figures.runs, titles, reference=reference, bound=bound)


def notes(figures: Figures) -> Iterator[str]:
    """Say what the figures do not: how a tool was asked, who failed and why, what the recording lacked."""
    for name in dict.fromkeys(name for name, _ in figures.runs):
        if remark := WAYS[name].remark:
            yield f"{name} {remark}"
    for (name, phase), runs in figures.runs.items():
        for note in dict.fromkeys(run.note for run in runs if run.note):
            yield f"{name}, {phase}: {note}"
        if lacked := {what: None for run in runs for what in run.counts.unrecorded}:
            shown = ", ".join([*lacked][:5])
            yield f"! {name}, {phase}: the recording lacks {len(lacked)} answers; record again ({shown}, …)"


def as_json(figures: Sequence[Figures], titles: Mapping[str, str], **about: Any) -> dict[str, Any]:
    """The figures of all runs, for other programs."""
    sets = [
        {
            "name": each.set.name,
            "runs": [
                {"tool": name, "phase": phase, "runs": [run.as_json for run in runs]}
                for (name, phase), runs in each.runs.items()
            ],
        }
        for each in figures
    ]
    return {"schema": 1, **about, "tools": dict(titles), "sets": sets}
