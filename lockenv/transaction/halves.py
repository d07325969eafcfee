"""Two processes for work that is mostly the kernel's: in two threads it would wait for Python's lock.

The other process is a fork that runs one function, answers through a pipe and ends; it inherits the locks on the
environment, which therefore last as long as it does. It is only made where nothing can be in its way: by the
command line, not within somebody's program; on Linux, on more than one processor, and by a process without other
threads, whose locks a fork would copy as they stand.
"""

from __future__ import annotations

import _thread
import marshal
import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    _Mine = TypeVar("_Mine")


class HalfFailedError(Exception):
    """The other process did not come to its end, or was refused something that has no name here."""


_LENGTH = 8  #: bytes before an answer that say how long it is
_ours = False


def allow() -> None:
    """Say that this process is lockenv's own."""
    global _ours  # noqa: PLW0603 - it is a fact of the process
    _ours = True


def can_fork() -> bool:
    """Whether a second process can help, and can be made without harm."""
    # Threads of any kind are counted, and `threading`, which may not be there, need not be asked.
    alone = _thread._count() == 0  # noqa: SLF001 - it has no other name
    return _ours and sys.platform == "linux" and alone and len(os.sched_getaffinity(0)) > 1


def both(mine: Callable[[], _Mine], theirs: Callable[[], Any]) -> tuple[_Mine, Any]:
    """Run `mine` here and `theirs` in another process; give both results, of which the second is plain data.

    Where the system refuses another process, this one does both. Raises what `mine` raises, an `OSError` as
    `theirs` raised it, and `HalfFailedError` for whatever else became of it. The other process has ended then.
    """
    reading, writing = os.pipe()
    with open(reading, "rb") as answer:  # noqa: PTH123 - a descriptor
        child = None
        held = _hold_signals()
        try:
            try:
                child = _forked(theirs, reading, writing, held)
            finally:
                os.close(writing)
                # What interrupts from here on knows of the child, and ends it.
                _let_signals(held)
            own = mine()
            said = answer.read() if child else b""
        except BaseException:
            if child:
                _end(child)
            raise
    if child is None:
        return own, theirs()
    status = _status(child)
    if status != 0 or said[:_LENGTH] != _length(said[_LENGTH:]):
        raise HalfFailedError(f"the process that helped ended with status {status}")
    # What this program's own fork wrote, whole.
    kind, value = marshal.loads(said[_LENGTH:])  # noqa: S302
    if kind == "refused":
        raise OSError(*value)
    return own, value


def _forked(work: Callable[[], Any], reading: int, writing: int, held: Iterable[int]) -> int | None:
    """Begin the other process; give its number, or None where there cannot be one."""
    try:
        child = os.fork()
    except OSError:
        return None
    if child:
        return child
    status = 1
    try:
        # Whoever asks the whole group to end means the fork as well; the words about it are the parent's.
        _as_usual()
        _let_signals(held)
        os.close(reading)
        said = marshal.dumps(_answer(work))
        with open(writing, "wb") as pipe:
            pipe.write(_length(said) + said)
        status = 0
    finally:
        # Nothing that this process inherited is to be tidied up twice.
        os._exit(status)


def _length(said: bytes) -> bytes:
    return len(said).to_bytes(_LENGTH, "big")


def _status(child: int) -> int:
    """Wait for the other process; give its status, or 0 where nobody is told it: then its answer tells."""
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return 0  # SIGCHLD is ignored in this process, as whoever began it may have left it


def _hold_signals() -> Iterable[int]:
    """Have the system hold back what would interrupt; give what it held back before.

    Between a fork and the moment when it is known, an interrupt would leave the child at work, or have it tidy up
    what is its parent's.
    """
    signal = sys.modules.get("_signal")
    if signal is None:
        return ()
    before: Iterable[int] = signal.pthread_sigmask(signal.SIG_BLOCK, _interrupts(signal))
    return before


def _let_signals(held: Iterable[int]) -> None:
    signal = sys.modules.get("_signal")
    if signal is not None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _interrupts(signal) - set(held))


def _answer(work: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "done", work()
    except OSError as error:
        return "refused", (error.errno, error.strerror, error.filename)


def _as_usual() -> None:
    signal = sys.modules.get("_signal")
    if signal is not None:
        for number in _interrupts(signal):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)


def _interrupts(signal: Any) -> set[int]:
    return {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def _end(child: int) -> None:
    # Lazy: every start of the command line imports this module, and hardly any has a child to end.
    import contextlib

    with contextlib.suppress(OSError):
        os.kill(child, 9)
    with contextlib.suppress(OSError):
        os.waitpid(child, 0)
