"""Which Python an operation works with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from lockenv.errors import InterpreterNotFound, LockError
from lockenv.operations.files import shown
from lockenv.operations.read import manifest_of
from lockenv.python import discovery
from lockenv.python.discovery import find, list_all, preferred
from lockenv.python.interpreter import Interpreter, RefusedInterpreter, probe
from lockenv.python.places import find_command
from lockenv.session import Session

if TYPE_CHECKING:
    from packaging.pylock import Pylock


def interpreter_for_lock(session: Session, requires_python: SpecifierSet, old: Pylock | None) -> Interpreter:
    """The Python to lock for.

    What `--python` or `.python-version` asks for, else one that the old lock is for, else the best that fits.
    Raises `InterpreterNotFound`.
    """
    if asked := asked_interpreter(session, requires_python):
        return asked
    if old is not None:
        try:
            return _find(session, requires_python, _covered_by(old))
        except InterpreterNotFound:
            # The old lock is for a Python that is gone, or that the manifest no longer admits.
            return _find(session, requires_python)
    return _find(session, requires_python)


def interpreter_for_sync(session: Session, requires_python: SpecifierSet, lock: Pylock) -> Interpreter:
    """The Python to make an environment with.

    What `--python` or `.python-version` asks for, else one that the lock covers. Raises `InterpreterNotFound`, and
    `LockError` where there are Pythons but the lock is for none of them.
    """
    if asked := asked_interpreter(session, requires_python):
        return asked
    try:
        return _find(session, requires_python, _covered_by(lock))
    except InterpreterNotFound as error:
        # Where none fits the manifest either, that is the better story.
        _find(session, requires_python)
        where = shown(session.project, session.project.lock)
        raise LockError(
            f"{where} is for none of the Pythons on this machine",
            details=[*(f"it covers: {marker}" for marker in lock.environments or ()), *error.details],
            hint="run `lockenv lock` for one of these, or name the Python it is for with `--python`",
        ) from None


def ask_ahead(session: Session, requires_python: SpecifierSet) -> None:
    """Begin to ask the Pythons that `interpreter_for_sync` will have to ask first, and wait for none of them."""
    discovery.ask_ahead(
        session.settings.python,
        requires_python=requires_python,
        project=Path(session.project.folder),
        environ=session.environ,
        cache=session.probes,
        env_python=_env_python(session),
    )


def interpreter_for_script(session: Session, requires_python: SpecifierSet, lock: Pylock | None) -> Interpreter:
    """The Python for a script's environment: the one asked for, else the best that fits and its lock covers.

    No `.python-version` has a say: a script may lie anywhere. Raises `InterpreterNotFound`.
    """
    asked = session.settings.python is not None
    return _find(session, requires_python, _covered_by(lock) if lock is not None and not asked else None)


def any_interpreter(session: Session) -> Interpreter:
    """The Python to begin a project with: the one asked for, else the newest. Raises `InterpreterNotFound`."""
    return _find(session, SpecifierSet())


def first_python(session: Session) -> tuple[Interpreter, str]:
    """The Python to begin with where versions are at hand, and why: which … .

    The one that is asked for, else what `python3` starts, for that is what made what is there; else the newest.
    Raises `InterpreterNotFound`.
    """
    if session.settings.python is not None:
        return any_interpreter(session), "is asked for"
    if asked := asked_interpreter(session, SpecifierSet()):
        return asked, ".python-version asks for"
    own, usual = _env_python(session), find_command("python3", session.environ)
    for path, why in ((own, f"{shown(session.project, session.project.env)} has"), (usual, "`python3` starts")):
        found = probe(path, session.probes) if path is not None else None
        if isinstance(found, Interpreter):
            return found, why
    return any_interpreter(session), "is the newest here"


def project_python(session: Session) -> Interpreter:
    """The Python that the project would be locked for, or the newest where there is no project.

    Raises `InterpreterNotFound`, `ManifestError`.
    """
    if not Path(session.project.manifest).exists():
        return any_interpreter(session)
    return _find(session, manifest_of(session.project).python)


def all_pythons(session: Session) -> tuple[Interpreter | RefusedInterpreter, ...]:
    """Everything on this machine that looks like a Python, the usable ones first."""
    return list_all(environ=session.environ, cache=session.probes)


def asked_interpreter(session: Session, requires_python: SpecifierSet) -> Interpreter | None:
    """What `--python` or `.python-version` asks for, whatever the lock says. Raises `InterpreterNotFound`."""
    if session.settings.python is not None:
        return _find(session, requires_python)
    return preferred(
        requires_python=requires_python,
        project=Path(session.project.folder),
        environ=session.environ,
        cache=session.probes,
    )


def _find(
    session: Session, requires_python: SpecifierSet, also: Callable[[Interpreter], str] | None = None
) -> Interpreter:
    return find(
        session.settings.python,
        requires_python=requires_python,
        project=Path(session.project.folder),
        environ=session.environ,
        cache=session.probes,
        env_python=_env_python(session),
        also=also,
    )


def _env_python(session: Session) -> Path | None:
    """The interpreter of the environment that exists."""
    path = Path(session.project.env) / "bin" / "python"
    return path if path.exists() else None


def _covered_by(lock: Pylock) -> Callable[[Interpreter], str]:
    def unfit(interpreter: Interpreter) -> str:
        if lock.requires_python is not None and not lock.requires_python.contains(
            interpreter.version, prereleases=True
        ):
            return f"the lock requires Python {lock.requires_python}"
        variables = dict(interpreter.markers)
        if lock.environments and not any(marker.evaluate(variables) for marker in lock.environments):
            return "the lock is not for it"
        return ""

    return unfit
