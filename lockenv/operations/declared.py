"""Folders and files of the project that packages come from, and whether they are what they were when locked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.pylock import PackageArchive, PackageDirectory

from lockenv.files import hash_file
from lockenv.lockfile.builds import build_requires
from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.model import Manifest, PathSource
from lockenv.packages import NormalizedName

if TYPE_CHECKING:
    from packaging.pylock import Package, Pylock


def path_sources(manifest: Manifest) -> frozenset[NormalizedName]:
    """The packages that the manifest takes from paths: to build what stands there needs no leave."""
    return frozenset(name for name, source in manifest.sources if isinstance(source, PathSource))


def is_local(artifact: object) -> bool:
    """Whether this is a folder, or a file that lies on this machine."""
    return isinstance(artifact, PackageDirectory) or (
        isinstance(artifact, PackageArchive) and artifact.path is not None
    )


def declared_by(folder: Path, directory: PackageDirectory) -> str:
    """A digest of the files in which a folder of the project says what it is. Raises `OSError`."""
    # Lazy: most projects have no such folder.
    from lockenv.build.trees import declaration_digest

    return declaration_digest(folder / _place(directory))[:16]


def is_static(folder: Path, directory: PackageDirectory) -> bool:
    """Whether the folder's own files say all that a lock needs, without a build (PEP 621)."""
    from lockenv.build.trees import is_static  # as above

    return is_static(folder / _place(directory))


def changed_sources(lock: Pylock, folder: Path) -> Iterator[str]:
    """Name the folders that no longer declare what they did when they were locked, and files that are others."""
    for package in lock.packages:
        if (directory := package.directory) is not None:
            then = tool_table(package).get("declares")
            if then is not None and then != _now(folder, directory):
                yield f"{directory.path} has changed what it declares"
        elif (archive := package.archive) is not None and not _is_still(folder, archive):
            yield f"{archive.path} is not the file that was locked"


def is_unsettled(lock: Pylock, folder: Path, allowed: frozenset[str]) -> bool:
    """Whether only a new look can tell that the lock is right, though nothing that was declared has changed.

    So it is with a folder of which a build must say what it requires, and where something of `allowed` may be
    built now and the lock does not say with what.
    """
    return any(
        (package.directory is not None and not _says_all(folder, package.directory))
        or (package.name in allowed and is_built(package) and build_requires(package) is None)
        for package in lock.packages
    )


def _says_all(folder: Path, directory: PackageDirectory) -> bool:
    try:
        return is_static(folder, directory)
    except OSError:
        return False


def is_built(package: Package) -> bool:
    """Whether a package comes from no index and is no wheel, so that every sync has to build it."""
    archive = package.archive
    return any((package.vcs, package.directory)) or (
        archive is not None and not urlsplit(archive.url or archive.path or "").path.endswith(".whl")
    )


def _now(folder: Path, directory: PackageDirectory) -> str:
    try:
        return declared_by(folder, directory)
    except OSError:
        return ""


def _is_still(folder: Path, archive: PackageArchive) -> bool:
    known = archive.hashes.get("sha256")
    if archive.path is None or known is None:
        return True
    try:
        return hash_file(folder / archive.path)["sha256"] == known.lower()
    except OSError:
        return False


def watched_in(lock: Pylock, chosen: Iterable[object], folder: Path) -> tuple[str, ...]:
    """What has to look as it did for a sync to have nothing to do (`lockenv.build.footprint.sign`).

    That is what all folders declare, what a build of a chosen one may read, and all files. Each row is a kind and
    a path from the lock's folder.
    """
    rows = []
    for package in lock.packages:
        if package.directory is not None:
            rows.append(f"declarations {_place(package.directory)}")
        elif package.archive is not None and package.archive.path is not None:
            rows.append(f"file {package.archive.path}")
    for artifact in chosen:
        if isinstance(artifact, PackageDirectory) and not artifact.editable:
            rows.append(f"tree {_place(artifact)}")
            if not is_static(folder, artifact):
                rows.append(f"commit {_place(artifact)}")
    return tuple(rows)


def _place(directory: PackageDirectory) -> str:
    return f"{directory.path}/{directory.subdirectory}" if directory.subdirectory else directory.path
