"""Asking pip ahead: by another process, beside what a first sync imports. It takes pip as long as a few wheels."""

# pathlib is among the heavy imports that are avoided here: they are what is to go on beside.
# ruff: noqa: PTH110, PTH118

from __future__ import annotations

import os

from lockenv.forks import can_fork, fork, hold_signals, let_signals, status

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What the cache calls the file with pip's answer (`lockenv.index.kept_default`).
NAME = "default-index"

#: Processes that ask pip, by the cache that they write the answer to.
_under_way: dict[str, int] = {}


def begin(ask: Callable[[], object], environ: Mapping[str, str], cache: str) -> None:
    """Have another process ask pip for its index where it was never asked before, and do not wait for it.

    `ask` is what asks there: `kept_default_index`. It leaves the answer in the cache, where that looks here, after
    having waited. Where there is none then, for whatever reason, pip is asked again by who wants to know, and says
    why. Who begins this has to `wait` in the end. Where nothing can go on beside, nothing is begun
    (`lockenv.forks.can_fork`).
    """
    if cache in _under_way or environ.get("LOCKENV_INDEX_URL", "").strip():
        return
    if os.path.exists(os.path.join(cache, NAME)) or not can_fork():
        return
    held = hold_signals()
    try:
        if (child := fork(ask, held)) is not None:
            _under_way[cache] = child
    finally:
        let_signals(held)


def wait(cache: str) -> None:
    """Wait for who was begun to ask, if anybody was; it may be about to write into the cache."""
    if (child := _under_way.pop(cache, None)) is not None:
        status(child)
