"""Processes that unpack wheels into the store: threads would wait for Python's lock with each file.

They are forked before anything arrives, import what opens archives while this process connects, and are told of
one wheel at a time. What one cannot do is done again here, so that each error is raised by this process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from threading import BoundedSemaphore
from types import TracebackType
from typing import Self, TypeAlias

from lockenv.forks import processors
from lockenv.leftovers import sweep
from lockenv.limits import Limits
from lockenv.store import Store, StoredWheel
from lockenv.workers import Crew

#: More processes than this would wait for the disk, or for what is still to arrive.
_MOST = 6
#: Bytes to be fetched from which on it pays to fork.
_WORTH = 1 << 19
#: In threads, unpacking is many short calls with Python's own work between: more of them hinder each other.
_THREADS = 2

#: Of a wheel file: sha256, path, name, version, file name and seal, as `Store.add` takes them.
_Arrived: TypeAlias = tuple[str, str, str, str, str, tuple[int, ...]]


class Unpacking:
    """The unpacking of wheels, to be used with `with`. `sizes` are theirs in bytes, as far as they are known."""

    def __init__(self, store: Store, sizes: Sequence[int | None], limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._count = min(_MOST, len(sizes), processors()) if _pays(sizes) else 0
        self._crew = Crew(self._ready)
        self._here = BoundedSemaphore(_THREADS)
        self._over = False

    def __enter__(self) -> Self:
        self._crew.begin(self._count)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            if not self._crew.dismiss():
                self._sweep()
            return
        self._over = True
        if self._crew.end():
            self._sweep()

    def _sweep(self) -> None:
        """Remove what processes have left half-made that were ended."""
        sweep(str(self._store.root / "wheels"))

    def add(
        self, sha256: str, wheel_file: Path, *, name: str, version: str, filename: str, seal: tuple[int, ...]
    ) -> StoredWheel:
        """Do what `Store.add` does, and raise as it does; from any thread, elsewhere where that can be."""
        arrived = (sha256, str(wheel_file), name, version, filename, seal)
        stored = self._store.known(sha256) if self._crew.ask(arrived) else None
        if stored is not None:
            return stored
        if self._over:
            raise CancelledError
        with self._here:
            return self._added(arrived)

    def _added(self, arrived: _Arrived) -> StoredWheel:
        sha256, path, name, version, filename, seal = arrived
        return self._store.add(
            sha256, Path(path), name=name, version=version, filename=filename, limits=self._limits, seal=seal
        )

    def _ready(self) -> Callable[[_Arrived], bool]:
        """What a worker begins with: to import what it will need."""
        import lockenv.archive.wheel  # noqa: F401 - while this process's parent connects

        gc.disable()  # files leave no cycles behind
        return self._adds

    def _adds(self, arrived: _Arrived) -> bool:
        try:
            self._added(arrived)
        except Exception:  # noqa: BLE001 - whatever it is comes again where it can be told
            return False
        return True


def _pays(sizes: Sequence[int | None]) -> bool:
    return len(sizes) > 1 and sum(_WORTH if size is None else size for size in sizes) >= _WORTH
