"""What `lock` does, but for the writing: the lock that stands if it is in order, else a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockenv.errors import CheckFailed, LockError
from lockenv.events import Warned
from lockenv.lockfile.conflicted import in_conflict
from lockenv.manifest.model import Manifest
from lockenv.operations.answered_before import Begun
from lockenv.operations.explain import noting_failure
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.in_order import Asked, found_in_order, is_settled, reasons_against
from lockenv.operations.locked import Ready
from lockenv.operations.preferences import rather
from lockenv.operations.question import Upgrade, here_of, holding, question_of
from lockenv.operations.read import parse_lock
from lockenv.operations.standing import inputs_of
from lockenv.operations.support import check_supported
from lockenv.packages import NormalizedName
from lockenv.project import LOCK, Project
from lockenv.resolution.model import Keeping
from lockenv.session import Session
from lockenv.values import replace

if TYPE_CHECKING:
    from packaging.pylock import Pylock


def ready(
    session: Session,
    manifest: Manifest,
    *,
    included: tuple[str, ...] | None = None,
    begun: Begun | None = None,
    upgrade: Upgrade | None = None,
    check: bool = False,
    allowed: frozenset[NormalizedName] = frozenset(),
    prefer: Keeping | None = None,
) -> Ready:
    """Do what `lockenv.operations.lock.lock` does for a manifest, but for the writing. Raises as that does.

    `included` are the files that the manifest on disk includes; None where this is not the one on disk, so that
    nothing is to be remembered of it. `begun` is what was noted before it was read, where the answer may be kept.
    """
    upgrade = upgrade or Upgrade()
    session.heed(manifest)
    inputs = inputs_of(session, included) if included is not None else ""
    where = shown(session.project, session.project.lock)
    raw = bytes_of(session.project.lock)
    if check and raw is None:
        raise CheckFailed(f"there is no {where}", hint="run `lockenv lock` to make it")
    old, torn = _old_lock(session, raw, where, check=check)
    here = here_of(session, manifest, old)
    check_supported(manifest)
    question = question_of(session, manifest, here=here, old=old, upgrade=upgrade, allowed=allowed)
    if prefer is None and raw is None and not upgrade.asked:
        prefer = _of_default(session, manifest)
    if prefer is not None:
        question = replace(question, held=rather(prefer, question.held))
    asked = Asked(
        manifest=manifest,
        included=included,
        inputs=inputs,
        here=here,
        question=question,
        # What Git has of a merge has a say then.
        begun=None if torn else begun,
    )
    reasons = ["there is none yet"] if old is None else [*torn] or reasons_against(session, asked, old)
    if check and reasons:
        raise CheckFailed(f"{where} is not up to date", details=reasons, hint="run `lockenv lock`")
    if old is not None and raw is not None and not reasons and prefer is None:
        settled = not upgrade.asked and is_settled(session, manifest, old, allowed)
        if check or settled:
            found = found_in_order(session, asked, old, raw)
            return Ready(locked=found if settled else replace(found, stands=None), content=raw, standing=raw)
    # Lazy: a lock that is up to date needs no search.
    from lockenv.operations.relock import relock

    with noting_failure(session):
        # What has the marks of a merge is never what stays.
        made = relock(session, asked, old=old, raw=None if torn else raw, upgrade=upgrade)
        return replace(made, standing=raw)


def _of_default(session: Session, manifest: Manifest) -> Keeping | None:
    """What the first lock of a named environment begins with: the versions of the default one."""
    project = session.project
    raw = bytes_of(Project(project.folder).lock) if project.environment else None
    try:
        return holding(manifest, parse_lock(raw, LOCK)) if raw is not None else None
    except LockError:
        return None  # who syncs the default environment will hear of it


def _old_lock(
    session: Session, raw: bytes | None, where: str, *, check: bool
) -> tuple[Pylock | None, tuple[str, ...]]:
    """The lock to begin with, and why it cannot stay, if it has the marks of a merge."""
    if raw is None:
        return None, ()
    if in_conflict(raw):
        if check:
            hint = "run `lockenv lock`, which begins with the versions of both sides"
            raise CheckFailed(f"{where} has a merge conflict", hint=hint)
        # Lazy: that is rare.
        from lockenv.operations.reconcile import reconciled

        return reconciled(session, raw, where), ("it has a merge conflict",)
    try:
        return parse_lock(raw, where), ()
    except LockError as error:
        if check:
            raise
        # Making the lock anew is what mends it, so a broken one is no obstacle; but its pins are lost.
        session.report(Warned(message=f"{error.message}; it is made anew, without its pins"))
        return None, ()
