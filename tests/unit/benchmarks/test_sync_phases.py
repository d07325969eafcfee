"""lockenv goes through every phase of a made-up set, without a network; and what the table says of runs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from benchmarks.runs import Run
from benchmarks.serving import REPOSITORY
from benchmarks.sync import cli, report, room
from benchmarks.sync.phases import PHASES, Phase
from benchmarks.sync.rounds import Figures, measured
from benchmarks.sync.sets import Set
from benchmarks.sync.ways import WAYS, Way

SET = Set(name="lunch", python="", dependencies=("menu",), held="", imports=("menu",))
THIS_PYTHON = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
TINY = f"""
python = "{THIS_PYTHON}"
dependencies = ["tiny-0", "tiny-1"]
held = "tiny-0<2"
imports = ["tiny_0", "tiny_1"]
[made]
packages = 2
files = 3
bytes = 100
"""
LOCKENV = f"""import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from lockenv.__main__ import main
sys.exit(main())
"""


def asked(*words: str) -> None:
    found = cli.parser().parse_args(words)
    found.act(found)


@pytest.fixture
def recorded(tmp_path: Path, program: Callable[[str], Path]) -> list[str]:
    """Record a tiny set; the options that the commands need for it."""
    (tmp_path / "tiny.toml").write_text(TINY)
    options = ["--recording", str(tmp_path / "recording"), "--set", str(tmp_path / "tiny.toml")]
    options += ["--tool", "lockenv", "--program", f"lockenv={program(LOCKENV)}", "--python", sys.executable]
    options += ["--work", str(tmp_path), "--disk", "0"]
    asked("record", *options)
    return options


def test_lockenv_goes_through_the_phases(
    recorded: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(cast("dict[str, Way]", WAYS), "lockenv", replace(WAYS["lockenv"], pause=0.0))
    figures = tmp_path / "figures.json"
    phases = ("cold", "no-op", "warm", "change", "back", "again", "warm-copy")
    named = [word for phase in phases for word in ("--phase", phase)]
    asked("run", *recorded, *named, "--rounds", "1", "--json", str(figures))
    told = json.loads(figures.read_bytes())
    runs = {each["phase"]: each["runs"] for each in told["sets"][0]["runs"]}
    assert tuple(runs) == phases
    assert {run["outcome"] for each in runs.values() for run in each} == {"done"}
    assert {run["packages"] for each in runs.values() for run in each} == {2}
    # Wheels come over the network when nothing is kept, and never again.
    assert {phase: each[0]["counts"]["files"] for phase, each in runs.items() if each[0]["counts"]["files"]} == {
        "cold": 2
    }
    assert re.search(r"^warm +lockenv", capsys.readouterr().out, re.MULTILINE)


def test_a_tool_that_does_nothing_has_failed(
    recorded: list[str], tmp_path: Path, program: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    idle = program("print('lockenv 9.9')")
    asked("run", *recorded, "--program", f"lockenv={idle}", "--phase", "cold", "--rounds", "1")
    said = capsys.readouterr().out
    assert re.search(r"^cold +lockenv 9.9 +failed", said, re.MULTILINE)
    assert "lockenv, cold: there is no environment" in said


def test_who_records_more_keeps_the_port_that_the_locks_name(recorded: list[str], tmp_path: Path) -> None:
    origin = (tmp_path / "recording" / "origin").read_text()
    asked("record", *recorded)
    assert (tmp_path / "recording" / "origin").read_text() == origin


def test_who_has_no_room_is_told_before_anything_runs(
    recorded: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(room, "free_in", lambda folder: 1e6)
    capsys.readouterr()
    with pytest.raises(SystemExit, match="choose fewer at a time"):
        asked("run", *recorded, "--phase", "cold", "--rounds", "1")
    assert "tiny" not in capsys.readouterr().err


def test_without_a_recording_nothing_is_run(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no recording"):
        asked("run", "--recording", str(tmp_path))


class Turns:
    """A contender that notes when its turn is, and does all but clones."""

    def __init__(self, name: str, notes: list[tuple[str, str]]) -> None:
        self.name = name
        self._notes = notes

    def takes(self, phase: Phase) -> bool:
        return phase != "warm-clone"

    def run(self, phase: Phase) -> Run:
        self._notes.append((self.name, phase))
        return Run(outcome="done", seconds=float(len(self._notes)))

    def traced(self, phase: Phase) -> Run:
        self._notes.append((f"{self.name} traced", phase))
        return Run(outcome="done", seconds=99, calls=1234)


def test_tools_take_turns_within_a_phase_and_the_first_round_does_not_count() -> None:
    notes: list[tuple[str, str]] = []
    tools = [Turns("a", notes), Turns("b", notes)]
    found = measured(SET, tools, phases=PHASES[:2], rounds=2, tell=lambda *_: None)
    assert [name for name, _ in notes] == ["a", "b", "a", "b", "b", "a", "b", "a", "a", "b", "a", "b"]
    assert list(found.runs) == [("a", "create"), ("b", "create"), ("a", "cold"), ("b", "cold")]
    assert [run.seconds for run in found.runs["a", "create"]] == [6, 9]


def test_calls_are_counted_in_the_end_and_that_run_is_not_timed() -> None:
    notes: list[tuple[str, str]] = []
    tools = [Turns("a", notes), Turns("b", notes)]
    found = measured(SET, tools, phases=("warm", "warm-clone"), rounds=1, tell=lambda *_: None, counts_calls=True)
    assert notes[-2:] == [("a traced", "warm"), ("b traced", "warm")]
    assert {run.calls for runs in found.runs.values() for run in runs} == {1234}
    assert max(run.seconds for runs in found.runs.values() for run in runs) < 99


def test_a_phase_that_a_tool_does_not_take_has_no_figures() -> None:
    found = measured(SET, [Turns("a", [])], phases=("warm", "warm-clone"), rounds=1, tell=lambda *_: None)
    assert list(found.runs) == [("a", "warm")]


def test_a_phase_of_one_tool_alone_has_times_and_no_ratio() -> None:
    runs = {("lockenv", "verify"): [Run(outcome="done", seconds=1.5, packages=3)]}
    figures = Figures(set=SET, runs=runs)  # type: ignore[arg-type]
    line = report.table(figures, {"lockenv": "lockenv 1"}, reference="uv", bound=60).splitlines()[1]
    assert line.split() == ["verify", "lockenv", "1", "1.500", "1.500", "1.500", "0.00", "0", "0", "0.00", "3"]


def test_who_failed_and_why_is_noted() -> None:
    figures = Figures(set=SET, runs={("pip", "cold"): [Run(outcome="failed", note="the disk is full")]})
    assert list(report.notes(figures)) == [
        "pip removes nothing, and is given a requirements.txt with hashes",
        "pip, cold: the disk is full",
    ]
