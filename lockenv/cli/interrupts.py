"""Ctrl-C, and being told to end: the work is unwound; what does not come to its end soon is left as it stands."""

from __future__ import annotations

import _thread
import os
import sys
import time

from lockenv.light import contextmanager, suppress

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator
    from types import FrameType
    from typing import NoReturn
else:
    # What `signal` puts names on, for which it imports `enum`.
    import _signal as signal

#: What asks a process to end, and what happens then if nobody has said otherwise.
_SIGNALS = {
    name: signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
}
#: How long unwinding may take, in seconds. It waits for threads, and a thread may wait for a silent server.
_GRACE = 0.7

_received: int = signal.SIGINT
_unchanged = "nothing was changed that was not finished"
_said = False


def status() -> int:
    """The exit status of what a signal ended, as shells say it: 130 of SIGINT, 143 of SIGTERM, 129 of SIGHUP."""
    return 128 + _received


def last_words() -> str:
    """Say, once, what an interrupt leaves; whether the environment was changed is asked of the disk."""
    global _said  # noqa: PLW0603 - said by whoever comes first to the end
    if _said:
        return ""
    _said = True
    word = "interrupted" if _received == signal.SIGINT else f"ended by {_name(_received)}"
    if _told("lockenv.transaction.commit", "happened"):
        return f"\n{word}: the environment is the new one already; what is left over goes with the next sync\n"
    if _told("lockenv.operations.amendment", "begun"):
        # There was no time to put them back.
        return f"\n{word}: the environment was not changed; `lockenv sync` goes on with env.toml and the lock\n"
    return f"\n{word}: {_unchanged}\n"


def _told(module: str, function: str) -> bool:
    """Ask a module that is not imported for that: where it is not there, or not whole yet, nothing has begun."""
    ask = getattr(sys.modules.get(module), function, None)
    return ask is not None and bool(ask())


def _name(number: int) -> str:
    return next(name for name in _SIGNALS if getattr(signal, name) == number)


@contextmanager
def prompt_interrupts(command: str = "") -> Iterator[None]:
    """Within this block SIGINT, SIGTERM and SIGHUP raise `KeyboardInterrupt`.

    If unwinding takes long, and at a second signal, the process ends at once. Ending in the midst of things is
    safe: an environment or lock changes in one rename, and what lies half-made beside is swept by the next run. A
    signal that somebody else handles, or that is ignored (`nohup`), is left alone, and all of them where this is
    not the main thread. `command` decides what is said of what was not changed.
    """
    global _unchanged  # noqa: PLW0603 - there is one command in a process
    if command in {"sync", "rollback"}:
        _unchanged = "the environment was not changed"
    elif command in {"add", "remove"}:
        _unchanged = "env.toml, the lock and the environment are as they were"
    taken = []
    try:
        for name, usual in _SIGNALS.items():
            number = getattr(signal, name)
            if signal.getsignal(number) == usual:
                signal.signal(number, _interrupt)
                taken.append((number, usual))
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, usual in taken:
            signal.signal(number, usual)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    global _received  # noqa: PLW0603 - a signal comes to the process, not to a part of it
    _received = number
    for name in _SIGNALS:
        if signal.getsignal(getattr(signal, name)) == _interrupt:
            signal.signal(getattr(signal, name), _end_now)
    # Nothing is imported here, as this may have come in the midst of an import. Where the system refuses another
    # thread, a second signal ends what does not come to its end.
    with suppress(RuntimeError):
        _thread.start_new_thread(_end_later, ())
    raise KeyboardInterrupt


def _end_later() -> None:
    time.sleep(_GRACE)
    _end()


def _end_now(_number: int, _frame: FrameType | None) -> None:
    _end()


def _end() -> None:
    for name in ("lockenv.forks", "lockenv.build.children"):
        _told(name, "end_all_now")
    with suppress(OSError):  # the terminal has gone, which may be why
        os.write(2, last_words().encode("ascii"))
    os._exit(status())
