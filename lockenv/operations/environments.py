"""All environments of a project: what is done for one of them, done for each, and how each is called."""

# ruff: noqa: PTH110

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lockenv.errors import CheckFailed, LockenvError, LockError, UsageError
from lockenv.events import Event, Warned
from lockenv.operations.files import shown
from lockenv.project import Project
from lockenv.session import Session
from lockenv.values import replace

if TYPE_CHECKING:
    from lockenv.operations.locked import Locked, Ready
    from lockenv.operations.question import Upgrade
    from lockenv.packages import NormalizedName
    from lockenv.resolution.model import Keeping

#: Commands that take the environment's name as a word of their own; all others take an option.
_NAMING = "lock|sync"
_TAKING = (
    "activate|add|check|diff|explain|export|history|list|outdated|remove|rollback|run|tree|upgrade|verify|why"
)


def environments_of(session: Session) -> tuple[str, ...]:
    """The environments that env.toml declares, the default one first, which is ''. Raises `ManifestError`."""
    # Lazy: a project with one environment need not be read for it.
    from lockenv.operations.read import environment_names

    return ("", *environment_names(session.project))


def each(session: Session) -> Iterator[Session]:
    """A session for each environment of the project, with one cache and one set of connections.

    Raises `ManifestError`, and `UsageError` where one lock or one folder is named, which could not be for all.
    """
    project = session.project
    for path, own, flag in (
        (project.lock, project.own_lock, "--lock"),
        (session.settings.env_dir, None, "--env (or LOCKENV_ENV)"),
    ):
        if path != own:
            raise UsageError(f"--all is for all environments, and {flag} names one place", hint="leave one out")
    for name in environments_of(session):
        session = session.beside(Project(session.project.folder, environment=name))
        yield session


def lock_all(
    session: Session,
    *,
    upgrade: Upgrade | None = None,
    check: bool = False,
    allowed: frozenset[NormalizedName] = frozenset(),
) -> tuple[tuple[Session, Locked], ...]:
    """Do what `lock` does for all environments, or for none: no lock is written before all are made.

    What is to be upgraded has to be in one of the locks. Raises as `lock` does; with `check`, the `CheckFailed`
    tells of all that are missing or stale.
    """
    # Lazy: locks that stand need none of this.
    from lockenv.operations.lock import write_lock

    sessions = tuple(each(session))
    if upgrade is not None:
        _check_names(sessions, upgrade)
    if check:
        _check_all(sessions)
    made: list[tuple[Session, Ready]] = []
    for one in sessions:
        with telling_of(one, "no lock was written"):
            prefer = _first_versions(one, made) if upgrade is None else None
            made.append((one, _ready(one, upgrade, check=check, allowed=allowed, prefer=prefer)))
    for one, ready in made:
        if ready.content != ready.standing:
            write_lock(one, ready.content)
    return tuple((one, ready.locked) for one, ready in made)


def _ready(
    session: Session,
    upgrade: Upgrade | None,
    *,
    check: bool,
    allowed: frozenset[NormalizedName],
    prefer: Keeping | None = None,
) -> Ready:
    from lockenv.operations.read import manifest_and_included
    from lockenv.operations.ready import ready  # as above

    manifest, included = manifest_and_included(session.project)
    own = _held_of(session, upgrade) if upgrade is not None else None
    return ready(session, manifest, included=included, upgrade=own, check=check, allowed=allowed, prefer=prefer)


def _first_versions(session: Session, made: list[tuple[Session, Ready]]) -> Keeping | None:
    """What the first lock of a named environment begins with: the versions of the default one, made just now."""
    from lockenv.operations.files import bytes_of  # as above
    from lockenv.operations.question import holding
    from lockenv.operations.read import manifest_of, parse_lock

    if not made or bytes_of(session.project.lock) is not None:
        return None
    default, ready = made[0]
    return holding(manifest_of(session.project), parse_lock(ready.content, default.project.lock))


def _held_of(session: Session, upgrade: Upgrade) -> Upgrade:
    """Of the packages that are to be upgraded those that this environment's lock holds."""
    names = upgrade.names & _held(session)
    exactly = {name: version for name, version in upgrade.exactly.items() if name in names}
    return replace(upgrade, names=names, exactly=exactly)


def _check_names(sessions: tuple[Session, ...], upgrade: Upgrade) -> None:
    from lockenv.operations.question import check_upgrade  # as above

    held: frozenset[NormalizedName] = frozenset().union(*map(_held, sessions))
    check_upgrade(upgrade, held)


def _held(session: Session) -> frozenset[NormalizedName]:
    """What the lock holds, if there is one that can be read, and what it builds with."""
    from lockenv.lockfile.builds import builders_of  # as above
    from lockenv.operations.files import bytes_of
    from lockenv.operations.read import parse_lock

    raw = bytes_of(session.project.lock)
    try:
        lock = parse_lock(raw, session.project.lock) if raw is not None else None
    except LockError:
        return frozenset()
    if lock is None:
        return frozenset()
    return frozenset(package.name for package in lock.packages) | frozenset(builders_of(lock))


def _check_all(sessions: tuple[Session, ...]) -> None:
    """Raise one `CheckFailed` for all locks that are missing or stale."""
    failed: list[CheckFailed] = []
    for one in sessions:
        try:
            _ready(one, None, check=True, allowed=frozenset())
        except CheckFailed as error:
            told_for(error, one.project)
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {len(sessions)} locks are not up to date",
            details=[": ".join([error.message, *error.details[:1]]) for error in failed],
            hint="run `lockenv lock --all`",
        )


@contextmanager
def telling_of(session: Session, also: str = "") -> Iterator[None]:
    """Say of warnings and of a failure which environment they are of; and of a failure what follows from it."""
    report, name = session.report, session.project.environment
    lock = shown(session.project, session.project.lock)

    def named(event: Event) -> None:
        report(replace(event, message=f"{lock}: {event.message}") if isinstance(event, Warned) else event)

    session.report = named
    try:
        yield
    except LockenvError as error:
        if also:
            table = f"[environments.{name}]" if name else "[env]"
            error.details = (*error.details, f"that is about {table}; {also}")
        told = told_for(error, session.project)
        if told is error:
            raise
        raise told from None
    finally:
        session.report = report


# ── words


def told_for(error: LockenvError, project: Project) -> LockenvError:
    """An error as it is told of the environment that is meant: with its name in the remedy.

    Where nobody declares the environment, that is the error.
    """
    # Lazy: as above.
    from lockenv.operations.read import manifest_of

    if project.environment and os.path.exists(project.manifest):
        try:
            manifest_of(project)
        except UsageError as unknown:
            return unknown
        except LockenvError:
            pass
    if error.hint is not None:
        error.hint = for_environment(error.hint, project)
    return error


def for_environment(text: str, project: Project) -> str:
    """Put the environment's name into the commands of a text, which are written for the default one."""
    name = project.environment
    if not name:
        return text
    text = re.sub(rf"\b(lockenv (?:{_NAMING}))\b(?! --all| {name}\b)", rf"\1 {name}", text)
    return re.sub(rf"\b(lockenv (?:{_TAKING}))\b(?! -e )", rf"\1 -e {name}", text)
