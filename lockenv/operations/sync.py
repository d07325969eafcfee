"""`sync`: make the environment exactly what the lock says, wholly or not at all.

This module is the part that every sync runs: it reads two files, and where they and the environment are as the
last sync left them, that is all. Everything else is `lockenv.operations.converge`.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH110, PTH117

from __future__ import annotations

import os

from lockenv.errors import LockError
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.up_to_date import up_to_date
from lockenv.operations.wish import Synced, Wish, verifies
from lockenv.sums import sha256
from lockenv.uncollected import Uncollected

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.session import Session


def sync(session: Session, wish: Wish) -> Synced:
    """Bring the environment to the lock.

    Raises `LockError` for a lock that is missing, stale or not for this Python, `InterpreterNotFound`, `Refused`,
    `NetworkError`, `InstallError`; the environment is then as it was.
    """
    project = session.project
    where, env = shown(project, project.lock), shown(project, project.env)
    raw = bytes_of(project.lock)
    if raw is None:
        raise _no_lock(session, where)
    lock_digest = sha256(raw).hexdigest()
    if session.settings.python is None and wish.manifest is None and not verifies(session, wish):
        record = up_to_date(project, lock_digest=lock_digest, selection=wish.selection, compiled=wish.compile)
        if record is not None:
            return Synced(env=env, lock=where, packages=len(record.packages), digest=record.digest)
    # Lazy: this is where the imports begin, and most syncs end above.
    from lockenv.operations.planned_before import sync_as_before

    if (done := sync_as_before(session, wish, lock_digest=lock_digest, where=where, env=env)) is not None:
        return done
    with Uncollected():
        # Lazy: and these are the heavy ones, beside which something else can go on.
        from lockenv.operations import ahead

        ahead.begin(session, raw)
        from lockenv.operations.converge import converge

        return converge(session, wish, raw=raw, lock_digest=lock_digest)


def _no_lock(session: Session, where: str) -> LockError:
    if os.path.exists(session.project.manifest):
        if session.project.environment:
            # Lazy: a name that env.toml does not know is refused by who reads it.
            from lockenv.operations.read import manifest_of

            manifest_of(session.project)
        return LockError(f"there is no {where}", hint="run `lockenv lock` to make it")
    place = where if os.path.isabs(where) else f"{where} in {session.project.folder}"
    return LockError(
        f"there is no {place}, and no env.toml to make it from",
        hint="name the project's folder with `--project`, or the lock with `--lock`",
    )
