"""Further processes of lockenv's own: forks, for work that would wait for Python's lock in a thread.

A fork inherits the locks on the environment, which therefore last as long as it does. One is only made where
nothing can be in its way: by the command line, not within somebody's program; on Linux, on more than one
processor, and by a process without other threads, whose locks a fork would copy as they stand.
"""

from __future__ import annotations

import _thread
import os
import sys

from lockenv.light import suppress

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_ours = False
_alive: set[int] = set()  #: forks of this process that nobody has waited for


def allow() -> None:
    """Say that this process is lockenv's own."""
    global _ours  # noqa: PLW0603 - it is a fact of the process
    _ours = True


def can_fork() -> bool:
    """Whether a second process can help, and can be made without harm."""
    # Threads of any kind are counted, and `threading`, which may not be there, need not be asked.
    alone = _thread._count() == 0  # noqa: SLF001 - it has no other name
    return _ours and sys.platform == "linux" and alone and processors() > 1


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def fork(work: Callable[[], object], held: Iterable[int]) -> int | None:
    """Begin another process, which does `work` and ends; give its number, or None where there cannot be one.

    Its status is 0 if `work` came to its end. `held` is what `hold_signals` gave, which both are to let go.
    """
    try:
        child = os.fork()
    except OSError:
        return None
    if child:
        _alive.add(child)
        return child
    _alive.clear()
    status = 1
    try:
        # Whoever asks the whole group to end means the fork as well; the words about it are the parent's.
        _as_usual()
        let_signals(held)
        work()
        status = 0
    finally:
        # Nothing that this process inherited is to be tidied up twice.
        os._exit(status)


def status(child: int) -> int:
    """Wait for another process; give its status, or 0 where nobody is told it: then its answer tells."""
    try:
        ended = os.waitpid(child, 0)[1]
    except ChildProcessError:
        ended = 0  # SIGCHLD is ignored in this process, as whoever began it may have left it
    _alive.discard(child)
    return ended


def end(child: int) -> None:
    """End another process, whatever it is doing."""
    with suppress(OSError):
        os.kill(child, 9)
    with suppress(OSError):
        os.waitpid(child, 0)
    _alive.discard(child)


def end_all_now() -> None:
    """End what was forked and wait for nothing: this process is about to end, whatever it was doing."""
    for child in tuple(_alive):
        with suppress(OSError):
            os.kill(child, 9)


def hold_signals() -> Iterable[int]:
    """Have the system hold back what would interrupt; give what it held back before.

    Between a fork and the moment when it is known, an interrupt would leave the child at work, or have it tidy up
    what is its parent's.
    """
    signal = sys.modules.get("_signal")
    if signal is None:
        return ()
    before: Iterable[int] = signal.pthread_sigmask(signal.SIG_BLOCK, _interrupts(signal))
    return before


def let_signals(held: Iterable[int]) -> None:
    """Have them come again, but for those that were held back before."""
    signal = sys.modules.get("_signal")
    if signal is not None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _interrupts(signal) - set(held))


def _as_usual() -> None:
    signal = sys.modules.get("_signal")
    if signal is not None:
        for number in _interrupts(signal):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)


def _interrupts(signal: Any) -> set[int]:
    return {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
