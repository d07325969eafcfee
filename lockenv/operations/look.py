"""`list`: what is installed in an environment."""

from __future__ import annotations

from pathlib import Path

from lockenv.errors import UsageError
from lockenv.operations.files import shown
from lockenv.python.installed import Installed, read_installed
from lockenv.session import Session


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
        raise UsageError(f"there is no environment at {place}", hint="run `lockenv sync` to make it")
    sites = [*env.glob("lib/python*/site-packages"), *env.glob("lib64/python*/site-packages")]
    return read_installed(sites)
