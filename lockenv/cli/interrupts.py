"""Ctrl-C: the work is unwound, and what does not come to its end soon is left as it stands."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  #: the exit status of what SIGINT ended, as shells say it
MESSAGE = "\ninterrupted: nothing was changed that was not finished\n"
#: How long unwinding may take, in seconds. It waits for threads, and a thread may wait for a silent server.
_GRACE = 2.0


@contextmanager
def prompt_interrupts() -> Iterator[None]:
    """Within this block SIGINT raises `KeyboardInterrupt`, and ends the process if that takes long or comes twice.

    Ending in the midst of things is safe: an environment or lock changes in one rename, and what lies half-made
    beside is swept by the next run. Does nothing where somebody else handles SIGINT, or where no handler can be
    set because this is not the main thread.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    try:
        signal.signal(signal.SIGINT, _interrupt)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    from threading import Timer  # only an interrupt needs it

    signal.signal(signal.SIGINT, _end_now)
    timer = Timer(_GRACE, _end)
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


def _end_now(_number: int, _frame: FrameType | None) -> None:
    _end()


def _end() -> None:
    os.write(2, MESSAGE.encode("ascii"))
    os._exit(INTERRUPTED)
