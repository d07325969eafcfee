"""System calls, counted by strace.

What is traced takes several times as long. So calls are counted in a run of their own, after those that are
timed; it is made ready as they were, and nothing else of it is looked at.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol, TypeVar

from benchmarks.runs import Run

#: How many times as long as others a run may take that is traced.
PATIENCE: Final = 5.0

_Phase = TypeVar("_Phase", bound=str)
_Phase_contra = TypeVar("_Phase_contra", bound=str, contravariant=True)


class Countable(Protocol[_Phase_contra]):
    """A tool that can go through a phase once more, traced."""

    @property
    def name(self) -> str: ...

    def traced(self, phase: _Phase_contra) -> Run: ...


def can_count() -> bool:
    """Whether calls can be counted here: strace may be missing, or not be allowed to trace."""
    if shutil.which("strace") is None:
        return False
    command = [*tracing(Path(os.devnull)), "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def tracing(result: Path, *more: str) -> tuple[str, ...]:
    """What to put before a command, so that its calls and those of all that it starts are added to `result`."""
    return (shutil.which("strace") or "strace", "-f", "-c", "-A", *more, "-o", str(result))


def total(result: Path) -> int | None:
    """How many calls were made; several commands are added up. None where none was traced to its end."""
    text = result.read_text(encoding="utf-8") if result.is_file() else ""
    # 100.00    0.009426          43       217        29 total
    rows = [line.split() for line in text.splitlines() if line.endswith(" total")]
    return sum(int(row[3]) for row in rows) if rows else None


def count(
    tools: Sequence[Countable[_Phase]],
    phases: Sequence[_Phase],
    runs: MutableMapping[tuple[str, _Phase], list[Run]],
    *,
    tell: Callable[[str, _Phase, Run], None],
) -> None:
    """Count the calls of every phase that each tool has gone through, and note them in its runs."""
    for tool in tools:
        for phase in phases:
            timed = runs.get((tool.name, phase), [])
            if not timed or any(run.outcome != "done" for run in timed):
                continue
            run = tool.traced(phase)
            tell(tool.name, phase, run)
            runs[tool.name, phase] = [replace(each, calls=run.calls) for each in timed]
