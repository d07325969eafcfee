"""What resolution asks of the world. `lockenv.index.client` answers from indexes, the tests from memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName


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
        wanted: Iterable[tuple[NormalizedName, str, IndexFile]],
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        """Say that this metadata will probably be asked for soon. Never blocks, never raises.

        `follow` names the listings that come next once metadata is there; it may be called from any thread.
        """
