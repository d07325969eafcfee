"""A source that remembers: what was asked once in this run is not asked again.

All targets of a universal resolution share one, and so does the search for the shortest explanation of a
failure, which may look at nothing new: `Memory.closed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from lockenv.errors import MetadataError
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName
from lockenv.resolution.source import Guide, Source


class NotAsked(Exception):
    """A closed memory was asked for what it does not remember. Never leaves `lockenv.resolution`."""


class Memory:
    """A `Source` on top of another one.

    Listings are remembered by name, metadata by the file's URL; metadata that is missing or broken for good is
    remembered as such. A network failure is not remembered.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._listings: dict[NormalizedName, Listing | None] = {}
        self._metadata: dict[str, Metadata | MetadataError] = {}
        self._closed = False

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Answer only what is remembered, and raise `NotAsked` for all else, until the block ends."""
        before, self._closed = self._closed, True
        try:
            yield
        finally:
            self._closed = before

    def names(self) -> Iterator[NormalizedName]:
        """Every name met in this run that exists on an index."""
        return (name for name, listing in self._listings.items() if listing is not None)

    def listing(self, name: NormalizedName) -> Listing | None:
        """What the source says about a project. Raises `NetworkError`, and `NotAsked` where closed."""
        if name not in self._listings:
            self._listings[name] = self._open().listing(name)
        return self._listings[name]

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        """Give the metadata of a file. Raises `MetadataError`, `NetworkError`, and `NotAsked` where closed."""
        known = self._metadata.get(file.url)
        if known is None:
            try:
                known = self._open().metadata(name, version, file)
            except MetadataError as error:
                known = error
            self._metadata[file.url] = known
        if isinstance(known, MetadataError):
            raise known
        return known

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """Say that these listings will be asked for soon, unless closed."""
        if not self._closed:
            self._source.prefetch_listings([name for name in names if name not in self._listings])

    def prefetch_metadata(
        self,
        wanted: Iterable[tuple[NormalizedName, str, IndexFile]],
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        """Say that this metadata will probably be asked for soon, unless closed."""
        if not self._closed:
            unknown = [entry for entry in wanted if entry[2].url not in self._metadata]
            if unknown:
                self._source.prefetch_metadata(unknown, follow)

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        """Let a guide lead the source to what will be asked for, unless closed. Nothing is remembered of it."""
        if not self._closed:
            self._source.explore(names, guide)

    def _open(self) -> Source:
        if self._closed:
            raise NotAsked
        return self._source
