"""Values that several threads ask for, and one makes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

_K = TypeVar("_K")
_V = TypeVar("_V")


class _Made(Generic[_V]):
    """A value, or why there is none, once `done`; who makes it holds `making` until then.

    What `concurrent.futures` has for that takes as long to make as some of the values.
    """

    __slots__ = ("done", "error", "making", "value")

    def __init__(self) -> None:
        self.making = threading.Lock()
        self.done = False
        self.value: _V | None = None
        self.error: BaseException | None = None

    def make(self, make: Callable[[], _V]) -> None:
        """Make it. What goes wrong is for whoever asks."""
        try:
            self.value = make()
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told, and this thread is
            self.error = error
        finally:
            self.done = True
            self.making.release()

    def result(self) -> _V:
        """Wait for it. Raises what making it raised."""
        if not self.done:
            with self.making:
                pass
        if self.error is not None:
            raise self.error
        return cast("_V", self.value)


class Once(Generic[_K, _V]):
    """Values that are made once per key: by the first who asks, while the others wait."""

    def __init__(self) -> None:
        self._made: dict[_K, _Made[_V]] = {}
        self._lock = threading.Lock()

    def knows(self, key: _K) -> bool:
        """Whether a value is there or being made."""
        return key in self._made

    def get(self, key: _K, make: Callable[[], _V]) -> _V:
        """Return the value, or raise what making it raised."""
        with self._lock:
            made = self._made.get(key)
            mine = made is None
            if made is None:
                made = self._made[key] = _Made()
                made.making.acquire()
        if mine:
            made.make(make)
        return made.result()
