"""Programs that start while syncs turn the environment find it whole, and one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

STARTS = 60  #: here; by hand, `python -m tests.faults.starts` makes ten thousand


def test_programs_that_start_during_syncs_find_one_whole_environment() -> None:
    command = [sys.executable, "-m", "tests.faults.starts", str(STARTS)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"] == {"program whole": STARTS // 2, "script whole": STARTS // 2}
    # Without syncs meanwhile it would prove nothing.
    assert told["alive"]
    assert told["syncs"] > 1
