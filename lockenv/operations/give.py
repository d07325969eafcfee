"""`export`: the lock or the manifest, written for other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import lockenv
from lockenv.errors import InstallError, InterpreterNotFound, LockError, ManifestError, UsageError
from lockenv.files import write_atomically
from lockenv.formats.outgoing import conda, cyclonedx, dockerfile, pyproject, requirements_txt, single
from lockenv.formats.outgoing.requirements_txt import Given
from lockenv.formats.outgoing.rows import Row, rows
from lockenv.index.origins import without_credentials
from lockenv.lockfile import freshness, pylock
from lockenv.manifest.model import Manifest, Targets
from lockenv.manifest.words import suggestion
from lockenv.operations.absent import no_lock
from lockenv.operations.choose import interpreter_for_sync
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import manifest_of, parse_lock
from lockenv.platforms import PLATFORMS
from lockenv.project import MANIFEST
from lockenv.resolution.universe import targets_of
from lockenv.session import Session
from lockenv.targets import Target
from lockenv.values import dataclass

HERE = "here"  #: the target that is this machine
_DOCKER = "linux-x86_64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """What is asked for. `target` is ``linux-x86_64``, ``linux-x86_64:3.12``, ``here``, or None for all."""

    format: str
    target: str | None = None
    groups: tuple[str, ...] = ()
    all_groups: bool = False
    hashes: bool = True
    output: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """All that a writer may need."""

    session: Session
    giving: Giving
    lock: Pylock
    rows: tuple[Row, ...]
    groups: tuple[str, ...]
    target: Target | None
    name: str
    where: str

    @property
    def heading(self) -> str:
        """What stands at the top of a file with comments."""
        whom = f", for {self.target.name}" if self.target is not None else ""
        groups = f", with the group{'s' if len(self.groups) > 1 else ''} {', '.join(self.groups)}"
        made = f"Made by `lockenv export` from {self.where}{whom}{groups if self.groups else ''}."
        return f"{made}\nDo not edit it: edit {MANIFEST}, lock, and export again."

    @property
    def default_index(self) -> str:
        """The index that pip asks by itself."""
        known = self.session.known_indexes(None)
        return without_credentials(known[-1].url) if known else ""


_Writer: TypeAlias = Callable[[_Asked], Given]


def give(session: Session, giving: Giving) -> Given:
    """Write the lock, or the manifest, in a format; to a file if one is named.

    Raises `UsageError` for what is not known, `LockError` where there is no lock or it is not for the target.
    """
    given = (
        _pyproject(session) if giving.format == "pyproject" else FORMATS[giving.format](_asked(session, giving))
    )
    if giving.output is not None:
        try:
            write_atomically(Path(session.folder, giving.output), given.text.encode("utf-8"))
        except OSError as error:
            raise InstallError(f"{giving.output} cannot be written: {error.strerror}") from None
    return given


def _asked(session: Session, giving: Giving) -> _Asked:
    where = shown(session.project, session.project.lock)
    raw = bytes_of(session.project.lock)
    if raw is None:
        raise no_lock(session.project)
    lock = parse_lock(raw, where)
    groups = (
        tuple(sorted(lock.dependency_groups or ())) if giving.all_groups else tuple(sorted(set(giving.groups)))
    )
    wanted = giving.target or (_docker_target(session, lock) if giving.format == "dockerfile" else None)
    manifest = _manifest(session)
    target = _target(session, wanted, lock, manifest, where) if wanted is not None else None
    name = (manifest.name if manifest is not None else None) or Path(session.project.folder).name or "env"
    return _Asked(
        session=session,
        giving=giving,
        lock=lock,
        rows=rows(lock, groups, target, where=where),
        groups=groups,
        target=target,
        name=name,
        where=where,
    )


def _manifest(session: Session) -> Manifest | None:
    """The manifest, where there is one: a lock can be given out without."""
    if bytes_of(session.project.manifest) is None:
        return None
    return manifest_of(session.project)


# ── the target


def _docker_target(session: Session, lock: Pylock) -> str:
    """A Linux with the Python that is used here; with the newest one where none here will do."""
    try:
        found = interpreter_for_sync(session, lock.requires_python or SpecifierSet(), lock).version_info
    except (InterpreterNotFound, LockError):
        return _DOCKER
    return f"{_DOCKER}:{found.major}.{found.minor}"


def _target(session: Session, text: str, lock: Pylock, manifest: Manifest | None, where: str) -> Target:
    pythons = lock.requires_python or SpecifierSet()
    if text == HERE:
        return interpreter_for_sync(session, pythons, lock).target()
    platform, _, minor = text.partition(":")
    if platform not in PLATFORMS:
        hint = suggestion(platform, [*PLATFORMS, HERE]) or "say `here`, or a platform of [targets]"
        raise UsageError(f"`{platform}` is no platform", hint=hint)
    try:
        wanted = pythons & SpecifierSet(f"=={minor}.*" if minor else "")
        declared = manifest.targets if manifest is not None and manifest.targets is not None else None
        targets = targets_of(wanted, _only(platform, declared), None)
    except (ValueError, ManifestError):
        message = f"{where} is for no Python {minor}" if minor else f"{where} is for no Python that is known"
        hint = f"it is for {pythons}" if str(pythons) else "say it as 3.12"
        raise UsageError(message, hint=hint) from None
    return next((target for target in targets if freshness.covers(lock, target)), targets[0])


def _only(platform: str, declared: Targets | None) -> Targets:
    """One platform, with the floors that the manifest gives it."""
    if declared is None:
        return Targets(platforms=(platform,))
    return Targets(
        platforms=(platform,),
        glibc=declared.glibc,
        musl=declared.musl,
        macos=declared.macos,
        implementations=declared.implementations,
    )


# ── the formats


def _requirements(asked: _Asked) -> Given:
    return requirements_txt.requirements(
        asked.rows, heading=asked.heading, hashes=asked.giving.hashes, default_index=asked.default_index
    )


def _constraints(asked: _Asked) -> Given:
    return requirements_txt.constraints(asked.rows, heading=asked.heading)


def _pylock(asked: _Asked) -> Given:
    return Given(text=single.single(asked.lock, asked.rows, asked.target))


def _cyclonedx(asked: _Asked) -> Given:
    return Given(text=cyclonedx.cyclonedx(asked.rows, name=asked.name, version=lockenv.__version__))


def _conda(asked: _Asked) -> Given:
    pythons = asked.lock.requires_python or SpecifierSet()
    if asked.target is not None:
        pythons = SpecifierSet(f"=={asked.target.variables['python_version']}.*")
    return conda.environment(asked.rows, name=asked.name, pythons=pythons, default_index=asked.default_index)


def _dockerfile(asked: _Asked) -> Given:
    python = asked.target.python if asked.target is not None else Version("3.13")
    text, warnings = dockerfile.dockerfile(
        asked.rows, python=python, groups=asked.groups, version=lockenv.__version__, lock=asked.where
    )
    return Given(text=text, warnings=warnings)


def _pyproject(session: Session) -> Given:
    manifest = manifest_of(session.project)
    return pyproject.pyproject(manifest, name=manifest.name or Path(session.project.folder).name or "env")


#: By the name that the command line knows; `pyproject` is made from the manifest.
FORMATS: dict[str, _Writer] = {
    "requirements": _requirements,
    "constraints": _constraints,
    "pylock": _pylock,
    "cyclonedx": _cyclonedx,
    "conda": _conda,
    "dockerfile": _dockerfile,
}


def is_behind(session: Session) -> bool:
    """Whether the manifest has changed since its lock was made; the lock may answer it nevertheless."""
    raw, manifest = bytes_of(session.project.lock), _manifest(session)
    if raw is None or manifest is None:
        return False
    table = pylock.tool_table(parse_lock(raw, shown(session.project, session.project.lock)))
    return bool(table) and table.get("manifest") != freshness.digests(manifest)
