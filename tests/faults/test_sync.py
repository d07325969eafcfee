"""Every mutating call of a sync fails in turn: the environment is the old one or the new one, never a mix."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.injection import FAULTS
from tests.faults.sweep import SCENARIOS, STORE

#: Of each sweep so many points are tried here; `python -m tests.faults.sweep --all` tries every one.
POINTS = 9


@pytest.fixture(scope="module")
def sweeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """What sweeps, started once: its imports take longer than most sweeps."""
    said = tmp_path_factory.mktemp("sweeper") / "said"
    with (
        said.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sweep"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield process
        process.communicate()
    assert process.returncode == 0, said.read_text()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", [*SCENARIOS, STORE])
def test_whatever_fails_leaves_the_old_environment_or_the_new_and_the_next_sync_heals(
    scenario: str, fault: str, tmp_path: Path, sweeper: subprocess.Popen[str]
) -> None:
    assert sweeper.stdin is not None
    assert sweeper.stdout is not None
    sweeper.stdin.write(json.dumps([scenario, fault, str(tmp_path), POINTS]) + "\n")
    sweeper.stdin.flush()
    found = json.loads(sweeper.stdout.readline())
    assert found["problems"] == []
    # A sweep that meets no calls would prove nothing.
    assert found["points"] > 10
    assert found["tried"] == POINTS
