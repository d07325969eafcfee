"""Local paths as sources: what stands there, and a digest of its content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from lockenv.archive.sdist import SUFFIXES
from lockenv.build.footprint import DECLARATIONS, files
from lockenv.build.sources import ArchiveFile, Tree, inside
from lockenv.build.static import read_project
from lockenv.errors import MetadataError, UsageError
from lockenv.files import hash_file
from lockenv.packages import NormalizedName
from lockenv.values import dataclass

_PROJECTS = ("pyproject.toml", "setup.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A wheel that needs no build."""

    path: Path
    filename: str
    sha256: str
    name: NormalizedName
    version: str


Local: TypeAlias = Tree | ArchiveFile | WheelFile


def local_source(
    path: Path,
    *,
    shown: str,
    name: NormalizedName | None = None,
    subdirectory: str | None = None,
    editable: bool = False,
    describe: Callable[[Path], str] | None = None,
) -> Local:
    """Say what stands at an absolute path: a project's folder, an archive of sources, a wheel.

    `shown` is how the manifest calls it; `name` is whose source it should be. A folder that is to be installed
    as `editable` is known by its declarations alone. `describe` (`Repositories.describe`) tells the commit of a
    folder whose version may be made of it. Raises `UsageError`, `OSError`.
    """
    if path.is_dir():
        return _tree(inside(path, subdirectory, shown), shown, name, describe, editable=editable)
    if not path.exists():
        raise UsageError(f"there is no {shown}", hint="check its `path` in env.toml")
    if editable:
        raise UsageError(f"{shown} is a file, and only a folder can be editable", hint="leave out `editable`")
    sha256 = hash_file(path)["sha256"]
    if path.name.endswith(".whl"):
        return _wheel(path, sha256, shown)
    if path.name.lower().endswith(SUFFIXES):
        return ArchiveFile(
            path=path, filename=path.name, sha256=sha256, name=name, subdirectory=subdirectory, is_sdist=False
        )
    kinds = ", ".join((".whl", *SUFFIXES))
    raise UsageError(f"{shown} is no project's folder, archive of sources or wheel", hint=f"files end in {kinds}")


def _wheel(path: Path, sha256: str, shown: str) -> WheelFile:
    try:
        name, version, *_ = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise UsageError(f"{shown} is no name of a wheel: {error}", hint="call it as its builder did") from None
    return WheelFile(path=path, filename=path.name, sha256=sha256, name=name, version=str(version))


def _tree(
    folder: Path,
    shown: str,
    name: NormalizedName | None,
    describe: Callable[[Path], str] | None,
    *,
    editable: bool,
) -> Tree:
    if not any((folder / declaration).is_file() for declaration in _PROJECTS):
        raise UsageError(
            f"{shown} holds no project: it has neither pyproject.toml nor setup.py",
            hint="if the project stands in a folder of it, say so by `subdirectory`",
        )
    if editable:
        return Tree(folder=folder, digest=declaration_digest(folder), shown=shown, name=name)
    revision = describe(folder) if describe is not None and not is_static(folder) else ""
    return Tree(folder=folder, digest=tree_digest(folder, revision=revision), shown=shown, name=name)


def is_static(folder: Path) -> bool:
    """Whether a project's folder says all that resolution reads without a build (PEP 621)."""
    try:
        return read_project((folder / "pyproject.toml").read_bytes(), shown="") is not None
    except (FileNotFoundError, MetadataError):
        return False


def tree_digest(folder: Path, *, revision: str = "") -> str:
    """Hash what a build of a folder may read: all but version control, caches, environments and build results.

    Names, contents and executable bits count, links by their text, times not. Raises `OSError`.
    """
    digest = hashlib.sha256(f"lockenv tree 1\n{revision}\n".encode())
    for path, fact in sorted((path, _fact(entry)) for path, entry in files(str(folder))):
        name = os.fsencode(path)
        digest.update(b"%d %b\n%b\n" % (len(name), name, os.fsencode(fact)))
    return digest.hexdigest()


def _fact(entry: os.DirEntry[str]) -> str:
    """What counts of a file or a link."""
    if entry.is_symlink():
        return f"link {os.readlink(entry.path)}"  # noqa: PTH115
    mode = entry.stat(follow_symlinks=False).st_mode
    return f"file {bool(mode & 0o100)} {hash_file(Path(entry.path))['sha256']}"


def declaration_digest(folder: Path) -> str:
    """Hash only the files that say what a project is: enough for an editable wheel, which holds no code.

    Raises `OSError`.
    """
    digest = hashlib.sha256(b"lockenv declarations 1\n")
    for name in DECLARATIONS:
        path = folder / name
        digest.update(f"{name} {hash_file(path)['sha256'] if path.is_file() else ''}\n".encode())
    return digest.hexdigest()
