"""`lock`: from env.toml to pylock.toml, whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.errors import InstallError
from lockenv.events import Event, Warned
from lockenv.files import write_atomically
from lockenv.operations.answered_before import begin
from lockenv.operations.first_pages import ask_ahead
from lockenv.operations.read import manifest_and_included
from lockenv.session import Session
from lockenv.values import replace

if TYPE_CHECKING:
    from lockenv.operations.locked import Locked
    from lockenv.operations.question import Upgrade
    from lockenv.packages import NormalizedName
    from lockenv.resolution.model import Keeping


def lock(
    session: Session,
    *,
    upgrade: Upgrade | None = None,
    check: bool = False,
    allowed: frozenset[NormalizedName] = frozenset(),
    prefer: Keeping | None = None,
) -> Locked:
    """Resolve the manifest for all its targets and write the lock, unless it already answers.

    With `check` nothing is resolved or written, and `CheckFailed` is raised if the lock is missing or stale.
    `allowed` are packages that may be built this time, beside those that the manifest allows. With `prefer`, all
    is resolved anew, from these versions before those of the old lock.
    Raises `ManifestError`, `InterpreterNotFound`, `ResolutionImpossible`, `NetworkError` and the other kinds of
    `LockenvError`; then the old lock stands as it was.
    """
    plain = upgrade is None and not allowed and prefer is None
    begun = begin(session) if plain else None
    manifest, included = manifest_and_included(session.project)
    if not check:
        ask_ahead(session, manifest)
    # Lazy: pages are on their way meanwhile.
    from lockenv.operations.ready import ready

    with _heard(session) as warnings:
        made = ready(
            session,
            manifest,
            included=included,
            begun=begun,
            upgrade=upgrade,
            check=check,
            allowed=allowed,
            prefer=prefer,
        )
    if made.content != made.standing:
        write_lock(session, made.content)
    if made.locked.rests is None:
        return made.locked
    rests = replace(made.locked.rests, warnings=tuple((each.message, each.hint) for each in warnings))
    return replace(made.locked, rests=rests, content=made.content)


@contextmanager
def _heard(session: Session) -> Iterator[list[Warned]]:
    """Hear the warnings of a session while they are passed on."""
    report, heard = session.report, list[Warned]()

    def hear(event: Event) -> None:
        if isinstance(event, Warned):
            heard.append(event)
        report(event)

    session.report = hear
    try:
        yield heard
    finally:
        session.report = report


def write_lock(session: Session, content: bytes) -> None:
    """Write the project's lock. Raises `InstallError`; the old one is then as it was."""
    path = Path(session.project.lock)
    try:
        write_atomically(path, content)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}; the old lock, if there was one, is as it was"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        remedy = "free some space" if full else "make its folder writable, or name another file with `--lock`"
        raise InstallError(msg, hint=f"{remedy}, and run `lockenv lock` again") from None
