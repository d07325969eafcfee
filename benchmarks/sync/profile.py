"""Where the time of one phase goes: by function (cProfile), or by system call (strace)."""

from __future__ import annotations

import io
import pstats
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from benchmarks import calls
from benchmarks.sync.phases import Contender, Phase
from benchmarks.sync.ways import Command

How: TypeAlias = Literal["cprofile", "strace"]
HOWS: Final[tuple[How, ...]] = get_args(How)


def profiled(contender: Contender, phase: Phase, program: Path, how: How, result: Path, *, lines: int = 30) -> str:
    """Run a phase under a profiler, after two without; what it found is in `result`, and its summary is returned.

    cProfile is for tools written in Python, and sees their first process and its main thread only.
    """
    for _ in range(2):
        if note := contender.run(phase).note:
            raise SystemExit(note)
    if reason := contender.prepare(phase):
        raise SystemExit(reason)
    result.unlink(missing_ok=True)
    run = contender.measure(phase, wrapper=_wrapper(program, how, result))
    if run.outcome != "done":
        raise SystemExit(run.note)
    took = f"{run.seconds:.3f} s under {how}, {run.cpu:.3f} s of CPU\n"
    if how == "strace":
        return took + "\n".join(result.read_text(encoding="utf-8").splitlines()[:lines]) + "\n"
    return took + _summary(result, lines)


def _wrapper(program: Path, how: How, result: Path) -> Command:
    if how == "strace":
        return calls.tracing(result, "-S", "time")
    return (str(program.parent / "python"), "-m", "cProfile", "-o", str(result))


def _summary(result: Path, lines: int) -> str:
    text = io.StringIO()
    stats = pstats.Stats(str(result), stream=text).strip_dirs()
    stats.sort_stats("tottime").print_stats(lines)
    stats.sort_stats("cumulative").print_stats(2 * lines)
    return text.getvalue()
