"""The cache of indexes, noting which of its pages were read: what an answer rests on.

It also counts and removes the answers that rest on its pages (`lockenv.index.answers`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from lockenv.index import answers
from lockenv.index.cache import _LONGEST_FRESH, SEAL_BYTES, IndexCache, Page, Validators
from lockenv.packages import Listing, NormalizedName
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A page of the cache by what tells it from any other.

    `place` is its file below the cache's root, `seal` the checksum that this begins with, `size` its bytes, and
    `fresh` for how many seconds from the file's modification time on it need not be asked for again.
    """

    place: str
    seal: bytes
    size: int
    fresh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A page as it was read or stored; without `validators` it is not kept.

    `is_missing` says that it was only looked for, in vain: then it has still to be read. `status` tells its file
    from any that has been put in its place since; None for one that was just stored.
    """

    name: NormalizedName
    index_url: str
    place: str
    validators: Validators | None
    is_known: bool
    is_missing: bool
    status: tuple[int, ...] | None


class NotingCache(IndexCache):
    """An `IndexCache` that can say which pages were read."""

    def __init__(self, root: Path, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(root, clock=clock)
        self._now = clock
        self._folder = root
        self._noted: dict[str, _Read] = {}
        self._lock = threading.Lock()

    def page(self, url: str, name: NormalizedName, index_url: str) -> Page | None:
        """Look a page up, and note it, unless one is noted that was found or stored before.

        While a thread fetches a page, another may look whether it is there: what that saw is not what was read.
        """
        found, read = self._look_up(url, name, index_url)
        with self._lock:
            before = self._noted.get(url)
            if before is None or before.is_missing:
                self._noted[url] = read
        return found

    def page_read_elsewhere(self, url: str, name: NormalizedName, index_url: str) -> Page | None:
        """Look up the page that another process was asked to read, and note that it is the one that was read."""
        found, read = self._look_up(url, name, index_url)
        with self._lock:
            self._noted[url] = read
        return found

    def _look_up(self, url: str, name: NormalizedName, index_url: str) -> tuple[Page | None, _Read]:
        place = self._place("pages", url)
        before = _status(place)
        found = super().page(url, name, index_url)
        return found, _Read(
            name=name,
            index_url=index_url,
            place=place,
            validators=found.validators if found is not None else None,
            is_known=found is not None and found.listing is not None,
            is_missing=found is None,
            status=before if before == _status(place) else None,
        )

    def store_page(self, url: str, listing: Listing | None, validators: Validators) -> None:
        """Keep a page, and note that it is the one that was read."""
        super().store_page(url, listing, validators)
        with self._lock:
            if (before := self._noted.get(url)) is not None:
                self._noted[url] = _Read(
                    name=before.name,
                    index_url=before.index_url,
                    place=before.place,
                    validators=validators if validators.storable else None,
                    is_known=listing is not None,
                    is_missing=False,
                    status=None,
                )

    def pages_read(self, urls: Iterable[str]) -> tuple[Kept, ...] | None:
        """The pages at these addresses; None where one is not kept as it was read: others write here too."""
        found = []
        for url in urls:
            kept = self._kept(url)
            if kept is None:
                return None
            found.append(kept)
        return tuple(found)

    def _kept(self, url: str) -> Kept | None:
        read = self._noted.get(url)
        if read is None or read.validators is None:
            return None
        try:
            seal, status = _sealed(read.place)
            same = status == read.status or (self._is_still(url, read) and _sealed(read.place) == (seal, status))
        except OSError:
            return None
        if not same:
            return None
        fresh = min(read.validators.max_age, _LONGEST_FRESH)
        return Kept(place=os.path.relpath(read.place, self._folder), seal=seal, size=status[1], fresh=fresh)

    def _is_still(self, url: str, read: _Read) -> bool:
        """Whether a page that was stored or confirmed is the one that is kept now, by what the index sent."""
        page = super().page(url, read.name, read.index_url)
        if page is None:
            return False
        # The digest of what the index sent is one of the validators.
        return (page.validators, page.listing is not None) == (read.validators, read.is_known)

    # -- housekeeping

    def size(self) -> tuple[int, int]:
        """Measure the cache, answers included: (bytes, entries)."""
        size, count = super().size()
        files = answers.files(str(self._folder))
        return size + sum(one.st_size for _, one in files), count + len(files)

    def prune(self, *, older_than_days: float = 0.0) -> tuple[int, int]:
        """Remove entries, and answers, not used for so long: (bytes, entries) that went."""
        size, count = super().prune(older_than_days=older_than_days)
        limit = self._now() - older_than_days * 86_400
        freed = answers.remove_until(str(self._folder), limit)
        return size + sum(freed), count + len(freed)


def _sealed(place: str) -> tuple[bytes, tuple[int, ...]]:
    with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - hundreds of them
        return file.read(SEAL_BYTES), _signs(os.fstat(file.fileno()))


def _status(place: str) -> tuple[int, ...] | None:
    try:
        return _signs(os.stat(place))  # noqa: PTH116 - as above
    except OSError:
        return None


def _signs(status: os.stat_result) -> tuple[int, ...]:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
