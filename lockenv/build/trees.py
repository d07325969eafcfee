"""Local paths as sources: what stands there, and a digest of its content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lockenv.build.sources import ArchiveFile, Tree
from lockenv.packages import NormalizedName


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A wheel that needs no build."""

    path: Path
    filename: str
    sha256: str
    name: NormalizedName
    version: str


Local: TypeAlias = Tree | ArchiveFile | WheelFile


def local_source(path: Path, *, shown: str, subdirectory: str | None = None, editable: bool = False) -> Local:
    """Say what stands at an absolute path: a project's folder, an sdist, a wheel. Raises `UsageError`."""
    raise NotImplementedError


def tree_digest(folder: Path) -> str:
    """Hash what a build of a folder may read: all but version control, caches, environments and build results."""
    raise NotImplementedError


def declaration_digest(folder: Path) -> str:
    """Hash only the files that say what a project is: enough for an editable wheel, which holds no code."""
    raise NotImplementedError
