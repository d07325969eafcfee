"""`history` and `rollback`: the generations that an environment keeps."""

from __future__ import annotations

from pathlib import Path

from lockenv.operations.absent import no_environment
from lockenv.operations.files import shown
from lockenv.operations.unchanged import interpreter_id
from lockenv.session import Session
from lockenv.transaction import commit, ground
from lockenv.transaction import history as generations
from lockenv.transaction.history import Generation, RolledBack


def history(session: Session) -> tuple[Generation, ...]:
    """List the generations of the project's environment, the newest first.

    Raises `UsageError` where lockenv has made none.
    """
    env = session.project.env
    commit.restore(env)
    ground.check_readable(env)
    found = generations.history(Path(env), stands=interpreter_stands)
    if not found:
        place = shown(session.project, env)
        raise no_environment(session.project, place, " that lockenv made")
    return found


def rollback(session: Session, number: int | None = None) -> RolledBack:
    """Go back to a generation, the one before if none is named. Raises `UsageError`, `InstallError`."""
    settings = session.settings
    ground.check_readable(session.project.env)
    return generations.rollback(
        Path(session.project.env),
        number,
        stands=interpreter_stands,
        wait=settings.wait,
        durable=settings.durable,
        # What was left is kept, whatever the setting: one goes forward again the same way.
        history=max(settings.history, 1),
        grace=commit.GRACE,
        reporter=session.report,
    )


def interpreter_stands(recorded: str) -> bool:
    """Whether the interpreter behind an id is there and has not been replaced."""
    try:
        return interpreter_id(recorded.partition("\0")[0]) == recorded
    except (OSError, ValueError):
        return False


def python_of(generation: Generation) -> str:
    """The path of the interpreter that a generation is for."""
    return generation.interpreter_id.partition("\0")[0]
