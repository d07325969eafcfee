"""What can be built, as values: an archive, a commit, a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias, assert_never

from lockenv.archive.names import refusal
from lockenv.archive.sdist import unpack
from lockenv.build.git import Repositories
from lockenv.build.git_program import without_userinfo
from lockenv.build.requirements import Link
from lockenv.errors import UsageError
from lockenv.limits import DEFAULT, Limits
from lockenv.packages import NormalizedName
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """An sdist or another archive of sources, on this machine; its hash has been checked by who brought it.

    `name` and `version` are what it should turn out to be; None is not compared. `is_sdist` says that it is one
    by its name on an index, and so must have a single folder at its top. `subdirectory` is where in it the
    project stands, POSIX.
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
    match source:
        case ArchiveFile(sha256=sha256, subdirectory=subdirectory):
            return f"archive {sha256} {subdirectory or '.'}"
        case Checkout(url=url, commit=commit, subdirectory=subdirectory):
            return f"git {url} {commit} {subdirectory or '.'}"
        case Tree(folder=folder, digest=digest):
            return f"tree {folder} {digest}"
        case _:
            assert_never(source)


def shown(source: Source) -> str:
    """Name a source for people, such as ``menu 1.0`` or ``libs/core``."""
    if source.name is not None:
        return f"{source.name} {source.version}" if source.version else source.name
    match source:
        case ArchiveFile(filename=filename):
            return filename
        case Checkout(url=url):
            return without_userinfo(url)
        case Tree(shown=text):
            return text
        case _:
            assert_never(source)


def link_of(source: Source) -> Link:
    """Make the link that stands for a source in a chain of builds."""
    return Link(source.name or "", source.version or "", identity(source), shown(source))


def opened(source: Source, scratch: Path, repositories: Repositories, *, limits: Limits = DEFAULT) -> Path:
    """Have a source as a folder, below `scratch` (new) unless it is one already; give the project's own folder.

    Raises `Refused` for a hostile archive, `UsageError` where there is no such `subdirectory`, what
    `Repositories.check_out` raises, and `OSError`.
    """
    match source:
        case ArchiveFile(path=path, filename=filename, is_sdist=is_sdist):
            folder = unpack(path, scratch, filename=filename, sdist=is_sdist, limits=limits)
            return inside(folder, source.subdirectory, shown(source))
        case Checkout(url=url, commit=commit):
            repositories.check_out(url, commit, scratch)
            return inside(scratch, source.subdirectory, shown(source))
        case Tree(folder=folder):
            return folder
        case _:
            assert_never(source)


def inside(root: Path, subdirectory: str | None, whose: str) -> Path:
    """Find a folder within another one, links counted. Raises `UsageError` where there is none."""
    if subdirectory in {None, "", ".", "./"}:
        return root
    path = (subdirectory or "").removeprefix("./").rstrip("/")
    found = root / path
    if refusal(path) or not found.resolve().is_relative_to(root.resolve()) or not found.is_dir():
        raise UsageError(f"{whose} has no folder {subdirectory!r} within", hint="check its `subdirectory`")
    return found
