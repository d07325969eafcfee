"""Reading a project's two files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.errors import LockError, ManifestError
from lockenv.manifest import read as manifest_reader
from lockenv.manifest.environments import within
from lockenv.manifest.model import Manifest
from lockenv.operations.files import bytes_of
from lockenv.project import MANIFEST, Project

if TYPE_CHECKING:
    from packaging.pylock import Pylock


def manifest_of(project: Project) -> Manifest:
    """Read what env.toml says for the project's environment. Raises as `whole_manifest` does, and `UsageError`."""
    return manifest_and_included(project)[0]


def manifest_and_included(project: Project) -> tuple[Manifest, tuple[str, ...]]:
    """The same, and which files env.toml includes, as it names them."""
    manifest, included = whole_manifest(project)
    return within(manifest, project.environment), included


def whole_manifest(project: Project) -> tuple[Manifest, tuple[str, ...]]:
    """Read env.toml with all its environments, and say which files it includes. Raises `ManifestError`."""
    path = Path(project.manifest)
    raw = bytes_of(path)
    if raw is None:
        msg = f"there is no {MANIFEST} in {project.folder}"
        raise ManifestError(msg, hint="run `lockenv init` to make one, or name the folder with `--project`")
    included: list[str] = []

    def load(relative: str) -> str:
        included.append(relative)
        return (path.parent / relative).read_text(encoding="utf-8")

    text = manifest_reader.decode(raw, where=MANIFEST)
    return manifest_reader.read(text, where=MANIFEST, load=load), tuple(included)


def environment_names(project: Project) -> tuple[str, ...]:
    """The names of the environments that env.toml declares besides the default one. Raises `ManifestError`."""
    return tuple(environment.name for environment in whole_manifest(project)[0].environments)


def parse_lock(raw: bytes, where: str) -> Pylock:
    """Parse the bytes of a lock. Raises `LockError`."""
    # Lazy: packaging.pylock takes tens of milliseconds to import, and an unchanged lock is not parsed.
    from lockenv.lockfile import pylock

    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        msg = f"{where} is not UTF-8 text"
        raise LockError(msg, hint="run `lockenv lock` to make it anew") from None
    return pylock.read(text, where=where)
