"""Large blocks of memory go back to the system as soon as nobody needs them."""

from __future__ import annotations

from functools import cache

_M_MMAP_THRESHOLD = -3  #: mallopt(3)
_BLOCK = 1 << 20


@cache
def give_back_large_blocks() -> None:
    """Have glibc map each large block by itself, from now on.

    It would else raise its threshold to the size of the first large block that is freed, and keep later ones for
    the thread that had them: so many threads, so many times the largest page. Elsewhere nothing is done.
    """
    # Lazy: no index that means well has pages of that size.
    import ctypes

    try:
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _BLOCK)
    except (AttributeError, OSError):
        return
