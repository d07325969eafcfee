"""The table and the notes say what was measured, and what was not."""

from __future__ import annotations

import json
from dataclasses import replace

from benchmarks.counts import Counts
from benchmarks.lock import report
from benchmarks.lock.manifests import Manifest
from benchmarks.lock.phases import Phase
from benchmarks.lock.rounds import Figures
from benchmarks.runs import Run

MANIFEST = Manifest(
    name="lunch", python=">=3.11", platforms=(), dependencies=("menu",), upgrade="menu", held="menu"
)


def done(seconds: float, *, digest: str = "a", unrecorded: tuple[str, ...] = ()) -> Run:
    counts = Counts(pages=3, metadata=4, sent=2_500_000, unrecorded=list(unrecorded))
    return Run(outcome="done", seconds=seconds, cpu=0.5, peak=40, counts=counts, packages=9, digest=digest)


def figures(**runs: list[Run]) -> Figures:
    phase: Phase = "cold"
    return Figures(manifest=MANIFEST, runs={(tool, phase): each for tool, each in runs.items()})


def rows(found: Figures, reference: str = "uv") -> list[list[str]]:
    titles = {"uv": "uv-1", "nab": "nab-2"}
    return [line.split() for line in report.table(found, titles, reference=reference, bound=120).splitlines()]


def test_a_row_has_medians_and_their_ratio_to_the_reference() -> None:
    found = rows(figures(uv=[done(1), done(2), done(9)], nab=[done(5)]))
    assert found[0] == ["median", "min", "max", "ratio", "cpu", "peak", "requests", "MB", "calls", "packages"]
    assert found[1] == ["cold", "uv-1", "2.000", "1.000", "9.000", "1.00", "0.50", "40", "7", "2.50", "9"]
    assert found[2] == ["nab-2", "5.000", "5.000", "5.000", "2.50", "0.50", "40", "7", "2.50", "9"]


def test_calls_are_shown_where_they_were_counted() -> None:
    assert rows(figures(uv=[replace(done(1), calls=1234)]))[1][-2:] == ["1234", "9"]


def test_what_was_not_measured_has_no_figures() -> None:
    over = Run(outcome="over", seconds=120, note="took more than 120 s")
    found = rows(figures(uv=[Run(outcome="failed", note="exit status 1")], nab=[done(1), over]))
    assert found[1:] == [["cold", "uv-1", "failed"], ["nab-2", ">", "120", "s"]]
    assert rows(figures(nab=[Run(outcome="not run")]))[1] == ["cold", "nab-2", "-"]


def test_figures_from_an_incomplete_recording_are_marked() -> None:
    found = figures(uv=[done(1, unrecorded=("page of menu",))])
    assert rows(found)[1][-1] == "!"
    assert any(note.startswith("! uv, cold: the recording lacks 1 answers") for note in report.notes(found))


def test_locks_that_differ_from_round_to_round_are_noted() -> None:
    assert "uv, cold: not every round gave the same lock" in report.notes(
        figures(uv=[done(1, digest="a"), done(1, digest="b")])
    )
    assert not any("same lock" in note for note in report.notes(figures(uv=[done(1), done(1)])))


def test_a_lock_that_changes_though_nothing_was_to_change_is_noted() -> None:
    runs: dict[tuple[str, Phase], list[Run]] = {
        ("uv", "cold"): [done(1)],
        ("uv", "nothing"): [done(1, digest="b")],
    }
    notes = list(report.notes(Figures(manifest=MANIFEST, runs=runs)))
    assert "uv, nothing: the lock changed, though nothing was to change" in notes


def test_all_figures_can_be_had_as_json() -> None:
    told = json.loads(json.dumps(report.as_json([figures(uv=[done(1)])], {"uv": "uv 1"}, latency=0.03)))
    assert (told["schema"], told["latency"], told["tools"]) == (1, 0.03, {"uv": "uv 1"})
    (run,) = told["manifests"][0]["runs"][0]["runs"]
    assert (run["seconds"], run["counts"]["requests"]) == (1, 7)
