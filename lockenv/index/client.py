"""The index client: listings and metadata by name, from the responsible index or the cache.

It answers what resolution asks (`lockenv.resolution.source.Source`). Each page and each metadata file is fetched
once in a process, however many threads ask; what is prefetched runs in a few threads ahead of the search, and what
goes wrong there is told when it is asked for. What is in the cache is left to whoever asks for it: to hand it from
thread to thread takes longer than to read it. So a lock with a full cache starts no thread.

An index is chosen per name, never 'the highest version over all indexes': a name that is routed or owned comes
from there and nowhere else, any other from the first index that knows it. Only 404 and 410 say that an index does
not know a name. That it cannot be reached, or answers with something else, is an error and no reason to ask the
next; else whoever can make one index fail could put a package in its place (docs/decisions/0007).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self, TypeAlias
from urllib.parse import urlsplit

from packaging.utils import is_normalized_name

from lockenv.errors import LockenvError, OfflineMiss, Refused, UsageError
from lockenv.events import Reporter, silent
from lockenv.index.cache import IndexCache, Page
from lockenv.index.keys import STRONG, metadata_key
from lockenv.index.once import Once
from lockenv.index.origins import without_credentials
from lockenv.packages import Index, IndexFile, Listing, Metadata, NormalizedName, canonicalize_name

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from lockenv.index.fetch import MetadataFetcher
    from lockenv.index.http import Http
    from lockenv.index.noting import Kept
    from lockenv.index.pages import PageFetcher
    from lockenv.index.reading import PageReading


#: A file whose metadata is of interest, with the name and version of its release.
_Wanted: TypeAlias = "tuple[NormalizedName, str, IndexFile]"


class Guide(Protocol):
    """Leads to what will probably be asked for (`lockenv.resolution.source.Guide`). Called from any thread."""

    def choose(self, listing: Listing) -> _Wanted | None:
        """Say whose metadata comes next after a listing, if any does."""

    def follow(self, metadata: Metadata) -> Iterable[NormalizedName]:
        """Say which listings come next after metadata."""

    def beside(self, listing: Listing, chosen: _Wanted) -> Iterable[_Wanted]:
        """Say whose metadata will be asked for as well."""

    def pursue(self, metadata: Metadata) -> Iterable[NormalizedName]:
        """Say which listings come next after metadata from `beside`."""


class IndexClient:
    """Listings and metadata from `indexes`, in their order, with absolute URLs.

    `routes` say which index (by its name) one package comes from. `offline` answers from the cache only. `workers`
    bounds the threads that prefetch. Close it, or use it in a `with` block. `http` is asked for a connection when
    something has to be fetched, which with a full cache is never; that and `cache` stay its owner's. Sdists that
    were fetched are kept below `sources`.

    Raises `UsageError` for a route to an index that there is not.
    """

    def __init__(
        self,
        *,
        indexes: Sequence[Index],
        routes: Mapping[NormalizedName, str] | None = None,
        http: Callable[[], Http],
        cache: IndexCache,
        offline: bool = False,
        reporter: Reporter = silent,
        workers: int = 16,
        sources: Path | None = None,
    ) -> None:
        self._indexes = tuple(indexes)
        self._routes = {name: self._index_named(index, name) for name, index in (routes or {}).items()}
        self._connect = http
        self._cache = cache
        self._offline = offline
        self._reporter = reporter
        self._listings: Once[NormalizedName, Listing | None] = Once()
        self._metadata: Once[tuple[str, str], Metadata] = Once()
        self._looked_at: dict[str, Page | None] = {}
        self._put_off: list[tuple[NormalizedName, Guide]] = []
        self._unhurried: deque[tuple[_Wanted, Guide]] = deque()
        self._under_way = 0  #: how many pieces of work the threads have
        self._workers = workers
        self._sources = sources
        self._executor: ThreadPoolExecutor | None = None
        self._closed = False
        self._new_pages = False  #: whether there are pages to fetch that were never read before
        self._asked: set[NormalizedName] = set()
        self._urls: dict[NormalizedName, list[str]] = {}
        self._rests_on_pages = True
        self._lock = threading.Lock()
        self._connecting = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @cached_property
    def _http(self) -> Http:
        with self._connecting:
            # Another thread may have been here while this one waited.
            known: Http | None = self.__dict__.get("_http")
            if known is None:
                known = self.__dict__["_http"] = self._connect()
            return known

    @cached_property
    def _pages(self) -> PageFetcher:
        # Lazy: with a full cache there is nothing to fetch.
        from lockenv.index.pages import PageFetcher

        self._http.have_read_elsewhere(self._reading.processes)
        return PageFetcher(http=self._http, cache=self._cache, reading=self._reading, reporter=self._reporter)

    @cached_property
    def _reading(self) -> PageReading:
        # Lazy, as the pages are.
        from lockenv.index.reading import PageReading

        return PageReading(self._cache)

    @cached_property
    def _fetcher(self) -> MetadataFetcher:
        # Lazy, as the pages are.
        from lockenv.index.fetch import MetadataFetcher

        return MetadataFetcher(
            http=self._http,
            cache=self._cache,
            offline=self._offline,
            reporter=self._reporter,
            sources=self._sources,
        )

    def close(self) -> None:
        """Drop what has not begun to be prefetched and wait for the rest.

        What was fetched ahead for somebody who was refused before is not waited for: a server may be silent.
        """
        with self._lock:
            self._closed = True
            self._unhurried.clear()
            executor, self._executor = self._executor, None
            wait = bool(self._asked) or not self._under_way
        if executor is not None:
            executor.shutdown(wait=wait, cancel_futures=True)
        if "_reading" in self.__dict__:
            if wait:
                self._reading.close()
            else:
                self._reading.end()

    # -- what resolution asks

    def listing(self, name: NormalizedName) -> Listing | None:
        """Say what the responsible index lists; None if no index knows the name.

        Raises `NetworkError` where that cannot be found out, `OfflineMiss` where only the cache may be asked.
        """
        self._asked.add(name)
        try:
            return self._list(name)
        except LockenvError:
            self._rests_on_pages = False  # it may be had the next time
            raise

    def _list(self, name: NormalizedName) -> Listing | None:
        return self._listings.get(name, lambda: self._find_listing(name))

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        """Say what a file's core metadata says.

        Raises `MetadataError` where it is broken or needs a build, `Refused` where its hash is wrong, and
        `NetworkError` or `OfflineMiss` where it cannot be had.
        """
        local = file.url.startswith("file:")
        if local or all(algorithm not in STRONG for algorithm, _ in file.hashes):
            self._rests_on_pages = False
        try:
            return self._read(name, version, file)
        except LockenvError as error:
            # Lazy: it is imported by then.
            from lockenv.index.fetch import NeedsBuild

            # That it needs a build is as true of a file as its metadata; another failure may be over next time.
            self._rests_on_pages = self._rests_on_pages and isinstance(error, NeedsBuild)
            raise

    def _read(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        return self._metadata.get((file.url, version), lambda: self._find_metadata(name, version, file))

    def _find_metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        kept = self._cache.metadata(metadata_key(name, version, file))
        if isinstance(kept, Metadata) and not file.url.startswith("file:"):
            return kept
        return self._fetcher.metadata(name, version, file)

    def hashed(self, file: IndexFile) -> IndexFile:
        """Give a file its sha256 where its index publishes none, by fetching it. Raises as `metadata` does."""
        self._rests_on_pages = False
        return self._fetcher.hashed(file)

    def rests_on(self) -> tuple[Kept, ...] | None:
        """The pages that all answers so far rest on, beside metadata of files whose hash is in them.

        What was fetched ahead and never asked for does not count.

        None where answers rest on something else: a folder of this machine, a file without a hash, a page that the
        cache does not keep, or not as it was read.
        """
        # Lazy: only a lock that was resolved asks.
        from lockenv.index.noting import NotingCache

        if not isinstance(self._cache, NotingCache) or not self._rests_on_pages:
            return None
        return self._cache.pages_read(sorted(url for name in self._asked for url in self._urls.get(name, ())))

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """Begin to fetch listings that will be asked for. Returns at once and raises nothing."""
        for name in names:
            if not self._listings.knows(name) and not self._is_at_hand(name):
                self._submit(self._list, name)

    def prefetch_metadata(
        self,
        wanted: Iterable[tuple[NormalizedName, str, IndexFile]],
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        """Begin to fetch metadata that will probably be asked for, and then the listings that `follow` names.

        Returns at once and raises nothing.
        """
        for name, version, file in wanted:
            known = self._metadata.knows((file.url, version))
            if not known and not self._cache.has_metadata(metadata_key(name, version, file)):
                self._submit(self._read_ahead, name, version, file, follow)

    def _read_ahead(
        self,
        name: NormalizedName,
        version: str,
        file: IndexFile,
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        self.prefetch_listings(follow(self._read(name, version, file)))

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        """Fetch listings, and from there on whatever the guide leads to. Returns at once and raises nothing.

        As long as all is in the cache there is no need of a guide, so it sets out when something is to be fetched.
        """
        names = tuple(names)
        with self._lock:
            self._put_off += [(name, guide) for name in names]
        if not all(map(self._is_at_hand, names)):
            self._set_out()

    def _set_out(self) -> None:
        with self._lock:
            setting_out, self._put_off = self._put_off, []
        for name, guide in setting_out:
            self._submit(self._explore, name, guide)

    def _explore(self, name: NormalizedName, guide: Guide) -> None:
        listing = self._list(name)
        wanted = guide.choose(listing) if listing is not None else None
        if listing is None or wanted is None:
            return
        with self._lock:
            self._unhurried += [(each, guide) for each in guide.beside(listing, wanted)]
        self._use_idle_threads()
        for found in guide.follow(self._read(*wanted)):
            self._submit(self._explore, found, guide)

    def _pursue(self, wanted: _Wanted, guide: Guide) -> None:
        for found in guide.pursue(self._read(*wanted)):
            self._submit(self._explore, found, guide)

    def _submit(self, work: Callable[..., object], *arguments: object) -> None:
        if self._put_off:
            self._set_out()
        with self._lock:
            if self._closed:
                return
            if self._executor is None:
                # Lazy, as the pages are.
                from concurrent.futures import ThreadPoolExecutor

                if self._new_pages:
                    self._reading.begin()
                    # What speaks HTTP is imported before this thread goes on to import other things: the first
                    # request would wait for these. What is wrong with it is told to whoever asks.
                    with suppress(LockenvError):
                        _ = self._pages
                self._executor = ThreadPoolExecutor(self._workers, thread_name_prefix="lockenv-index")
            self._under_way += 1
            # The error of a prefetched item is kept by `Once` and raised to whoever asks for the item.
            self._executor.submit(self._work, work, *arguments)

    def _work(self, work: Callable[..., object], *arguments: object) -> None:
        try:
            work(*arguments)
        finally:
            with self._lock:
                self._under_way -= 1
            self._use_idle_threads()

    def _use_idle_threads(self) -> None:
        """Begin with what has time, as far as nothing else waits for a thread."""
        while True:
            with self._lock:
                if self._under_way >= self._workers or not self._unhurried:
                    return
                wanted, guide = self._unhurried.popleft()
            self._submit(self._pursue, wanted, guide)

    def _is_at_hand(self, name: NormalizedName) -> bool:
        """Whether a listing can be had from the cache alone."""
        if self._offline or not is_normalized_name(name):
            return True
        for index in self.indexes_for(name):
            shown = without_credentials(index.url)
            if urlsplit(shown).scheme == "file":
                return False
            url = _page_url(shown, name)
            # What was read to find that out is kept for whoever asks.
            kept = self._looked_at[url] = self._cache.page(url, name, shown)
            if kept is None or not kept.fresh:
                self._new_pages = self._new_pages or kept is None
                return False
            if kept.listing is not None:
                return True
        return True

    # -- which index

    def indexes_for(self, name: NormalizedName) -> tuple[Index, ...]:
        """Say which indexes a name may come from, in the order in which they are asked."""
        if name in self._routes:
            return (self._routes[name],)
        owners = tuple(index for index in self._indexes if _owns(index, name))
        return owners or tuple(index for index in self._indexes if not index.explicit)

    def _index_named(self, index: str, name: NormalizedName) -> Index:
        for each in self._indexes:
            if each.name == index:
                return each
        msg = f"`{name}` comes from the index `{index}`, which is not declared"
        raise UsageError(msg, hint=f'declare it: [[index]] name = "{index}"')

    def _find_listing(self, name: NormalizedName) -> Listing | None:
        if not is_normalized_name(name):
            msg = f"{name!r} is no project name"
            raise Refused(msg, hint="names are letters, digits, and dashes between them")
        for index in self.indexes_for(name):
            listing = self._listing_of(index, name)
            # A page without files says that the name is taken here: by a quarantined project (PEP 792), for one.
            if listing is not None:
                return listing
        return None

    def _listing_of(self, index: Index, name: NormalizedName) -> Listing | None:
        shown = without_credentials(index.url)
        if urlsplit(shown).scheme == "file":
            # Lazy: most indexes are no folders.
            from lockenv.index.folder import folder_listing

            self._rests_on_pages = False
            return folder_listing(shown, name, self._cache)
        return self._page(_page_url(shown, name), name, shown)

    def _page(self, url: str, name: NormalizedName, index_url: str) -> Listing | None:
        self._urls.setdefault(name, []).append(url)
        kept = self._looked_at.pop(url, None) or self._cache.page(url, name, index_url)
        if kept is not None and (kept.fresh or self._offline):
            return kept.listing
        if self._offline:
            msg = f"the page of `{name}` at {index_url} is not in the cache"
            raise OfflineMiss(msg, hint="run once without `--offline`")
        return self._pages.fetch(url, name, index_url, kept)


def _page_url(index_url: str, name: NormalizedName) -> str:
    """The page of a project (PEP 503)."""
    return f"{index_url.rstrip('/')}/{name}/"


def _owns(index: Index, name: NormalizedName) -> bool:
    return any(fnmatchcase(name, canonicalize_name(pattern)) for pattern in index.packages)
