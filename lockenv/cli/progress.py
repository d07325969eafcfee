"""Progress: one line that keeps itself up to date on a terminal, a plain line now and then elsewhere.

- ``Resolving  round 48  23 of 31 packages decided``
- ``Resolving  round 48  waiting 4 s for packages.example.com/simple/torch/``
- ``Fetching  2/5  3.4 MB of 12.0 MB at 1.2 MB/s  torch-2.5.1-cp312-cp312-linux_x86_64.whl and 2 more``
- ``Fetching  4/5  11.0 MB of 12.0 MB, nothing for 7 s  torch-2.5.1-cp312-cp312-linux_x86_64.whl``
"""

from __future__ import annotations

import _thread
import time

from lockenv.cli.screen import Screen, amount
from lockenv.errors import unforeseen
from lockenv.events import (
    WAITING,
    Answered,
    Asked,
    DownloadAdvanced,
    DownloadFinished,
    DownloadStarted,
    Event,
    Noted,
    Requested,
    StageAdvanced,
    StageFinished,
    StageStarted,
    Warned,
)

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable

#: Nothing is drawn for what is over sooner than this, in seconds.
_PATIENCE = 0.4
_REDRAW = 0.1
#: Without a terminal: the first line after this long, the next ones at this distance.
_PLAIN_EVERY = 5.0
#: An answer that is waited for longer than this, or a download that stands still so long, is told of.
_SLOW = 1.0
#: What counts rounds, and not units.
_SEARCH = "Resolving"
#: The speed is that of the last seconds, so that it follows what happens.
_RECENT = 3.0


class _Stage:
    """A stage that has begun and is not over."""

    __slots__ = ("began", "detail", "done", "name", "total")

    def __init__(self, name: str, total: int, began: float) -> None:
        self.name, self.total, self.began = name, total, began
        self.done, self.detail = 0, ""


class _Ticker:
    """A thread that does something again and again until it is stopped."""

    def __init__(self, tick: Callable[[], None]) -> None:
        import threading  # Lazy: what is brisk needs no thread, and this takes a millisecond

        self._tick = tick
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lockenv-progress", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_REDRAW):
            self._tick()


