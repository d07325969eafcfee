"""Where a package stands that comes from no index: a folder, a file, a commit, a URL, each opened once.

What is opened becomes a file of a listing with metadata at hand: read where it stands statically (PEP 621,
PEP 643), else said by a build, if that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias, assert_never
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, PackageArchive, PackageDirectory, PackageVcs
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from lockenv.build.git import Repositories
from lockenv.build.metadata import Misnamed, metadata_in
from lockenv.build.sources import ArchiveFile, Checkout, Tree
from lockenv.build.sources import Source as Buildable
from lockenv.build.trees import WheelFile, local_source
from lockenv.errors import MetadataError, Refused, UsageError
from lockenv.manifest.model import GitSource, PathSource, UrlSource
from lockenv.operations.archives import Archives
from lockenv.operations.files import relative_to
from lockenv.packages import IndexFile, Metadata, NormalizedName, Origin, canonicalize_name
from lockenv.store import Store, StoredWheel
from lockenv.values import dataclass

if TYPE_CHECKING:
    from lockenv.build.builder import Builder

#: A source of the manifest that is no index.
Direct: TypeAlias = PathSource | GitSource | UrlSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A release of no index, and what it says of itself. `buildable` is None for a wheel."""

    file: IndexFile
    origin: Origin
    metadata: Metadata
    buildable: Buildable | None = None
    editable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What sources are opened with; `builder` is made when something has to be built.

    `give_leave` is told of what is the project's own, which may be built unasked.
    """

    archives: Archives
    repositories: Repositories
    store: Callable[[], Store]
    builder: Callable[[], Builder]
    give_leave: Callable[[Buildable], None]


class Places:
    """Opens the sources of a manifest.

    `folder` is the manifest's, `lock_folder` the lock's; `old` holds the packages of the old lock whose commits
    and hashes are kept.
    """

    def __init__(
        self, tools: Tools, *, folder: Path, lock_folder: Path, old: Mapping[NormalizedName, Sequence[Package]]
    ) -> None:
        self._tools = tools
        self._folder = folder
        self._lock_folder = lock_folder
        self._old = old

    def open(self, name: NormalizedName, source: Direct) -> Place:
        """Say what stands at a source, which should be the package `name`.

        Raises `UsageError` for what is not there or is something else, `Refused` where nobody allows a build that
        is needed or a URL serves another file than the old lock says, `BuildError`, `NetworkError`, `OSError`.
        """
        match source:
            case PathSource():
                return self._of_path(name, source)
            case GitSource():
                return self._of_git(name, source)
            case UrlSource():
                return self._of_url(name, source)
            case _:
                assert_never(source)

    # -- paths

    def _of_path(self, name: NormalizedName, source: PathSource) -> Place:
        absolute = (self._folder / source.path).resolve()
        found = local_source(
            absolute,
            shown=source.path,
            name=name,
            subdirectory=source.subdirectory,
            editable=source.editable,
            describe=self._tools.repositories.describe,
        )
        path = self._locked_path(source.path)
        if not isinstance(found, WheelFile):
            self._tools.give_leave(found)
        match found:
            case WheelFile():
                stored = self._stored(absolute, found.filename, found.sha256)
                origin = PackageArchive(path=path, hashes={"sha256": found.sha256})
                return _wheel(name, stored, absolute.as_uri(), origin)
            case ArchiveFile():
                packed = PackageArchive(
                    path=path, hashes={"sha256": found.sha256}, subdirectory=source.subdirectory
                )
                return self._built(name, found, absolute.as_uri(), packed)
            case Tree():
                directory = PackageDirectory(
                    path=path, editable=source.editable or None, subdirectory=source.subdirectory
                )
                return self._built(name, found, absolute.as_uri(), directory, editable=source.editable)
            case _:
                assert_never(found)

    def _locked_path(self, path: str) -> str:
        """A path of the manifest as the lock has it: from the lock's own folder, POSIX (PEP 751)."""
        if self._folder.resolve() == self._lock_folder.resolve():
            return PurePosixPath(path).as_posix()
        return relative_to(self._lock_folder, (self._folder / path).resolve())

    # -- repositories

    def _of_git(self, name: NormalizedName, source: GitSource) -> Place:
        url = source.git
        where = {"url": url}
        if "://" not in url:
            url = (self._folder / source.git).resolve().as_uri()
            where = {"path": self._locked_path(source.git)}
        commit = self._kept_commit(name, source, where) or self._tools.repositories.resolve(url, source.rev)
        origin = PackageVcs(
            type="git",
            requested_revision=source.rev,
            commit_id=commit,
            subdirectory=source.subdirectory,
            **where,
        )
        checkout = Checkout(url=url, commit=commit, name=name, subdirectory=source.subdirectory)
        return self._built(name, checkout, f"git+{url}@{commit}#{source.subdirectory or ''}", origin)

    def _kept_commit(self, name: NormalizedName, source: GitSource, where: Mapping[str, str]) -> str | None:
        """The commit that the old lock holds of the same revision."""
        for package in self._old.get(name, ()):
            vcs = package.vcs
            same = (where.get("url"), where.get("path"), source.rev)
            if vcs is not None and (vcs.url, vcs.path, vcs.requested_revision) == same:
                return vcs.commit_id
        return None

    # -- URLs

    def _of_url(self, name: NormalizedName, source: UrlSource) -> Place:
        filename = unquote(urlsplit(source.url).path.rpartition("/")[2])
        kept = self._kept(name, source)
        if filename.endswith(".whl"):
            return self._of_wheel_url(name, source, filename, kept)
        with _telling_of_upgrade(name, kept):
            arrived = self._tools.archives.bring(source.url, filename, hashes=_hashes(kept), unhashed=True)
        packed = ArchiveFile(
            path=arrived.path,
            filename=filename,
            sha256=arrived.sha256,
            name=name,
            subdirectory=source.subdirectory,
            is_sdist=False,
        )
        origin = PackageArchive(
            url=source.url,
            size=arrived.size,
            hashes={"sha256": arrived.sha256},
            subdirectory=source.subdirectory,
        )
        return self._built(name, packed, source.url, origin)

    def _of_wheel_url(
        self, name: NormalizedName, source: UrlSource, filename: str, kept: PackageArchive | None
    ) -> Place:
        """Have a wheel in the store, where a sync finds it again."""
        if kept is not None and (stored := self._tools.store().get(kept.hashes.get("sha256", ""))):
            return _wheel(name, stored, source.url, kept)
        passing = self._tools.archives.passing(source.url, filename, hashes=_hashes(kept), unhashed=True)
        with _telling_of_upgrade(name, kept), passing as arrived:
            stored = self._stored(arrived.path, filename, arrived.sha256)
        origin = PackageArchive(url=source.url, size=arrived.size, hashes={"sha256": arrived.sha256})
        return _wheel(name, stored, source.url, origin)

    def _kept(self, name: NormalizedName, source: UrlSource) -> PackageArchive | None:
        """What the old lock holds of the same URL: what is behind it may not change unseen."""
        archives = (package.archive for package in self._old.get(name, ()))
        return next((each for each in archives if each is not None and each.url == source.url), None)

    # -- all of them

    def _stored(self, path: Path, filename: str, sha256: str) -> StoredWheel:
        try:
            its_name, version, *_ = parse_wheel_filename(filename)
        except InvalidWheelFilename as error:
            hint = "it has to be called as its builder called it"
            raise UsageError(f"{filename} is no name of a wheel: {error}", hint=hint) from None
        return self._tools.store().add(sha256, path, name=its_name, version=str(version), filename=filename)

    def _built(
        self, name: NormalizedName, source: Buildable, url: str, origin: Origin, *, editable: bool = False
    ) -> Place:
        try:
            metadata = self._tools.builder().metadata(source, editable=editable)
        except Misnamed as error:
            raise _another(name, error.found) from None
        except MetadataError as error:
            hint = "mend it there, or take the package from elsewhere"
            raise UsageError(f"[sources] takes {name} from what cannot be used: {error}", hint=hint) from None
        stem = f"{name.replace('-', '_')}-{metadata.version}"
        file = IndexFile(filename=f"{stem}.tar.gz", url=url, requires_python=metadata.requires_python)
        return Place(file=file, origin=origin, metadata=metadata, buildable=source, editable=editable)


