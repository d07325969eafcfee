"""The benchmark of start-up: what it says of figures, and that what it runs does run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import calls
from benchmarks.startup import cli
from benchmarks.startup.commands import FLOOR, Command, scene
from benchmarks.startup.rounds import compared, measured, table

_FLOOR = Command(name=FLOOR, words=("python",))


def test_ratios_are_those_of_medians_to_the_floor_s() -> None:
    quick = Command(name="quick", words=("q",), aim=1.5)
    slow = Command(name="slow", words=("s",), aim=1.5)
    free = Command(name="free", words=("f",))
    figures = list(
        compared({_FLOOR: [0.01, 0.02, 0.5], quick: [0.03] * 3, slow: [0.04, 0.04, 9.0], free: [1, 1, 1]})
    )
    assert [each.ratio for each in figures] == pytest.approx([1, 1.5, 2, 50])
    assert [each.is_within_its_aim for each in figures] == [None, True, False, None]
    assert table([*figures[:1], replace(figures[1], calls=321), *figures[2:]]).splitlines() == [
        "                        median       min       max   ratio     aim   calls",
        "python -c pass         20.0 ms   10.0 ms  500.0 ms    1.00",
        "quick                  30.0 ms   30.0 ms   30.0 ms    1.50     1.5     321",
        "slow                   40.0 ms   40.0 ms 9000.0 ms    2.00     1.5          too slow",
        "free                 1000.0 ms 1000.0 ms 1000.0 ms   50.00",
    ]


def test_every_command_runs_in_turn(tmp_path: Path) -> None:
    figures = measured(scene(tmp_path, packages=2), rounds=2, counts_calls=calls.can_count())
    assert [each.command.name for each in figures] == [
        FLOOR,
        "lockenv --version",
        "lockenv --help",
        "lockenv run true",
        "lockenv sync",
        "lockenv lock",
    ]
    assert all(len(each.seconds) == 2 and min(each.seconds) > 0 for each in figures)
    assert all((each.calls or 0) > 50 for each in figures) == calls.can_count()


def test_a_command_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    made = scene(tmp_path, packages=1)
    (made.folder / "env.toml").write_text("nonsense")
    with pytest.raises(SystemExit, match="lockenv sync failed: 2"):
        measured(made, rounds=1)


def test_the_figures_can_be_had_by_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = Command(name="quick", words=("q",), aim=1.5)
    figures = tuple(compared({_FLOOR: [0.01], quick: [0.02]}))
    monkeypatch.setattr(cli, "scene", lambda folder, packages: None)
    monkeypatch.setattr(cli, "measured", lambda scene, rounds, counts_calls: figures)
    with pytest.raises(SystemExit) as leaving:
        cli.main(["--json", str(tmp_path / "figures.json")])
    assert leaving.value.code == 1
    assert "too slow" in capsys.readouterr().out
    said = json.loads((tmp_path / "figures.json").read_text())
    assert [(row["name"], row["ratio"]) for row in said["commands"]] == [(FLOOR, 1.0), ("quick", 2.0)]
