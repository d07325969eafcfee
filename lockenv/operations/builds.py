"""Building while syncing: what a lock selects that is no wheel becomes one, built with what the lock names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from packaging.pylock import PackageArchive, PackageDirectory, PackageSdist, PackageVcs, Pylock

from lockenv.build.builder import Builder
from lockenv.build.git import Repositories
from lockenv.build.sources import ArchiveFile, Checkout, Tree
from lockenv.build.sources import Source as Buildable
from lockenv.build.trees import local_source
from lockenv.errors import LockError, Refused
from lockenv.index.http import Http
from lockenv.lockfile.builds import build_requires
from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.select import Selected
from lockenv.operations.archives import Archives
from lockenv.operations.declared import is_local
from lockenv.operations.provisions import Bringing, LockedBuilds, remedy
from lockenv.operations.workshop import archives_of, repositories_of
from lockenv.packages import NormalizedName
from lockenv.python.interpreter import Interpreter
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.targets import Target


def build_all(
    session: Session,
    lock: Pylock,
    chosen: Sequence[Selected],
    *,
    interpreter: Interpreter,
    allowed: frozenset[str],
    own: frozenset[NormalizedName],
    connect: Callable[[], Http],
    relocks: bool = False,
) -> dict[NormalizedName, StoredWheel]:
    """Build, or find built, a wheel for each of what `lock` selects. Nothing runs before all of it is allowed.

    That are packages by name, and the `own` ones where they come from the project's folders and files. `relocks`
    says that the same command has made the lock, and would again.
    Raises `Refused` for what nobody has allowed, `LockError` where the lock does not say what something is built
    with, `BuildError` where a build fails, and what fetching raises.
    """
    target = interpreter.target()
    refused = [
        one
        for one in chosen
        if one.package.name not in allowed and not (one.package.name in own and is_local(one.artifact))
    ]
    if refused:
        raise _unallowed(refused, target, allowed, ours=bool(tool_table(lock)), relocks=relocks)
    packages = {one.package.name: one.package for one in chosen}
    repositories = repositories_of(session)
    builder = Builder(
        cache=session.cache,
        interpreter=interpreter,
        store=session.store,
        provide=LockedBuilds(lock, packages, Bringing(session, target, connect)),
        repositories=repositories,
        environ=session.environ,
        reporter=session.report,
        limits=session.limits,
    )
    archives = archives_of(session, connect)
    folder = Path(session.project.lock).parent
    found = {}
    for one in chosen:
        source, editable = _source(one, archives, repositories, folder)
        found[one.package.name] = builder.wheel(source, editable=editable).wheel
    return found


def _unallowed(
    chosen: Sequence[Selected], target: Target, allowed: Iterable[str], *, ours: bool, relocks: bool
) -> Refused:
    names = [one.package.name for one in chosen]
    silent = [one.package.name for one in chosen if build_requires(one.package) is None]
    return Refused(
        f"{' and '.join(names)} must be built, which runs foreign code, and nobody has allowed that",
        details=[_why(one, target) for one in chosen],
        hint=(
            _locked_first(names, allowed) if silent and ours and not relocks else remedy(names, allowed, ours=ours)
        ),
    )


def _locked_first(names: Sequence[str], allowed: Iterable[str]) -> str:
    """What to do where the lock does not say yet with what something is built: leave to build it is not enough."""
    listed = ", ".join(f'"{name}"' for name in (*sorted(allowed), *names))
    flags = " ".join(f"--allow-build {name}" for name in names)
    return (
        f"write `allow = [{listed}]` below [build] in env.toml and run `lockenv lock`, which finds out what that "
        f"takes; or say `{flags}` to `lockenv lock`, and then to this command"
    )


def _why(one: Selected, target: Target) -> str:
    """Say why there is no wheel."""
    name, version = one.package.name, one.package.version
    match one.artifact:
        case PackageSdist() if one.package.wheels:
            return f"no wheel of {name} {version} fits {target.name}; there is a source distribution"
        case PackageSdist():
            return f"{name} {version} has no wheels, only a source distribution"
        case PackageVcs():
            return f"{name} comes from a Git repository"
        case PackageDirectory(path=path):
            return f"{name} comes from the folder {path}"
        case _:
            return f"{name} comes from an archive of sources"


def _source(one: Selected, archives: Archives, repositories: Repositories, folder: Path) -> tuple[Buildable, bool]:
    package, artifact = one.package, one.artifact
    version = str(package.version) if package.version is not None else None
    match artifact:
        case PackageSdist():
            return _archive(one, artifact, artifact.filename, archives, folder), False
        case PackageArchive():
            filename = (artifact.path or artifact.url or "").partition("?")[0].rpartition("/")[2]
            return _archive(one, artifact, filename, archives, folder), False
        case PackageVcs():
            if artifact.type != "git":
                raise Refused(
                    f"{package.name} comes from a {artifact.type} repository; only Git is understood",
                    hint="lock it as a wheel or a source distribution",
                )
            url = artifact.url or (folder / (artifact.path or "")).resolve().as_uri()
            checkout = Checkout(
                url=url,
                commit=artifact.commit_id,
                name=package.name,
                version=version,
                subdirectory=artifact.subdirectory,
            )
            return checkout, False
        case PackageDirectory():
            return _tree(one, artifact, repositories, folder), artifact.editable is True
        case _:
            msg = f"{package.name} is nothing that is built"
            raise LockError(msg)


def _archive(
    one: Selected, artifact: PackageSdist | PackageArchive, filename: str, archives: Archives, folder: Path
) -> ArchiveFile:
    url = artifact.url or (folder / (artifact.path or "")).resolve().as_uri()
    arrived = archives.bring(url, filename, hashes=artifact.hashes.items(), size=artifact.size)
    version = one.package.version
    return ArchiveFile(
        path=arrived.path,
        filename=filename,
        sha256=arrived.sha256,
        name=one.package.name,
        version=str(version) if version is not None else None,
        subdirectory=artifact.subdirectory if isinstance(artifact, PackageArchive) else None,
        is_sdist=isinstance(artifact, PackageSdist),
    )


def _tree(one: Selected, artifact: PackageDirectory, repositories: Repositories, folder: Path) -> Tree:
    found = local_source(
        (folder / artifact.path).resolve(),
        shown=artifact.path,
        name=one.package.name,
        subdirectory=artifact.subdirectory,
        editable=artifact.editable is True,
        describe=repositories.describe,
    )
    if not isinstance(found, Tree):
        raise LockError(f"{artifact.path} is a file, where the lock speaks of a folder", hint="run `lockenv lock`")
    return found
