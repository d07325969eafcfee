"""`check`: manifest, lock and environment at a glance. Files are looked at, not read, and no index is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from lockenv.errors import CheckFailed, InterpreterNotFound, LockenvError, LockError, ManifestError, UsageError
from lockenv.operations.environments import for_environment
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import manifest_of, parse_lock
from lockenv.operations.standing import standing
from lockenv.operations.unchanged import replaced
from lockenv.project import MANIFEST
from lockenv.session import Session
from lockenv.transaction import commit, ground, places, state
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is to be said of one of the three.

    `holds` is None where there is nothing to be said, because another is missing. `said` follows the name as a
    sentence would, `details` are further reasons, and `remedy` is the command that mends it.
    """

    about: str
    holds: bool | None
    said: str
    details: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The three answers."""

    manifest: Answer
    lock: Answer
    environment: Answer

    @property
    def answers(self) -> tuple[Answer, Answer, Answer]:
        """All three, in their order."""
        return (self.manifest, self.lock, self.environment)

    @property
    def holds(self) -> bool:
        """Whether none of them says no."""
        return all(answer.holds is not False for answer in self.answers)


def check(session: Session) -> Checked:
    """Say of manifest, lock and environment whether each is what the one before asks for. Changes nothing."""
    raw = _content(session.project.lock)
    manifest = _manifest(session, has_lock=raw is not None)

    def told(answer: Answer) -> Answer:
        return replace(answer, remedy=for_environment(answer.remedy, session.project))

    return Checked(
        manifest=manifest,
        lock=told(_lock(session, raw, manifest)),
        environment=told(_environment(session, raw)),
    )


def _content(path: str) -> bytes | None:
    try:
        return bytes_of(path)
    except UsageError:  # it cannot be read, which the lock's own answer tells
        return b"\xff"


def _manifest(session: Session, *, has_lock: bool) -> Answer:
    if not Path(session.project.manifest).exists():
        if has_lock:
            return Answer(about=MANIFEST, holds=None, said="is not there: the lock stands alone")
        return Answer(about=MANIFEST, holds=False, said="is not there", remedy="lockenv init")
    try:
        manifest = manifest_of(session.project)
    except ManifestError as error:
        return _no(MANIFEST, "cannot be used", list(map(str, error.problems)) or [error.message], "")
    wishes = _counted(len(manifest.dependencies), "dependency", "dependencies")
    groups = f" and {_counted(len(manifest.groups), 'group', 'groups')}" if manifest.groups else ""
    return Answer(about=MANIFEST, holds=True, said=f"is valid: {wishes}{groups}")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _lock(session: Session, raw: bytes | None, manifest: Answer) -> Answer:
    where = shown(session.project, session.project.lock)
    if raw is None:
        return Answer(
            about=where, holds=False, said="is not there", remedy="lockenv lock" if manifest.holds else ""
        )
    if manifest.holds is False:
        return Answer(about=where, holds=None, said=f"cannot be judged without {MANIFEST}")
    if manifest.holds is None:
        return _alone(raw, where)
    if standing(session) is None and (refused := _refused(session, where)) is not None:
        return refused
    return Answer(about=where, holds=True, said=f"is up to date with {MANIFEST}")


def _alone(raw: bytes, where: str) -> Answer:
    """What is to be said of a lock without a manifest."""
    try:
        lock = parse_lock(raw, where)
    except LockError as error:
        return Answer(about=where, holds=False, said=error.message.removeprefix(f"{where} "))
    return Answer(about=where, holds=True, said=f"is a valid lock of {lock.created_by}")


def _refused(session: Session, where: str) -> Answer | None:
    """Why the lock does not answer the manifest, if it does not."""
    # Lazy: a lock that stands needs nothing of it.
    from lockenv.operations.lock import lock

    try:
        lock(session, check=True)
    except CheckFailed as error:
        return _no(where, error.message.removeprefix(f"{where} "), error.details, "lockenv lock")
    except InterpreterNotFound as error:
        said = f"cannot be judged: {error.message}"
        return Answer(about=where, holds=False, said=said, remedy="lockenv python list")
    except LockError as error:
        said = error.message.removeprefix(f"{where} ")
        return Answer(about=where, holds=False, said=said, remedy="lockenv lock")
    except LockenvError as error:
        return _no(where, "cannot be judged", [error.message, *map(str, error.problems)], "")
    return None


def _no(about: str, said: str, reasons: Sequence[str], remedy: str) -> Answer:
    """A refusal with its first reason in the sentence, and the rest behind it."""
    first = f": {reasons[0]}" if reasons else ""
    return Answer(about=about, holds=False, said=f"{said}{first}", details=tuple(reasons[1:]), remedy=remedy)


def _environment(session: Session, raw: bytes | None) -> Answer:
    env = session.project.env
    about, where = (shown(session.project, path) for path in (env, session.project.lock))
    commit.restore(env)
    try:
        ground.check_readable(env)
    except UsageError as error:
        return Answer(about=about, holds=False, said=f"cannot be judged: {error.message}", remedy="")
    number, record = places.current_number(env), state.read_current(env)
    if number is None or record is None:
        there = (Path(env) / "pyvenv.cfg").exists()
        said = "was not made by lockenv" if there else "is not there"
        return Answer(about=about, holds=False, said=said, remedy="lockenv sync" if raw is not None else "")
    drift = state.root_drift(env, record) or state.tree_drift(places.generation(env, number), record.tree)
    if replaced(record.interpreter_id):
        said = "has lost its interpreter, or got another"
    elif drift is not None:
        said = f"is not as it was made: {drift}"
    elif raw is None:
        return Answer(about=about, holds=None, said="is as it was made: there is no lock to compare it with")
    elif record.lock_digest != sha256(raw).hexdigest():
        said = f"was made from another {where}"
    else:
        selection = f" with {', '.join(record.selection)}" if record.selection else ""
        packages = _counted(len(record.packages), "package", "packages")
        said = f"is {where}{selection} ({packages}, digest {record.digest.rpartition(':')[2][:12]})"
        return Answer(about=about, holds=True, said=said)
    return Answer(about=about, holds=False, said=said, remedy=_again(record.selection))


def _again(selection: Sequence[str]) -> str:
    """The sync that asks for the same selection again."""
    words = {"all groups": "--all-groups", "seed": "--seed"}
    options = [words.get(text) or "--{} {}".format(*text.partition(" ")[::2]) for text in selection]
    return " ".join(["lockenv sync", *options])
