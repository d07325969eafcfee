"""Programs that work for us: each in a session of its own, and ended, with all it started, when we end.

Such a session does not hear Ctrl-C; whoever runs one says so (`Children.stop`), or is interrupted while waiting.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from lockenv.errors import BuildError

_GRACE = 0.3  #: seconds between asking a program to end and ending it
#: The sessions of all children of this process, by the child's number.
_sessions: set[int] = set()


class Children:
    """The programs that one builder runs, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environ: Mapping[str, str],
        output: IO[bytes],
        errors: IO[bytes] | None = None,
    ) -> int:
        """Run a program to its end, and give its status; `errors` go to `output` too unless they have their own.

        Nothing that it started outlives it. Raises `OSError` where it cannot start, `BuildError` after `stop`.
        """
        child = self._start(command, folder, environ, output, errors)
        try:
            return child.wait()
        finally:
            _end(child)
            with self._lock:
                self._running.discard(child)
            _sessions.discard(child.pid)

    def _start(
        self,
        command: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        output: IO[bytes],
        errors: IO[bytes] | None,
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                msg = "the build was stopped"
                raise BuildError(msg)
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if errors is None else errors,
                start_new_session=True,
            )
            self._running.add(child)
            _sessions.add(child.pid)
            return child

    def stop(self) -> None:
        """End whatever runs, in whichever thread it was started, and start nothing more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for child in running:
            _signal(child, signal.SIGTERM)
        for child in running:
            _end(child)


def end_all_now() -> None:
    """End every child of this process, with all it started, without notice: the process itself ends now."""
    for number in tuple(_sessions):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child that still runs, and what it left running; it gets a moment to tidy up after itself."""
    if child.poll() is None:
        _signal(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE)
    _signal(child, signal.SIGKILL)
    child.wait()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The session is named after the child as long as anything of it lives, even when the child itself does not.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
