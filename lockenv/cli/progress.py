"""Progress: one line that keeps itself up to date on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import threading
import time

from lockenv.cli.screen import Screen, amount
from lockenv.errors import unforeseen
from lockenv.events import (
    WAITING,
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


class Progress:
    """A reporter that draws. Events may come from any thread.

    While a stage lasts, a thread of its own redraws the line, so that it also shows where nothing happens: a
    server that does not answer is what a person most wants to be told of. `clear` ends that thread.
    """

    def __init__(self, screen: Screen, *, verbosity: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self.verbosity = verbosity
        self._clock = clock
        self._lock = threading.Lock()
        self._live = screen.err.isatty()
        self._began = self._drawn = clock()
        self._stage = self._detail = ""
        self._done, self._total = 0, 0
        self._expected = self._received = 0
        self._arriving: dict[str, None] = {}
        self._shown = False
        self._over = threading.Event()
        self._ticker: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Take an event in and redraw if it is time."""
        with self._lock:
            self._take(event)

    def clear(self) -> None:
        """Take the line off the terminal and draw no more."""
        self._over.set()
        if self._ticker is not None:
            self._ticker.join()
        with self._lock:
            self._stage = ""
            self._wipe()

    def _take(self, event: Event) -> None:
        match event:
            case StageStarted(stage=stage, total=total, brisk=brisk):
                self._begin(stage, total or 0, brisk)
            case StageAdvanced(done=done, detail=detail):
                self._done, self._detail = done, detail
                self._draw()
            case StageFinished():
                self._wipe()
                self._stage = ""
            case DownloadStarted() | DownloadAdvanced() | DownloadFinished():
                self._take_download(event)
                self._draw()
            case Requested(method=method, url=url, status=status, received=received):
                self._tell(2, f"{method} {url} -> {status}, {amount(received)}")
            case Noted(message=message):
                self._tell(1, message)
            case Warned(message=message, hint=hint):
                self._wipe()
                self._screen.warn(message, hint)
            case _:
                unforeseen(event)

    def _begin(self, stage: str, total: int, brisk: bool) -> None:
        self._wipe()
        self._stage, self._detail = stage, ""
        self._done, self._total = 0, total
        self._began = self._drawn = self._clock()
        self._expected = self._received = 0
        if self._ticker is None and not brisk and not self._screen.quiet and not self._over.is_set():
            self._ticker = threading.Thread(target=self._tick, name="lockenv-progress", daemon=True)
            self._ticker.start()

    def _tick(self) -> None:
        while not self._over.wait(_REDRAW):
            with self._lock:
                self._draw()

    def _take_download(self, event: DownloadStarted | DownloadAdvanced | DownloadFinished) -> None:
        match event:
            case DownloadStarted(filename=filename, size=size):
                self._arriving[filename] = None
                self._expected += size or 0
            case DownloadAdvanced(received=received):
                self._received += received
            case DownloadFinished(filename=filename):
                self._arriving.pop(filename, None)

    def _tell(self, level: int, text: str) -> None:
        if self.verbosity >= level:
            self._wipe()
            self._screen.note(text)

    def _draw(self) -> None:
        now = self._clock()
        if not self._stage or self._screen.quiet or now - self._began < _PATIENCE:
            return
        if self._live and now - self._drawn >= _REDRAW:
            self._drawn = now
            import shutil  # Lazy: with it come all kinds of compression

            width = shutil.get_terminal_size().columns - 1
            self._screen.draw(self._line(now), width)
            self._shown = True
        elif not self._live and self._stage != WAITING and now - self._drawn >= _PLAIN_EVERY:
            self._drawn = now
            self._screen.note(self._line(now))

    def _line(self, now: float) -> str:
        parts = [self._stage]
        if self._total:
            parts.append(f"{self._done}/{self._total}")
        if self._received:
            rate = self._received / max(now - self._began, 0.001)
            whole = f" of {amount(self._expected)}" if self._expected >= self._received else ""
            parts.append(f"{amount(self._received)}{whole} at {amount(rate)}/s")
        if detail := (next(iter(self._arriving), "") or self._detail):
            parts.append(detail)
        return "  ".join(parts)

    def _wipe(self) -> None:
        if self._shown:
            self._screen.wipe()
            self._shown = False
