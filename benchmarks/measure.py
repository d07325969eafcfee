"""Run one command and say what it took: `python -I -S measure.py RESULT LOG SECONDS COMMAND…`.

A script of its own, with no import that is not needed, because the peak memory that the system reports for a
process counts the one it was forked from: this one has about 10 MB, less than any tool. The result, as JSON:
wall seconds, CPU seconds (user and system) of the process and of all its children, the peak resident memory of
the largest of them in MB, and the exit status, which is null where the time was up and all were killed.
"""

from __future__ import annotations

import os
import signal
import sys
import time


def main(arguments: list[str]) -> None:
    """Run the command, and write the result."""
    result, log, seconds, *command = arguments
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
        (os.POSIX_SPAWN_CLOSE, output),
    ]
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions, setpgroup=0)
    over = []

    def end(number: int, _frame: object) -> None:
        over.append(number)
        kill_group(child)

    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    signal.setitimer(signal.ITIMER_REAL, float(seconds))
    _, status, usage = os.wait4(child, 0)
    took = time.perf_counter() - began
    signal.setitimer(signal.ITIMER_REAL, 0)
    kill_group(child)  # whatever it left behind
    write(result, took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, None if over else status)


def kill_group(leader: int) -> None:
    """Kill a process and those that it started, if any is left."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def write(result: str, seconds: float, cpu: float, kib: int, status: int | None) -> None:
    """Write the result; the unit of memory is KiB, on macOS bytes."""
    import json

    peak = kib / 1e6 if sys.platform == "darwin" else kib * 1024 / 1e6
    code = None if status is None else os.waitstatus_to_exitcode(status)
    with open(result, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is one more import
        json.dump({"seconds": seconds, "cpu": cpu, "peak": peak, "status": code}, file)


if __name__ == "__main__":
    main(sys.argv[1:])
