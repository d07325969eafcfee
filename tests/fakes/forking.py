"""Code that forks, run in a process of its own: pytest's has threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Says whether a child is left.
NOBODY = "try: os.waitpid(-1, 0)\nexcept ChildProcessError: print('nobody is left')"


def run_alone(imports: str, code: str) -> str:
    """Run a script, which finds lockenv and has `os`, `signal`, `sys` and `time`; give what it says."""
    script = f"import os, signal, sys, time\nsys.path.insert(0, {str(ROOT)!r})\n{imports}\n{code}\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
