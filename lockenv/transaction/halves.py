"""Two processes for work that is mostly the kernel's: in two threads it would wait for Python's lock.

The other process is a fork (`lockenv.forks`) that runs one function, answers through a pipe and ends.
"""

from __future__ import annotations

import marshal
import os

from lockenv.forks import end, fork, hold_signals, let_signals, status

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _Mine = TypeVar("_Mine")


class HalfFailedError(Exception):
    """The other process did not come to its end, or was refused something that has no name here."""


_LENGTH = 8  #: bytes before an answer that say how long it is


def both(mine: Callable[[], _Mine], theirs: Callable[[], Any]) -> tuple[_Mine, Any]:
    """Run `mine` here and `theirs` in another process; give both results, of which the second is plain data.

    Where the system refuses another process, this one does both. Raises what `mine` raises, an `OSError` as
    `theirs` raised it, and `HalfFailedError` for whatever else became of it. The other process has ended then.
    """
    reading, writing = os.pipe()
    with open(reading, "rb") as answer:  # noqa: PTH123 - a descriptor
        child = None
        held = hold_signals()
        try:
            try:
                child = fork(lambda: _say(_answer(theirs), reading, writing), held)
            finally:
                os.close(writing)
                # What interrupts from here on knows of the child, and ends it.
                let_signals(held)
            own = mine()
            said = answer.read() if child else b""
        except BaseException:
            if child:
                end(child)
            raise
    if child is None:
        return own, theirs()
    ended = status(child)
    if ended != 0 or said[:_LENGTH] != _length(said[_LENGTH:]):
        raise HalfFailedError(f"the process that helped ended with status {ended}")
    # What this program's own fork wrote, whole.
    kind, value = marshal.loads(said[_LENGTH:])  # noqa: S302
    if kind == "refused":
        raise OSError(*value)
    return own, value


def _say(answer: tuple[str, Any], reading: int, writing: int) -> None:
    os.close(reading)
    said = marshal.dumps(answer)
    with open(writing, "wb") as pipe:
        pipe.write(_length(said) + said)


def _length(said: bytes) -> bytes:
    return len(said).to_bytes(_LENGTH, "big")


def _answer(work: Callable[[], Any]) -> tuple[str, Any]:
    try:
        return "done", work()
    except OSError as error:
        return "refused", (error.errno, error.strerror, error.filename)
