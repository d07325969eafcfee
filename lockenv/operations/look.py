"""`list`: what is installed in an environment."""

from __future__ import annotations

from pathlib import Path

from lockenv.errors import UsageError
from lockenv.operations.absent import no_environment
from lockenv.operations.files import shown
from lockenv.operations.unchanged import replaced
from lockenv.python.installed import Installed, read_installed
from lockenv.session import Session
from lockenv.transaction import places, state
from lockenv.values import dataclass


def installed_in(session: Session) -> tuple[Installed, ...]:
    """What the environment holds, sorted by name, whoever installed it.

    Raises `UsageError` where there is no environment.
    """
    env = Path(session.project.env)
    if not env.exists():
        # Lazy: a swap that was cut between its two renames is rare.
        from lockenv.transaction.commit import restore

        restore(session.project.env)
    if not (env / "pyvenv.cfg").is_file():
        place = shown(session.project, session.project.env)
        raise no_environment(session.project, place)
    sites = [*env.glob("lib/python*/site-packages"), *env.glob("lib64/python*/site-packages")]
    return read_installed(sites)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The digest that an environment was made with, and why it is not that any more (None: nothing shows it)."""

    digest: str
    drift: str | None


def recorded(session: Session) -> Recorded:
    """What the environment's record says its digest is, and whether sizes, times and names still agree.

    Raises `UsageError` where there is no environment, or no record because others made it.
    """
    env, place = session.project.env, shown(session.project, session.project.env)
    number, record = places.current_number(env), state.read_current(env)
    if number is None or record is None:
        raise UsageError(f"{place} has no digest: lockenv did not make it", hint="run `lockenv sync`")
    drift = state.root_drift(env, record) or state.tree_drift(places.generation(env, number), record.tree)
    if replaced(record.interpreter_id):
        drift = state.OTHER_PYTHON
    return Recorded(digest=record.digest, drift=drift)
