"""What resolution asks of the world. `lockenv.index.client` answers from indexes, the tests from memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName

#: A file whose metadata is of interest, with the name and version of its release.
Wanted: TypeAlias = tuple[NormalizedName, str, IndexFile]


class Guide(Protocol):
    """Leads a source to what will probably be asked of it. Called from any thread, from several at once."""

    def choose(self, listing: Listing) -> Wanted | None:
        """Say whose metadata comes next after a listing, if any does."""

    def follow(self, metadata: Metadata) -> Iterable[NormalizedName]:
        """Say which listings come next after metadata."""

    def beside(self, listing: Listing, chosen: Wanted) -> Iterable[Wanted]:
        """Say whose metadata will be asked for as well, for other targets than the one that chooses."""

    def pursue(self, metadata: Metadata) -> Iterable[NormalizedName]:
        """Say which listings come next after metadata from `beside`."""


class Source(Protocol):
    """Listings and metadata by name. Answers are stable for the length of one resolution."""

    def listing(self, name: NormalizedName) -> Listing | None:
        """What the responsible index says about a project; None if no index knows the name.

        Raises `NetworkError` (or `OfflineMiss`) where that cannot be found out.
        """

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        """The metadata of one file.

        Raises `MetadataError` where it is missing or broken for good, `NetworkError` where it cannot be had now.
        """

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """Say that these listings will be asked for soon. Never blocks, never raises."""

    def prefetch_metadata(
        self,
        wanted: Iterable[Wanted],
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        """Say that this metadata will probably be asked for soon. Never blocks, never raises.

        `follow` names the listings that come next once metadata is there; it may be called from any thread.
        """

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        """Fetch these listings, and from there on whatever the guide leads to. Never blocks, never raises."""
