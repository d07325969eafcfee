"""Run a command by way of `measure`, and read what that wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a command took: wall and CPU seconds, peak memory in MB; its exit status, None where it was ended."""

    seconds: float
    cpu: float
    peak: float
    status: int | None


def launched(
    command: Sequence[str | Path], *, folder: Path, cwd: Path, environ: Mapping[str, str], bound: float
) -> Taken:
    """Run a command for at most `bound` seconds. Its words are in `folder` afterwards, as `log_in` says."""
    result = folder / "result.json"
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", measure.__file__, result, log_in(folder), str(bound), *command],
        cwd=cwd,
        env=dict(environ),
    )
    try:
        assert process.wait() == 0, f"the launcher of {command[0]} failed"
    finally:
        process.terminate()  # it ends the command, should we be interrupted
        process.wait()
    return Taken(**json.loads(result.read_bytes()))


def log_in(folder: Path) -> Path:
    """Where the words of a command are kept."""
    return folder / "log.txt"


def last_words(log: Path, lines: int = 3) -> str:
    """The last lines of a log, in one."""
    text = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return " / ".join([line.strip() for line in text if line.strip()][-lines:])[-400:]
