"""A while without the cycle collector, for work that makes many plain values and no cycles."""

from __future__ import annotations

import gc

__all__ = ["Uncollected", "end_soon"]

_ends_soon = False


def end_soon() -> None:
    """Say that this process ends when its work is done: then nobody looks through what that made."""
    global _ends_soon  # noqa: PLW0603 - it is a fact of the process
    _ends_soon = True


class Uncollected:
    """Within this block nothing looks for cycles.

    To unpack the facts of ten thousand files takes half the time then; and where a second process is made, memory
    that nobody changes stays shared: the collector writes into everything that it looks at.
    """

    __slots__ = ("_was",)

    def __enter__(self) -> None:
        """Begin."""
        self._was = gc.isenabled()
        gc.disable()

    def __exit__(self, *exception: object) -> None:
        """Leave the collector as it was."""
        if self._was:
            if _ends_soon:
                # Else the next value that is made has all looked through that was made here: 20 ms after a sync.
                gc.freeze()
            gc.enable()
