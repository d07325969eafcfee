"""A lock with the marks of a merge: the versions of both sides, to resolve anew from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.build.children import Children
from lockenv.build.git_program import Git
from lockenv.errors import LockError
from lockenv.events import Warned
from lockenv.lockfile import pylock
from lockenv.lockfile.conflicted import sides_of
from lockenv.lockfile.merging import Merged, merge, told
from lockenv.session import Session

if TYPE_CHECKING:
    from packaging.pylock import Pylock

_MOST = 5  #: disputes that are named


def reconciled(session: Session, raw: bytes, where: str) -> Pylock | None:
    """Put the sides of a conflict together, and tell what was taken; None where no side can be read.

    Where Git still has the sides apart, all three count: what only one of them changed is taken. Else the marks
    tell two, of which the newer versions are taken.
    """
    sides = _staged(session) or _marked(raw)
    locks = [_parsed(text) for text in sides]
    base, ours, theirs = locks
    if ours is None or theirs is None:
        left = ours or theirs
        what = "the versions of one side are kept" if left else "it is made anew, without its versions"
        session.report(Warned(message=f"{where} has a merge conflict whose sides cannot both be read; {what}"))
        return left
    merged = merge(base, ours, theirs)
    session.report(Warned(message=f"{where} has a merge conflict; {_taken(merged)}"))
    return merged.lock


def _taken(merged: Merged) -> str:
    kept = "it is resolved anew, from the versions of both sides"
    said = told(merged)
    if not said:
        return kept
    rest = [f"{len(said) - _MOST} more"] if len(said) > _MOST else []
    return f"{kept}. Where they differ, the newer counts: {'; '.join([*said[:_MOST], *rest])}"


def _staged(session: Session) -> Sequence[str | None] | None:
    """Base and sides as Git's index has them while a merge is not settled; None where it has not."""
    lock = Path(session.project.lock)
    git = Git(session.environ, Children())
    if not git.is_there:
        return None
    found = [
        git.answer(lock.parent, "cat-file", "blob", f":{stage}:./{lock.name}", theirs=True) for stage in (1, 2, 3)
    ]
    return found if found[1] is not None and found[2] is not None else None


def _marked(raw: bytes) -> Sequence[str | None]:
    sides = sides_of(raw.decode("utf-8", "replace"))
    return sides.base, sides.ours, sides.theirs


def _parsed(text: str | None) -> Pylock | None:
    try:
        return None if text is None else pylock.read(text)
    except LockError:
        return None
