"""What strace has counted is read from what it writes; what cannot be counted is left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import calls
from benchmarks.runs import Run

SUMMARY = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.005000          25       200           mmap
 40.00    0.004426         260        17        29 openat
------ ----------- ----------- --------- --------- ----------------
100.00    0.009426          43       217        29 total
"""
DONE = Run(outcome="done", seconds=1)


@pytest.mark.parametrize(("text", "found"), [(SUMMARY, 217), (SUMMARY + SUMMARY, 434), ("", None)])
def test_the_calls_of_all_commands_are_added_up(tmp_path: Path, text: str, found: int | None) -> None:
    (tmp_path / "calls").write_text(text)
    assert calls.total(tmp_path / "calls") == found
    assert calls.total(tmp_path / "elsewhere") is None


@pytest.mark.skipif(not calls.can_count(), reason="needs strace, and to be let trace")
def test_calls_of_what_a_command_starts_count(tmp_path: Path) -> None:
    found = []
    for number, command in enumerate((["true"], ["sh", "-c", "true & wait; /bin/true"])):
        result = tmp_path / str(number)
        subprocess.run([*calls.tracing(result), *command], check=True)
        found.append(calls.total(result) or 0)
    assert 0 < 2 * found[0] < found[1]


def test_without_strace_nothing_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not calls.can_count()


def test_what_has_not_gone_well_is_not_traced() -> None:
    class Tool:
        name = "tool"

        def traced(self, phase: str) -> Run:
            return Run(outcome="failed") if phase == "shy" else Run(outcome="done", calls=7)

    told: list[str] = []
    runs = {("tool", "good"): [DONE, DONE], ("tool", "shy"): [DONE], ("tool", "bad"): [Run(outcome="over")]}
    calls.count([Tool()], ["good", "shy", "bad", "none"], runs, tell=lambda _, phase, __: told.append(phase))
    assert told == ["good", "shy"]
    assert {phase: [run.calls for run in each] for (_, phase), each in runs.items()} == {
        "good": [7, 7],
        "shy": [None],
        "bad": [None],
    }
