"""Which further hashes the wheels in the store were proven to have, so that a lock is held to all that it names.

The store knows a wheel by its sha256 and keeps no archive, so whether a sha512 beside it is right can only be seen
when the wheel arrives. What was seen is noted: a line ``algorithm digest sha256`` for each. Without the line for a
hash that a lock names, the wheel is not there, and arrives once more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_PLACE = "agreed/hashes"
_LARGEST = 1 << 20  #: bytes beyond which older lines are forgotten
_OURS = "sha256"


class ProvenHashes:
    """The lines of a cache folder."""

    def __init__(self, cache: Path) -> None:
        self._place = cache / _PLACE
        self._known: dict[tuple[str, str], str] | None = None

    def sha256_of(self, hashes: Mapping[str, str], checked: Iterable[str]) -> str | None:
        """Give the sha256 of the wheel that has all these hashes; None where one `checked` is not proven."""
        stated = {name: digest.lower() for name, digest in hashes.items() if name in set(checked)}
        own = {stated.pop(_OURS)} if _OURS in stated else set()
        found = own | {self._lines().get(each, "") for each in stated.items()}
        return found.pop() or None if len(found) == 1 else None

    def keep(self, hashes: Mapping[str, str], sha256: str, checked: Iterable[str]) -> None:
        """Note that the wheel with this sha256 was seen to have these. What cannot be noted is seen again."""
        names = set(checked) - {_OURS}
        new = {(name, digest.lower()): sha256 for name, digest in hashes.items() if name in names}
        text = "".join(
            f"{name} {digest} {sha256}\n"
            for (name, digest), sha256 in new.items()
            if self._lines().get((name, digest)) != sha256
        )
        if not text:
            return
        self._lines().update(new)
        with contextlib.suppress(OSError):
            self._place.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._place, flags, 0o666)
            try:
                if os.fstat(descriptor).st_size > _LARGEST:
                    os.ftruncate(descriptor, 0)
                # One write to the end: of several processes none comes between another's bytes. The line's end
                # before it closes one that a full disk has cut.
                os.write(descriptor, f"\n{text}".encode("ascii", "replace"))
            finally:
                os.close(descriptor)

    def _lines(self) -> dict[tuple[str, str], str]:
        if self._known is None:
            self._known = _read(self._place)
        return self._known


def _read(place: Path) -> dict[tuple[str, str], str]:
    try:
        rows = [line.split(" ") for line in place.read_text(encoding="ascii", errors="replace").splitlines()]
    except OSError:
        return {}
    # A line that was cut names a sha256 that is too short for any wheel.
    return {(row[0], row[1]): row[2] for row in rows if len(row) == 3 and len(row[2]) == 64}