def _wheel(name: NormalizedName, stored: StoredWheel, url: str, origin: PackageArchive) -> Place:
    its_name = canonicalize_name(stored.name)
    if its_name != name:
        raise _another(name, its_name)
    content = (stored.root / stored.dist_info / "METADATA").read_bytes()
    metadata = metadata_in(content, shown=stored.filename, name=name, version=stored.version)
    hashes = tuple(origin.hashes.items())
    file = IndexFile(filename=stored.filename, url=url, hashes=hashes, requires_python=metadata.requires_python)
    return Place(file=file, origin=origin, metadata=metadata)


def _hashes(kept: PackageArchive | None) -> tuple[tuple[str, str], ...]:
    return () if kept is None else tuple(kept.hashes.items())


@contextmanager
def _telling_of_upgrade(name: NormalizedName, kept: PackageArchive | None) -> Iterator[None]:
    """Say what to do where a URL serves another file than it did."""
    try:
        yield
    except Refused as error:
        if kept is None:
            raise
        hint = f"find out why; `lockenv upgrade {name}` takes what it serves now"
        raise Refused(error.message, problems=error.problems, details=error.details, hint=hint) from None


def _another(name: NormalizedName, found: str) -> UsageError:
    msg = f"[sources] takes {name} from what is {found}"
    return UsageError(msg, hint=f"call it `{found}` in env.toml, or correct where it is")
