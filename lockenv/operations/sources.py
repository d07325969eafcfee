"""What resolution asks of the world, with the packages among it that come from `[sources]` or have to be built.

Everything else is asked of the indexes. A package that the manifest takes from a folder, a repository or a URL has
one release: what stands there. Its metadata is read where it stands statically (PEP 621, PEP 643), else a build
says it, if that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, PackageArchive, PackageDirectory, PackageVcs, Pylock
from packaging.utils import parse_wheel_filename

from lockenv.build.builder import Builder
from lockenv.build.git import Repositories
from lockenv.build.sources import ArchiveFile, Checkout, Tree
from lockenv.build.sources import Source as Buildable
from lockenv.build.trees import WheelFile, local_source
from lockenv.errors import MetadataError, NetworkError, UsageError
from lockenv.index.client import IndexClient
from lockenv.index.fetch import NeedsBuild
from lockenv.manifest.model import GitSource, IndexSource, PathSource, Source, UrlSource
from lockenv.operations.archives import Archives
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName, Origin, Release, Sourced

Direct: TypeAlias = PathSource | GitSource | UrlSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a release of no index is, and what it says of itself. `buildable` is None for a wheel."""

    file: IndexFile
    origin: Origin
    metadata: Metadata
    buildable: Buildable | None
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What sources are opened with; `builder` is made when something has to be built."""

    archives: Archives
    repositories: Repositories
    builder: Callable[[], Builder]


class Sources:
    """A `resolution.source.Source`: the indexes, `[sources]`, and builds.

    `folder` is the manifest's, `lock_folder` the lock's; `old` holds the packages of the old lock whose commits
    and hashes are kept.
    """

    def __init__(
        self,
        indexes: IndexClient,
        declared: Iterable[tuple[NormalizedName, Source]],
        *,
        tools: Tools,
        folder: Path,
        lock_folder: Path,
        old: Mapping[NormalizedName, Sequence[Package]],
    ) -> None:
        self._indexes = indexes
        self._tools = tools
        self._folder = folder
        self._lock_folder = lock_folder
        self._old = old
        self._declared: dict[NormalizedName, list[Direct]] = {}
        for name, source in declared:
            if not isinstance(source, IndexSource):
                self._declared.setdefault(name, []).append(source)
        self._listings: dict[NormalizedName, Listing | None] = {}
        self.places: dict[str, Place] = {}
        self.built: dict[str, ArchiveFile] = {}

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
        try:
            return self._indexes.metadata(name, version, file)
        except NeedsBuild:
            return self._tools.builder().metadata(self.archive_of(name, version, file))

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

    # -- what a lock asks

    def archive_of(self, name: NormalizedName, version: str, file: IndexFile) -> ArchiveFile:
        """Bring the sdist of an index."""
        known = self.built.get(file.url)
        if known is None:
            arrived = self._tools.archives.bring(file.url, file.filename, hashes=file.hashes, size=file.size)
            known = self.built[file.url] = ArchiveFile(
                path=arrived.path, filename=file.filename, sha256=arrived.sha256, name=name, version=version
            )
        return known

    # -- inside

    def _sourced(self, name: NormalizedName, sources: Sequence[Direct]) -> Listing | None:
        rows: dict[str, list[IndexFile]] = {}
        sourced: list[Sourced] = []
        for source in sources:
            place = self._place(name, source)
            self.places[place.file.url] = place
            rows.setdefault(place.metadata.version, []).append(place.file)
            sourced.append(Sourced(url=place.file.url, origin=place.origin, marker=source.marker))
        own = tuple(Release(version, tuple(map(tuple, files))) for version, files in rows.items())
        elsewhere = self._indexes.listing(name) if all(source.marker is not None for source in sources) else None
        if elsewhere is None:
            return Listing(name=name, index="", releases=own, sourced=tuple(sourced))
        return replace(elsewhere, releases=(*own, *elsewhere.releases), sourced=tuple(sourced))

    def _place(self, name: NormalizedName, source: Direct) -> Place:
        match source:
            case PathSource():
                return self._of_path(name, source)
            case GitSource():
                return self._of_git(name, source)
            case UrlSource():
                return self._of_url(name, source)

    def _of_path(self, name: NormalizedName, source: PathSource) -> Place:
        absolute = (self._folder / source.path).resolve()
        relative = _relative(absolute, self._lock_folder)
        found = local_source(
            absolute,
            shown=source.path,
            name=name,
            subdirectory=source.subdirectory,
            editable=source.editable,
            describe=self._tools.repositories.describe,
        )
        match found:
            case WheelFile():
                origin = PackageArchive(path=relative, hashes={"sha256": found.sha256})
                return self._wheel(name, found.filename, absolute.as_uri(), found.sha256, origin)
            case ArchiveFile():
                packed = PackageArchive(
                    path=relative, hashes={"sha256": found.sha256}, subdirectory=source.subdirectory
                )
                return self._built(name, found, absolute.as_uri(), packed)
            case Tree():
                tree = PackageDirectory(
                    path=relative, editable=source.editable or None, subdirectory=source.subdirectory
                )
                return self._built(name, found, absolute.as_uri(), tree, editable=source.editable)

    def _of_git(self, name: NormalizedName, source: GitSource) -> Place:
        commit = self._kept_commit(name, source) or self._tools.repositories.resolve(source.git, source.rev)
        origin = PackageVcs(
            type="git",
            url=source.git,
            requested_revision=source.rev,
            commit_id=commit,
            subdirectory=source.subdirectory,
        )
        checkout = Checkout(url=source.git, commit=commit, name=name, subdirectory=source.subdirectory)
        return self._built(name, checkout, f"git+{source.git}@{commit}#{source.subdirectory or ''}", origin)

    def _of_url(self, name: NormalizedName, source: UrlSource) -> Place:
        filename = unquote(urlsplit(source.url).path.rpartition("/")[2])
        arrived = self._tools.archives.bring(source.url, filename, hashes=self._kept_hashes(name, source))
        origin = PackageArchive(
            url=source.url,
            size=arrived.size,
            hashes={"sha256": arrived.sha256},
            subdirectory=source.subdirectory,
        )
        if filename.endswith(".whl"):
            return self._wheel(name, filename, arrived.path.as_uri(), arrived.sha256, origin)
        packed = ArchiveFile(
            path=arrived.path,
            filename=filename,
            sha256=arrived.sha256,
            name=name,
            subdirectory=source.subdirectory,
            is_sdist=False,
        )
        return self._built(name, packed, source.url, origin)

    def _kept_commit(self, name: NormalizedName, source: GitSource) -> str | None:
        """The commit that the old lock holds of the same revision."""
        for package in self._old.get(name, ()):
            vcs = package.vcs
            if vcs is not None and (vcs.url, vcs.requested_revision) == (source.git, source.rev):
                return vcs.commit_id
        return None

    def _kept_hashes(self, name: NormalizedName, source: UrlSource) -> list[tuple[str, str]]:
        """The hashes that the old lock holds of the same URL: what is behind it may not change unseen."""
        for package in self._old.get(name, ()):
            if package.archive is not None and package.archive.url == source.url:
                return list(package.archive.hashes.items())
        return []

    def _wheel(self, name: NormalizedName, filename: str, url: str, sha256: str, origin: Origin) -> Place:
        its_name, version, *_ = parse_wheel_filename(filename)
        if its_name != name:
            raise UsageError(f"{filename} is a wheel of {its_name}", hint=f"[sources] calls it {name}")
        file = IndexFile(filename=filename, url=url, hashes=(("sha256", sha256),))
        return Place(
            file=file,
            origin=origin,
            metadata=self._indexes.metadata(name, str(version), file),
            buildable=None,
        )

    def _built(
        self, name: NormalizedName, source: Buildable, url: str, origin: Origin, *, editable: bool = False
    ) -> Place:
        try:
            metadata = self._tools.builder().metadata(source, editable=editable)
        except MetadataError as error:
            raise NetworkError(error.message, hint=error.hint) from error
        if metadata.name != name:
            msg = f"what [sources] takes {name} from is {metadata.name}"
            raise UsageError(msg, hint=f"call it `{metadata.name}` in env.toml")
        stem = f"{name.replace('-', '_')}-{metadata.version}"
        file = IndexFile(filename=f"{stem}.tar.gz", url=url, requires_python=metadata.requires_python)
        return Place(file=file, origin=origin, metadata=metadata, buildable=source, editable=editable)


def packages_by_name(lock: Pylock | None, without: Iterable[str] = ()) -> dict[NormalizedName, list[Package]]:
    """The packages of a lock by name, but for those that are to move."""
    found: dict[NormalizedName, list[Package]] = {}
    left_out = set(without)
    for package in lock.packages if lock is not None else ():
        if package.name not in left_out:
            found.setdefault(package.name, []).append(package)
    return found


def _relative(place: Path, folder: Path) -> str:
    """A path as a lock has it: relative to its folder, POSIX (PEP 751)."""
    up, folder = 0, folder.resolve()
    while not place.is_relative_to(folder):
        folder, up = folder.parent, up + 1
    return "/".join([".."] * up + list(place.relative_to(folder).parts)) or "."
