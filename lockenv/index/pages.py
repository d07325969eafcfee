"""One page of a package index: asked for, read, and kept.

Only 404 and 410 say that an index does not know a name.
"""

from __future__ import annotations

import hashlib

from lockenv.errors import NetworkError
from lockenv.events import Noted, Reporter
from lockenv.index.cache import IndexCache, Page, validators_of
from lockenv.index.http import Http, Response
from lockenv.index.reading import PageReading
from lockenv.index.simple import ACCEPT
from lockenv.packages import Listing, NormalizedName

_PAGE_ANSWERS = frozenset({200, 304, 404, 410})
_UNKNOWN_NAME = frozenset({404, 410})


class PageFetcher:
    """Fetches pages and keeps them. Safe to use from several threads."""

    def __init__(self, *, http: Http, cache: IndexCache, reading: PageReading, reporter: Reporter) -> None:
        self._http = http
        self._cache = cache
        self._reading = reading
        self._reporter = reporter

    def fetch(self, url: str, name: NormalizedName, index_url: str, kept: Page | None) -> Listing | None:
        """Ask for a page, of which `kept` is an earlier state; None if the index does not know the name.

        Raises `NetworkError`.
        """
        # Within the block: of large pages few are read at a time, from their bytes to their listings.
        with self._http.reading(url, headers=_conditions(kept), accept_statuses=_PAGE_ANSWERS) as answer:
            return self._understand(answer, url, name, index_url, kept)

    def _understand(
        self, answer: Response, url: str, name: NormalizedName, index_url: str, kept: Page | None
    ) -> Listing | None:
        """Turn an answer into a listing, parsing only what is new, and keep it."""
        if answer.status == 304:
            if kept is None:
                msg = f"{url} answered 'not modified' to a first request"
                raise NetworkError(msg, hint="the index is broken; ask its owner")
            self._cache.confirm_page(url)
            return kept.listing
        if answer.status in _UNKNOWN_NAME:
            self._cache.store_page(url, None, validators_of(answer.headers, ""))
            return None
        content_type = answer.headers.get("content-type", "")
        validators = validators_of(answer.headers, _digest(content_type, answer))
        if kept is not None and kept.listing is not None and kept.validators == validators:
            self._cache.confirm_page(url)
            return kept.listing
        if kept is not None and kept.listing is not None and kept.validators.digest == validators.digest:
            listing = kept.listing
            self._cache.store_page(url, listing, validators)
        else:
            listing = self._reading.read(
                content_type, answer.body, answer.url, name, index_url, url=url, validators=validators
            )
        self._note_skipped(listing)
        return listing

    def _note_skipped(self, listing: Listing) -> None:
        if listing.skipped:
            self._reporter(
                Noted(message=f"{listing.name}: {listing.skipped} files are neither wheels nor sdists of it")
            )


def _digest(content_type: str, answer: Response) -> str:
    # The address is part of it: relative links mean something else elsewhere.
    return hashlib.sha256(f"{content_type}\n{answer.url}\n".encode() + answer.body).hexdigest()


def _conditions(kept: Page | None) -> dict[str, str]:
    """Ask for a page only if it has changed (RFC 9110, section 13)."""
    headers = {"Accept": ACCEPT}
    if kept is not None and kept.validators.etag:
        headers["If-None-Match"] = kept.validators.etag
    elif kept is not None and kept.validators.last_modified:
        headers["If-Modified-Since"] = kept.validators.last_modified
    return headers
