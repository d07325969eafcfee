"""Other processes that do one thing again and again, each time that they are asked (forks: `lockenv.forks`)."""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

from lockenv.forks import can_fork, end, fork, hold_signals, let_signals, status

_LENGTH = 8  #: bytes before a message that say how long it is


class Worker:
    """A process that answers what it is asked; questions and answers are plain data (`marshal`).

    `prepare` is called there, and gives what answers. The process ends when it is dismissed, or when this one has
    ended; an error ends it, too. `siblings` are the workers that there are already: as long as one of them held
    the ends of another's pipes, that would not hear of the end.
    """

    def __init__(self, prepare: Callable[[], Callable[[Any], Any]], siblings: Sequence[Worker] = ()) -> None:
        """Begin it. Raises `OSError` where there cannot be one more process."""
        theirs, ours = os.pipe()
        self._asking = os.fdopen(ours, "wb")
        ours, answering = os.pipe()
        self._answers = os.fdopen(ours, "rb")
        self._child: int | None = None
        held = hold_signals()
        try:
            self._child = fork(lambda: _serve(prepare, theirs, answering, (self, *siblings)), held)
        finally:
            os.close(theirs)
            os.close(answering)
            let_signals(held)
        if self._child is None:
            self._hang_up()
            raise BlockingIOError("the system refuses another process")

    def ask(self, question: Any) -> Any:
        """Have it answer. Raises `OSError` or `EOFError` where it is no more. One thread asks at a time."""
        _write(self._asking, question)
        return _read(self._answers)

    def dismiss(self) -> bool:
        """Let it end, which it does as soon as it has nothing to do, and wait for that. Say whether it did so."""
        self._hang_up()
        return self._child is not None and status(self._child) == 0

    def end(self) -> None:
        """End it, whatever it is doing."""
        if self._child is not None:
            end(self._child)
        # Another thread that waits for the answer hears of the end, and needs its pipe for that.

    def _hang_up(self) -> None:
        with suppress(OSError):  # what was still to be said is said to nobody
            self._asking.close()
        self._answers.close()


class Crew:
    """Workers that do the same, of which each question goes to one that has nothing to do. See `Worker`."""

    def __init__(self, prepare: Callable[[], Callable[[Any], Any]]) -> None:
        self._prepare = prepare
        self._workers: list[Worker] = []
        self._lost = False
        #: Those that have nothing to do; None stands for one that is no more.
        self._idle: SimpleQueue[Worker | None] = SimpleQueue()

    def begin(self, count: int) -> None:
        """Fork so many, or as many as the system allows; none where that cannot be (`lockenv.forks.can_fork`)."""
        try:
            for _ in range(count if can_fork() else 0):
                self._workers.append(Worker(self._prepare, self._workers))
                self._idle.put(self._workers[-1])
        except OSError:
            pass  # those that there are will do
        except BaseException:
            self.end()
            raise

    def __len__(self) -> int:
        return len(self._workers)

    def ask(self, question: Any) -> Any:
        """Have somebody answer; None where nobody could. Any thread may ask, and waits for its turn."""
        if not self._workers:
            return None
        worker = self._idle.get()
        try:
            return None if worker is None else worker.ask(question)
        except (OSError, EOFError):
            worker = None
            self._lost = True  # its status may be told to nobody
            return None
        finally:
            self._idle.put(worker)

    def dismiss(self) -> bool:
        """Let them end when they have answered. Nobody asks any more. Say whether all came to their end."""
        ended = [worker.dismiss() for worker in self._workers]
        return all(ended) and not self._lost

    def end(self) -> bool:
        """End them at once, whoever waits for an answer. Say whether there were any."""
        held = hold_signals()  # who interrupts twice is in a hurry, which this is as well
        for worker in self._workers:
            worker.end()
        let_signals(held)
        return bool(self._workers)


def _serve(
    prepare: Callable[[], Callable[[Any], Any]], asked: int, answering: int, others: Sequence[Worker]
) -> None:
    for other in others:
        os.close(other._asking.fileno())  # noqa: SLF001 - this process's copies
        os.close(other._answers.fileno())  # noqa: SLF001
    work = prepare()
    with os.fdopen(asked, "rb") as questions, os.fdopen(answering, "wb") as answers:
        while True:
            try:
                question = _read(questions)
            except EOFError:
                return
            _write(answers, work(question))


def _write(pipe: IO[bytes], message: Any) -> None:
    content = marshal.dumps(message)
    pipe.write(len(content).to_bytes(_LENGTH, "big") + content)
    pipe.flush()


def _read(pipe: IO[bytes]) -> Any:
    """Read one message. Raises `EOFError` where it does not come, or not whole."""
    length = int.from_bytes(pipe.read(_LENGTH), "big")
    content = pipe.read(length)
    if not content or len(content) < length:
        raise EOFError
    # What this program's own fork wrote, whole.
    return marshal.loads(content)  # noqa: S302
