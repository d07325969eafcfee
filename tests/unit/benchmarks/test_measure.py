"""What a command took is measured, and a command that takes too long is ended with all that it started."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import measure


def measured(folder: Path, seconds: str, *command: str | Path) -> dict[str, Any]:
    result = folder / "result.json"
    launcher = [sys.executable, "-I", "-S", measure.__file__]
    subprocess.run([*launcher, result, folder / "log", seconds, *command], check=True, timeout=60)
    found: dict[str, Any] = json.loads(result.read_bytes())
    return found


def test_memory_and_cpu_are_the_commands_own_and_its_childrens(
    tmp_path: Path, program: Callable[[str], Path]
) -> None:
    child = "x = b'x' * 90_000_000; n = sum(range(3_000_000))"
    parent = program(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}], check=True)\n")
    least, found = measured(tmp_path, "60", "true"), measured(tmp_path, "60", parent)
    assert (least["status"], found["status"]) == (0, 0)
    assert least["peak"] < 60
    assert found["peak"] > 90
    assert found["cpu"] > least["cpu"]


def test_a_failure_is_told_and_its_words_are_kept(tmp_path: Path) -> None:
    found = measured(tmp_path, "60", "sh", "-c", "echo said; echo cried >&2; exit 3")
    assert found["status"] == 3
    assert (tmp_path / "log").read_text() == "said\ncried\n"


def test_what_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, program: Callable[[str], Path]
) -> None:
    source = "import subprocess, sys, time\nchild = subprocess.Popen(['sleep', '600'])\n"
    found = measured(tmp_path, "0.5", program(f"{source}print(child.pid, flush=True)\ntime.sleep(600)\n"))
    assert found["status"] is None
    child = Path("/proc") / (tmp_path / "log").read_text().strip()
    assert not child.exists() or "\nState:\tZ" in (child / "status").read_text()
