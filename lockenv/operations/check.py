"""`check`: manifest, lock and environment at a glance. Files are looked at, not read, and no index is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lockenv.errors import CheckFailed, InterpreterNotFound, LockenvError, LockError, ManifestError, UsageError
from lockenv.operations.choose import asked_interpreter
from lockenv.operations.environments import for_environment
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import manifest_of, parse_lock
from lockenv.operations.selected import sync_again
from lockenv.operations.standing import standing
from lockenv.operations.unchanged import interpreter_id, replaced
from lockenv.operations.up_to_date import up_to_date
from lockenv.project import MANIFEST
from lockenv.python.interpreter import Interpreter, probe
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
        environment=told(_environment(session, raw, manifest)),
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


def _environment(session: Session, raw: bytes | None, manifest: Answer) -> Answer:
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
    if said := _drifted(env, number, record):
        return Answer(about=about, holds=False, said=said, remedy=sync_again(record.selection))
    return replace(_compared(session, record, raw, where, manifest), about=about)


def _drifted(env: str, number: int, record: state.State) -> str:
    """Why an environment is no longer what was made; empty where it is."""
    drift = state.root_drift(env, record) or state.tree_drift(places.generation(env, number), record.tree)
    if replaced(record.interpreter_id):
        return "has lost its interpreter, or got another"
    return "" if drift is None else f"is not as it was made: {drift}"


def _compared(session: Session, record: state.State, raw: bytes | None, where: str, manifest: Answer) -> Answer:
    """What is to be said of an environment that is as it was made, beside the lock."""
    if raw is None:
        return Answer(about="", holds=None, said="is as it was made: there is no lock to compare it with")
    if record.lock_digest == sha256(raw).hexdigest():
        said = _other_python(session, record, manifest)
    elif _is_lock(raw, where):
        said = f"was made from another {where}"
    else:
        return Answer(about="", holds=None, said=f"cannot be judged before {where} can be read")
    if said:
        return Answer(
            about="", holds=False, said=said, remedy=sync_again(record.selection, session.settings.python)
        )
    selection = f" with {', '.join(record.selection)}" if record.selection else ""
    packages = _counted(len(record.packages), "package", "packages")
    said = f"is {where}{selection} ({packages}, digest {record.digest.rpartition(':')[2][:12]})"
    return Answer(about="", holds=True, said=said)


def _is_lock(raw: bytes, where: str) -> bool:
    """Whether a text is a lock at all, from which a sync could make anything."""
    try:
        parse_lock(raw, where)
    except LockError:
        return False
    return True


def _other_python(session: Session, record: state.State, manifest: Answer) -> str:
    """What is to be said where a sync would take another Python than the environment has; else empty."""
    if manifest.holds is False or _stands(session, record):
        return ""
    python = manifest_of(session.project).python if manifest.holds else SpecifierSet()
    try:
        asked = asked_interpreter(session, python)
    except InterpreterNotFound:  # which the lock's own answer tells
        return ""
    if asked is None or interpreter_id(str(asked.executable)) == record.interpreter_id:
        return ""
    has = probe(Path(record.interpreter_id.partition("\0")[0]), session.probes)
    if isinstance(has, Interpreter) and has.version != asked.version:
        return f"has Python {has.version}, and {asked.version} is asked for"
    return f"is not of the Python that is asked for, {asked.path}"


def _stands(session: Session, record: state.State) -> bool:
    """Whether a sync would find nothing to do, without a question which Python is asked for."""
    if session.settings.python is not None:
        return False
    return up_to_date(session.project, lock_digest=record.lock_digest, selection=record.selection) is not None
