"""Which wheels were found to require what a lock says of them: digests, kept so that it is found out once.

A digest is of all that the finding rests on (the wheel by its hash, what the lock says, the target), so that what
is kept can be missing, and cost time, but not be wrong. It lies in the cache beside the wheels themselves.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from lockenv.files import write_atomically
from lockenv.sums import sha256

_PLACE = "agreed/wheels"
_SIZE = 16  #: bytes of a digest
_MANY = 20_000  #: digests beyond which older ones are forgotten


def digest(*facts: object) -> bytes:
    """Give the digest of facts that have a distinct `repr`."""
    return sha256(repr(facts).encode("utf-8", "surrogateescape")).digest()[:_SIZE]


class Agreed:
    """The digests kept in a cache folder, read when they are first asked for."""

    def __init__(self, cache: Path) -> None:
        self._place = cache / _PLACE
        content = _content(self._place)
        self._whole = len(content) % _SIZE == 0
        self._known = frozenset(content[at : at + _SIZE] for at in range(0, len(content) - _SIZE + 1, _SIZE))

    def __contains__(self, each: bytes) -> bool:
        return each in self._known

    def keep(self, found: Iterable[bytes]) -> None:
        """Keep further ones. What cannot be kept is found out again."""
        new = [each for each in dict.fromkeys(found) if each not in self._known]
        if not new:
            return
        with contextlib.suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            if not self._whole or len(self._known) + len(new) > _MANY:
                write_atomically(self._place, b"".join(new))
            else:
                # One write to the end of the file: of several processes none comes between another's bytes.
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
                descriptor = os.open(self._place, flags, 0o666)
                try:
                    os.write(descriptor, b"".join(new))
                finally:
                    os.close(descriptor)


def _content(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError:
        return b""
