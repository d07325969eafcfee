"""Every mutating call of a sync fails in turn: the environment is the old one or the new one, never a mix."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.injection import FAULTS
from tests.faults.sweep import SCENARIOS, STORE

#: Of each sweep so many points are tried here; `python -m tests.faults.sweep --all` tries every one.
POINTS = 9


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", [*SCENARIOS, STORE])
def test_whatever_fails_leaves_the_old_environment_or_the_new_and_the_next_sync_heals(
    scenario: str, fault: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.faults.sweep", scenario, fault, str(tmp_path), str(POINTS)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    # A sweep that meets no calls would prove nothing.
    assert found["points"] > 10
    assert found["tried"] == POINTS
