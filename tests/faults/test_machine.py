"""Whatever happens in whatever order, the environment is one of those it may be, and the next sync heals it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_any_order_of_syncs_crashes_and_drift_leaves_a_whole_environment(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.machine", "40"]  # more of them by hand
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
