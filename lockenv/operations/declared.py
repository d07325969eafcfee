"""Folders that the manifest takes packages from: what they declare, and whether that has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.model import Manifest, PathSource
from lockenv.packages import NormalizedName

if TYPE_CHECKING:
    from packaging.pylock import PackageDirectory, Pylock


def path_sources(manifest: Manifest) -> frozenset[NormalizedName]:
    """The packages that the manifest takes from folders of its own: to build these needs no leave."""
    return frozenset(name for name, source in manifest.sources if isinstance(source, PathSource))


def declared_by(folder: Path, directory: PackageDirectory) -> str:
    """A digest of the files in which a folder of the project says what it is. Raises `OSError`."""
    # Lazy: most projects have no such folder.
    from lockenv.build.trees import declaration_digest

    return declaration_digest(folder / directory.path / (directory.subdirectory or ""))[:16]


def changed_sources(lock: Pylock, folder: Path) -> Iterator[str]:
    """Name the folders that no longer declare what they did when they were locked."""
    for package in lock.packages:
        then = tool_table(package).get("declares")
        if package.directory is None or then is None:
            continue
        try:
            now = declared_by(folder, package.directory)
        except OSError:
            now = ""
        if now != then:
            yield f"{package.directory.path} has changed what it declares"
