"""Two processes for work that is mostly the kernel's: in two threads it would wait for Python's lock.

The other process is a fork that runs one function, answers through a pipe and ends; it inherits the locks on the
environment, which therefore last as long as it does. It is only made where nothing can be in its way: by the
command line, not within somebody's program; on Linux, on more than one processor, and by a process without other
threads, whose locks a fork would copy as they stand.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Mine = TypeVar("_Mine")


class HalfFailedError(Exception):
    """The other process did not come to its end, or was refused something that has no name here."""


_ours = False


def allow() -> None:
    """Say that this process is lockenv's own."""
    global _ours  # noqa: PLW0603 - it is a fact of the process
    _ours = True


def can_fork() -> bool:
    """Whether a second process can help, and can be made without harm."""
    threading = sys.modules.get("threading")
    alone = threading is None or threading.active_count() == 1
    return _ours and sys.platform == "linux" and alone and len(os.sched_getaffinity(0)) > 1


def both(mine: Callable[[], _Mine], theirs: Callable[[], Any]) -> tuple[_Mine, Any]:
    """Run `mine` here and `theirs` in another process; give both results, of which the second is plain data.

    Raises what `mine` raises, an `OSError` as `theirs` raised it, and `HalfFailedError` for whatever else became
    of it. The other process has ended then.
    """
    reading, writing = os.pipe()
    with open(reading, "rb") as answer:  # noqa: PTH123 - a descriptor
        child = _forked(theirs, reading, writing)
        try:
            os.close(writing)
            own = mine()
            said = answer.read()
        except BaseException:
            _end(child)
            raise
    _, status = os.waitpid(child, 0)
    if status != 0 or not said:
        raise HalfFailedError(f"the process that helped ended with status {status}")
    # What this program's own fork wrote, whole.
    kind, value = marshal.loads(said)  # noqa: S302
    if kind == "refused":
        raise OSError(*value)
    return own, value


def _forked(work: Callable[[], Any], reading: int, writing: int) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        # Whoever asks the whole group to end means the fork as well; the words about it are the parent's.
        _as_usual()
        os.close(reading)
        said = marshal.dumps(_answer(work))
        with open(writing, "wb") as pipe:
            pipe.write(said)
        status = 0
    finally:
        # Nothing that this process inherited is to be tidied up twice.
        os._exit(status)


def _answer(work: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "done", work()
    except OSError as error:
        return "refused", (error.errno, error.strerror, error.filename)


def _as_usual() -> None:
    signal = sys.modules.get("signal")
    if signal is not None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if signal.getsignal(getattr(signal, name)) is not signal.SIG_IGN:
                signal.signal(getattr(signal, name), signal.SIG_DFL)


def _end(child: int) -> None:
    # Lazy: every start of the command line imports this module, and hardly any has a child to end.
    import contextlib

    with contextlib.suppress(OSError):
        os.kill(child, 9)
    with contextlib.suppress(OSError):
        os.waitpid(child, 0)
