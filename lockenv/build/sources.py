"""What can be built, as values: an archive, a commit, a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lockenv.build.requirements import Link
from lockenv.packages import NormalizedName


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """An sdist or another archive of sources, on this machine; its hash has been checked by who brought it.

    `name` and `version` are what it should turn out to be; None is not compared. An archive that is no sdist
    (`is_sdist`) needs no single folder at its top, and its PKG-INFO vouches for nothing. `subdirectory` is where
    in it the project stands, POSIX.
    """

    path: Path
    filename: str
    sha256: str
    name: NormalizedName | None = None
    version: str | None = None
    subdirectory: str | None = None
    is_sdist: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A commit of a Git repository. `commit` is complete (`lockenv.build.git.Repositories.resolve`)."""

    url: str
    commit: str
    name: NormalizedName | None = None
    version: str | None = None
    subdirectory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A folder of this machine, which is built where it stands. `folder` is absolute, and the project's own.

    `digest` is that of its content (`lockenv.build.trees`); `shown` is how the manifest calls it.
    """

    folder: Path
    digest: str
    shown: str
    name: NormalizedName | None = None
    version: str | None = None


Source: TypeAlias = ArchiveFile | Checkout | Tree


def identity(source: Source) -> str:
    """Say exactly what would be built: the same text stands for the same bytes."""
    raise NotImplementedError


def shown(source: Source) -> str:
    """Name a source for people, such as ``menu 1.0`` or ``libs/core``."""
    raise NotImplementedError


def link_of(source: Source) -> Link:
    """Make the link that stands for a source in a chain of builds."""
    raise NotImplementedError
