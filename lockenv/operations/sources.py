"""What resolution asks of the world, with the packages among it that come from `[sources]` or have to be built.

Everything else is asked of the indexes. A package that the manifest takes from a folder, a repository or a URL has
one release: what stands there (`lockenv.operations.places`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from packaging.pylock import Package, Pylock

from lockenv.build.sources import ArchiveFile
from lockenv.errors import BuildError, MetadataError
from lockenv.manifest.model import IndexSource, Source
from lockenv.operations.archives import Archives
from lockenv.operations.places import Direct, Place, Places
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName, Release, Sourced
from lockenv.resolution.source import Guide, Wanted
from lockenv.values import replace

if TYPE_CHECKING:
    from lockenv.build.builder import Builder
    from lockenv.index.client import IndexClient


class Sources:
    """A `resolution.source.Source`: the indexes, `[sources]`, and builds. `builder` is made when it is needed."""

    def __init__(
        self,
        indexes: IndexClient,
        declared: Iterable[tuple[NormalizedName, Source]],
        *,
        places: Places,
        archives: Archives,
        builder: Callable[[], Builder],
    ) -> None:
        self._indexes = indexes
        self._open = places.open
        self._archives = archives
        self._builder = builder
        self._declared: dict[NormalizedName, list[Direct]] = {}
        for name, source in declared:
            if not isinstance(source, IndexSource):
                self._declared.setdefault(name, []).append(source)
        self._listings: dict[NormalizedName, Listing | None] = {}
        self._archived: dict[str, ArchiveFile] = {}
        self._ahead: dict[str, Future[Metadata]] = {}
        self._executor: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._closed = False
        self.places: dict[str, Place] = {}

    # -- what resolution asks

    def listing(self, name: NormalizedName) -> Listing | None:
        """Say what there is of a package. Raises as the indexes, the sources and builds do."""
        direct = self._declared.get(name)
        if direct is None:
            return self._indexes.listing(name)
        if name not in self._listings:
            self._listings[name] = self._sourced(name, direct)
        return self._listings[name]

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        """Give the metadata of a file, built where it must be."""
        place = self.places.get(file.url)
        if place is not None:
            return place.metadata
        ahead = self._ahead.get(file.url)
        # What has not begun there begins here.
        return self._read(name, version, file) if ahead is None or ahead.cancel() else ahead.result()

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """Pass on what indexes are asked for."""
        self._indexes.prefetch_listings([name for name in names if name not in self._declared])

    def prefetch_metadata(
        self,
        wanted: Iterable[tuple[NormalizedName, str, IndexFile]],
        follow: Callable[[Metadata], Iterable[NormalizedName]],
    ) -> None:
        """Pass on what indexes are asked for."""

        def followed(metadata: Metadata) -> Iterable[NormalizedName]:
            return [name for name in follow(metadata) if name not in self._declared]

        self._indexes.prefetch_metadata([each for each in wanted if each[2].url not in self.places], followed)

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        """Let a guide lead the indexes, but to nothing that does not come from there."""
        fenced = _Fenced(guide, self._declared, self._build_ahead)
        self._indexes.explore(fenced.allowed(names), fenced)

    def close(self) -> None:
        """Begin nothing more ahead, and wait for what has begun; whoever is in a hurry stops the builder first."""
        with self._lock:
            self._closed = True
            executor = self._executor
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    # -- what a lock asks

    def archive_of(self, name: NormalizedName, version: str, file: IndexFile) -> ArchiveFile:
        """Bring the sdist of an index."""
        known = self._archived.get(file.url)
        if known is None:
            arrived = self._archives.bring(
                file.url, file.filename, hashes=file.hashes, size=file.size, unhashed=True
            )
            known = self._archived[file.url] = ArchiveFile(
                path=arrived.path, filename=file.filename, sha256=arrived.sha256, name=name, version=version
            )
        return known

    # -- inside

    def _read(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        try:
            return self._indexes.metadata(name, version, file)
        except MetadataError as error:
            # Lazy: whoever raised it has imported that, and with it what speaks HTTP.
            from lockenv.index.fetch import NeedsBuild

            if not isinstance(error, NeedsBuild):
                raise
            return self._builder().metadata(self.archive_of(name, version, file))

    def _build_ahead(self, name: NormalizedName, version: str, file: IndexFile) -> None:
        """Begin with a build that will probably be asked for, beside the search, which would have to wait for it.

        An sdist comes to be chosen only where its build is allowed.
        """
        with self._lock:
            if self._closed or file.url in self._ahead:
                return
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, thread_name_prefix="lockenv-build")
            # Its error is kept, and raised to whoever asks.
            self._ahead[file.url] = self._executor.submit(self._read, name, version, file)

    def _sourced(self, name: NormalizedName, sources: Sequence[Direct]) -> Listing | None:
        rows: dict[str, list[IndexFile]] = {}
        sourced: list[Sourced] = []
        for source in sources:
            place = self._open(name, source)
            self.places[place.file.url] = place
            rows.setdefault(place.metadata.version, []).append(place.file)
            sourced.append(Sourced(url=place.file.url, origin=place.origin, marker=source.marker))
        own = tuple(Release(version, tuple(map(tuple, files))) for version, files in rows.items())
        elsewhere = self._indexes.listing(name) if all(source.marker is not None for source in sources) else None
        if elsewhere is None:
            return Listing(name=name, index="", releases=own, sourced=tuple(sourced))
        return replace(elsewhere, releases=(*own, *elsewhere.releases), sourced=tuple(sourced), remarkable=None)


class OnlyIndexes:
    """The indexes alone, for what builds are made with: a name of `[sources]` is not looked for there."""

    def __init__(self, indexes: IndexClient, declared: Iterable[tuple[NormalizedName, Source]]) -> None:
        self._indexes = indexes
        self._elsewhere = frozenset(name for name, source in declared if not isinstance(source, IndexSource))
        self.metadata = indexes.metadata
        self.prefetch_metadata = indexes.prefetch_metadata

    def listing(self, name: NormalizedName) -> Listing | None:
        """Say what the indexes list. Raises `BuildError` for what the manifest takes from elsewhere."""
        if name in self._elsewhere:
            msg = f"a build requires {name}, which [sources] does not take from an index"
            raise BuildError(msg, hint="build requirements come as wheels from an index: publish it there")
        return self._indexes.listing(name)

    def prefetch_listings(self, names: Iterable[NormalizedName]) -> None:
        """Pass on what indexes are asked for."""
        self._indexes.prefetch_listings([name for name in names if name not in self._elsewhere])

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        """Let a guide lead the indexes, but to nothing that does not come from there."""
        fenced = _Fenced(guide, self._elsewhere, lambda *_: None)
        self._indexes.explore(fenced.allowed(names), fenced)


class _Fenced:
    """A guide that leads to no name that the manifest takes from elsewhere: indexes are not to hear of those."""

    def __init__(
        self,
        guide: Guide,
        elsewhere: Container[NormalizedName],
        to_be_built: Callable[[NormalizedName, str, IndexFile], None],
    ) -> None:
        """`to_be_built` is told of sdists that the guide chooses."""
        self._guide = guide
        self._elsewhere = elsewhere
        self._to_be_built = to_be_built

    def choose(self, listing: Listing) -> Wanted | None:
        """Say whose metadata comes next after a listing, if any does."""
        wanted = self._guide.choose(listing)
        if wanted is not None and not wanted[2].is_wheel:
            self._to_be_built(*wanted)
        return wanted

    def allowed(self, names: Iterable[NormalizedName]) -> list[NormalizedName]:
        """Leave out what does not come from an index."""
        return [name for name in names if name not in self._elsewhere]

    def follow(self, metadata: Metadata) -> Iterable[NormalizedName]:
        """Say which listings of indexes come next after metadata."""
        return self.allowed(self._guide.follow(metadata))

    def beside(self, listing: Listing, chosen: Wanted) -> Iterable[Wanted]:
        """Say whose metadata will be asked for as well."""
        return self._guide.beside(listing, chosen)

    def pursue(self, metadata: Metadata) -> Iterable[NormalizedName]:
        """Say which listings of indexes come next after metadata from `beside`."""
        return self.allowed(self._guide.pursue(metadata))


def packages_by_name(lock: Pylock | None) -> dict[NormalizedName, list[Package]]:
    """The packages of a lock by name; none where there is no lock."""
    found: dict[NormalizedName, list[Package]] = {}
    for package in lock.packages if lock is not None else ():
        found.setdefault(package.name, []).append(package)
    return found
