"""Values that several threads ask for, and one makes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Once(Generic[_K, _V]):
    """Values that are made once per key: by the first who asks, while the others wait."""

    def __init__(self) -> None:
        self._futures: dict[_K, Future[_V]] = {}
        self._lock = threading.Lock()

    def knows(self, key: _K) -> bool:
        """Whether a value is there or being made."""
        return key in self._futures

    def get(self, key: _K, make: Callable[[], _V]) -> _V:
        """Return the value, or raise what making it raised."""
        with self._lock:
            future = self._futures.get(key)
            mine = future is None
            if future is None:
                future = self._futures[key] = Future()
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:  # noqa: BLE001 - whoever waits must be told, and this thread is
                future.set_exception(error)
        return future.result()
