"""Processes that read pages while this one resolves: in threads, each would wait for Python's lock.

A page of thousands of files takes longer to read than to fetch. Who has read one puts it into the cache, from
where the first process takes what it looks at. What cannot be read, or kept, is read again here, so that each
error is raised by this process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeAlias, cast

from lockenv.errors import LockenvError
from lockenv.forks import processors
from lockenv.index.cache import IndexCache, Validators
from lockenv.index.simple import parse_page
from lockenv.packages import Listing, NormalizedName
from lockenv.workers import Crew

_MOST = 3  #: more would wait for what is still to arrive
_WORTH = 1 << 14  #: bytes of a page from which on it pays to have another process read it

#: Content type, body, the address that it came from, the name, the index, the page's address, and its validators.
_Asked: TypeAlias = "tuple[str, bytes, str, str, str, str, tuple[str, str, float, str]]"


class PageReading:
    """Reads pages and keeps them in `cache`; in other processes once `begin` was called, if there can be any."""

    def __init__(self, cache: IndexCache) -> None:
        self._cache = cache
        self._crew = Crew(self._ready)

    def begin(self) -> None:
        """Fork. To be called before there is a thread."""
        self._crew.begin(min(_MOST, processors()))

    @property
    def processes(self) -> int:
        """How many others there are."""
        return len(self._crew)

    def close(self) -> None:
        """Let them end, when nobody asks any more."""
        self._crew.dismiss()

    def end(self) -> None:
        """End the processes at once, whatever they read."""
        self._crew.end()

    def read(
        self,
        content_type: str,
        body: bytes,
        came_from: str,
        name: NormalizedName,
        index_url: str,
        *,
        url: str,
        validators: Validators,
    ) -> Listing:
        """Read the page at `url`, and keep it. Raises as `parse_page`."""
        if validators.storable and len(body) >= _WORTH:
            said = validators.etag, validators.last_modified, validators.max_age, validators.digest
            if self._crew.ask((content_type, body, came_from, name, index_url, url, said)):
                kept = self._cache.page_read_elsewhere(url, name, index_url)
                # Others write there, too.
                if kept is not None and kept.listing is not None and kept.validators == validators:
                    return kept.listing
        listing = parse_page(content_type, body, came_from, name, index_url)
        self._cache.store_page(url, listing, validators)
        return listing

    def _ready(self) -> Callable[[_Asked], bool]:
        gc.disable()  # pages leave no cycles behind
        return self._reads

    def _reads(self, asked: _Asked) -> bool:
        content_type, body, came_from, name, index_url, url, said = asked
        etag, last_modified, max_age, digest = said
        try:
            listing = parse_page(content_type, body, came_from, cast("NormalizedName", name), index_url)
        except LockenvError:
            return False
        validators = Validators(etag=etag, last_modified=last_modified, max_age=max_age, digest=digest)
        self._cache.store_page(url, listing, validators)
        return True
