"""Processes that read pages while this one resolves: in threads, each would wait for Python's lock.

A page of thousands of files takes longer to read than to fetch. What cannot be read there is read again here,
so that each error is raised by this process.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TypeAlias, cast

from lockenv.errors import LockenvError
from lockenv.forks import processors
from lockenv.index.cache import IndexCache, Plain, Validators, listing_of, plain_of
from lockenv.index.simple import parse_page
from lockenv.packages import Listing, NormalizedName
from lockenv.workers import Crew

_MOST = 3  #: more would wait for what is still to arrive

#: Content type, body, the address that it came from, the name, the index, the page's address, and its validators.
_Asked: TypeAlias = "tuple[str, bytes, str, str, str, str, tuple[str, str, float, bool, str]]"


class PageReading:
    """Reads pages and keeps them in `cache`, in other processes once `begin` was called, if there can be any."""

    def __init__(self, cache: IndexCache) -> None:
        self._cache = cache
        self._crew = Crew(self._ready)

    def begin(self) -> None:
        """Fork. To be called before there is a thread."""
        self._crew.begin(min(_MOST, processors()))

    def close(self) -> None:
        """Let them end, when nobody asks any more."""
        self._crew.dismiss()

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
        """Read the page at `url` and keep it. Raises as `parse_page`."""
        said = (
            validators.etag,
            validators.last_modified,
            validators.max_age,
            validators.storable,
            validators.digest,
        )
        plain = cast("Plain | None", self._crew.ask((content_type, body, came_from, name, index_url, url, said)))
        if plain is not None:
            self._cache.note_stored(url, validators, is_known=True)
            return listing_of(plain, name, index_url)
        listing = parse_page(content_type, body, came_from, name, index_url)
        self._cache.store_page(url, listing, validators)
        return listing

    def _ready(self) -> Callable[[_Asked], Plain | None]:
        gc.disable()  # pages leave no cycles behind
        return self._answer

    def _answer(self, asked: _Asked) -> Plain | None:
        content_type, body, came_from, name, index_url, url, said = asked
        etag, last_modified, max_age, storable, digest = said
        try:
            plain = plain_of(parse_page(content_type, body, came_from, cast("NormalizedName", name), index_url))
        except LockenvError:
            return None
        validators = Validators(
            etag=etag, last_modified=last_modified, max_age=max_age, storable=storable, digest=digest
        )
        self._cache.write_page(url, plain, validators)
        return plain