class Progress:
    """A reporter that draws. Events may come from any thread.

    While a stage lasts, a thread of its own redraws the line, so that it also shows where nothing happens: a
    server that does not answer is what a person most wants to be told of. It ends with the last stage, because a
    process without further threads can do more (`lockenv.forks`).
    """

    def __init__(self, screen: Screen, *, verbosity: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self.verbosity = verbosity
        self._clock = clock
        self._lock = _thread.allocate_lock()
        self._live = screen.redraws()
        self._drawn = clock()
        self._stages: list[_Stage] = []
        self._arrivals = _Arrivals(clock())
        self._awaited: dict[str, list[float]] = {}
        self._shown = False
        self._cleared = False
        self._ticker: _Ticker | None = None

    def __call__(self, event: Event) -> None:
        """Take an event in and redraw if it is time."""
        with self._lock:
            self._take(event)
            idle = None if self._stages else self._without_ticker()
        if idle is not None:
            idle.stop()

    def clear(self) -> None:
        """Take the line off the terminal and draw no more."""
        with self._lock:
            self._cleared = True
            self._stages.clear()
            self._wipe()
            idle = self._without_ticker()
        if idle is not None:
            idle.stop()

    def _take(self, event: Event) -> None:
        match event:
            case StageStarted(stage=stage, total=total, size=size, brisk=brisk):
                self._begin(stage, total or 0, size, brisk)
            case StageAdvanced(stage=stage, done=done, detail=detail):
                self._advance(stage, done, detail)
            case StageFinished(stage=stage):
                self._finish(stage)
            case DownloadStarted() | DownloadAdvanced() | DownloadFinished():
                self._arrivals.take(event, self._clock())
            case Asked() | Answered():
                self._take_request(event)
            case Requested(method=method, url=url, status=status, received=received):
                self._tell(2, f"{method} {url} -> {status}, {amount(received)}")
            case Noted(message=message):
                self._tell(1, message)
            case Warned(message=message, hint=hint):
                self._wipe()
                self._screen.warn(message, hint)
            case _:
                unforeseen(event)
        self._draw()

    # -- what is going on

    def _begin(self, name: str, total: int, size: int | None, brisk: bool) -> None:
        now = self._clock()
        if not self._stages:
            self._drawn = now
        if size is not None or not self._stages:
            self._arrivals = _Arrivals(now, size)
        self._stages.append(_Stage(name, total, now))
        if self._ticker is None and not brisk and not self._screen.quiet and not self._cleared:
            self._ticker = _Ticker(self._tick)

    def _advance(self, name: str, done: int, detail: str) -> None:
        for stage in reversed(self._stages):
            if stage.name == name:
                stage.done, stage.detail = done, detail
                return

    def _finish(self, name: str) -> None:
        """End a stage, and what has begun within it and was left by an error."""
        for place in reversed(range(len(self._stages))):
            if self._stages[place].name == name:
                del self._stages[place:]
                break
        if not self._stages:
            self._wipe()
        if name == WAITING:
            # Whatever was going on before begins only now.
            self._drawn = self._clock()

    def _take_request(self, event: Asked | Answered) -> None:
        times = self._awaited.setdefault(event.url, [])
        if isinstance(event, Asked):
            times.append(self._clock())
        elif times:
            times.pop(0)
        if not times:
            del self._awaited[event.url]

    # -- what is shown of it

    def _tick(self) -> None:
        with self._lock:
            self._draw()

    def _without_ticker(self) -> _Ticker | None:
        """Let go of the thread that redraws; whoever gets it stops it, without this object's lock."""
        ticker, self._ticker = self._ticker, None
        return ticker

    def _tell(self, level: int, text: str) -> None:
        if self.verbosity >= level:
            self._wipe()
            self._screen.note(text)

    def _draw(self) -> None:
        now = self._clock()
        if not self._stages or self._screen.quiet or now - self._stages[0].began < _PATIENCE:
            return
        if self._live and now - self._drawn >= _REDRAW:
            self._drawn = now
            width = self._screen.width() - 1
            self._screen.draw(_fitted(self._line(now), width), width)
            self._shown = True
        elif not self._live and self._stages[-1].name != WAITING and now - self._drawn >= _PLAIN_EVERY:
            self._drawn = now
            self._screen.note(self._line(now))

    def _line(self, now: float) -> str:
        stage, arrivals = self._stages[-1], self._arrivals
        count = f"{stage.done}/{stage.total}" if stage.total else ""
        if stage.name == _SEARCH and stage.done:
            count = f"round {stage.done}"
        waiting = "" if arrivals.names and arrivals.received else self._waiting(now)
        busy = [part for part in (arrivals.names, waiting) if part] or [stage.detail]
        return "  ".join(part for part in (stage.name, count, arrivals.told(now), *busy) if part)

    def _waiting(self, now: float) -> str:
        """Say whose answer is waited for, if for long: the one that was asked first."""
        url, times = min(self._awaited.items(), key=lambda item: item[1][0], default=("", [now]))
        seconds = now - times[0]
        if seconds < _SLOW:
            return ""
        # What follows a question mark is long, and may be a secret.
        place = url.partition("://")[2].partition("?")[0]
        if self._arrivals.names:
            place = place.partition("/")[0]
        more = sum(map(len, self._awaited.values())) - 1
        return f"waiting {seconds:.0f} s for {place}{f' and {more} more' if more else ''}"

    def _wipe(self) -> None:
        if self._shown:
            self._screen.wipe()
            self._shown = False


class _Arrivals:
    """What is being downloaded: how much of how much, how fast."""

    def __init__(self, now: float, size: int | None = None) -> None:
        self._known = size is not None
        self._expected, self.received = size or 0, 0
        self._files: dict[str, None] = {}
        #: How much had arrived when, since `_RECENT` seconds ago; the last entry is of the last arrival.
        self._samples = [(now, 0)]

    @property
    def names(self) -> str:
        """The files that are under way: the one that began first, and how many others."""
        first = next(iter(self._files), "")
        more = len(self._files) - 1
        return f"{first} and {more} more" if more > 0 else first

    def take(self, event: DownloadStarted | DownloadAdvanced | DownloadFinished, now: float) -> None:
        """Count."""
        match event:
            case DownloadStarted(filename=filename, size=size):
                self._files[filename] = None
                self._expected += 0 if self._known else size or 0
            case DownloadAdvanced(received=received):
                self.received += received
                self._sample(now)
            case DownloadFinished(filename=filename):
                self._files.pop(filename, None)

    def _sample(self, now: float) -> None:
        # One sample for each tenth of a second is enough.
        if len(self._samples) > 1 and now - self._samples[-2][0] < _REDRAW:
            self._samples.pop()
        self._samples.append((now, self.received))
        while len(self._samples) > 2 and now - self._samples[1][0] > _RECENT:
            self._samples.pop(0)

    def told(self, now: float) -> str:
        """How far, and how fast; that nothing arrives, if so."""
        if not self.received:
            return ""
        whole = f" of {amount(self._expected)}" if self._expected >= self.received else ""
        silence = now - self._samples[-1][0]
        if silence >= 2 * _SLOW and self._files:
            return f"{amount(self.received)}{whole}, nothing for {silence:.0f} s"
        since, before = self._samples[0]
        rate = (self.received - before) / max(now - since, _REDRAW)
        return f"{amount(self.received)}{whole} at {amount(rate)}/s"


def _fitted(line: str, width: int) -> str:
    """A line that has to be shorter ends in dots."""
    return line if len(line) <= width else f"{line[: max(width - 3, 0)]}..."
