"""The nodes that wait to be decided, the most pressing first."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Generic

from resolvelib.structs import KT


class Agenda(Generic[KT]):
    """A heap of open nodes that is brought up to date only where something has changed.

    `pressing` gives a node's place in the order, which must be different for each, or None if it does not wait
    to be decided; the lowest goes first.
    """

    def __init__(self, pressing: Callable[[KT], Any]) -> None:
        self._pressing = pressing
        self._changed: dict[KT, None] = {}
        self._current: dict[KT, tuple[Any, int]] = {}
        self._heap: list[tuple[Any, int, KT]] = []
        self._count = 0

    def touch(self, node: KT) -> None:
        """Say that a node's place may have changed."""
        self._changed[node] = None

    def first(self) -> KT | None:
        """The node to decide next; None if there is none."""
        for node in self._changed:
            self._put(node)
        self._changed.clear()
        while self._heap:
            place, count, node = self._heap[0]
            if self._current.get(node) == (place, count):
                return node
            heapq.heappop(self._heap)
        return None

    def _put(self, node: KT) -> None:
        place = self._pressing(node)
        if place is None:
            self._current.pop(node, None)
        elif node not in self._current or self._current[node][0] != place:
            self._count += 1
            self._current[node] = (place, self._count)
            heapq.heappush(self._heap, (place, self._count, node))
