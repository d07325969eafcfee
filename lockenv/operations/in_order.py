"""Whether a lock is in order: it answers what is asked, and was made from that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.lockfile import freshness, pylock
from lockenv.lockfile.trust import hosts_of
from lockenv.manifest.model import Manifest
from lockenv.operations.answered_before import Begun
from lockenv.operations.changes import entries_of
from lockenv.operations.declared import changed_sources, is_local, is_unsettled
from lockenv.operations.files import shown
from lockenv.operations.locked import Locked, Stands
from lockenv.operations.resting import around_of
from lockenv.operations.standing import digest_with
from lockenv.packages import NormalizedName
from lockenv.project import MANIFEST
from lockenv.resolution.model import Question
from lockenv.resolution.universe import Here
from lockenv.session import Session
from lockenv.values import dataclass

if TYPE_CHECKING:
    from packaging.pylock import Pylock


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a lock has to answer. `inputs` is the digest of what was read of it.

    For the others, see `lockenv.operations.ready`.
    """

    manifest: Manifest
    included: tuple[str, ...] | None
    inputs: str
    here: Here | None
    question: Question
    begun: Begun | None


def is_settled(session: Session, manifest: Manifest, old: Pylock, allowed: frozenset[NormalizedName]) -> bool:
    """Whether a lock that answers the manifest was made from it, and so is what a fresh start would give."""
    same = pylock.tool_table(old).get("manifest") == freshness.digests(manifest)
    return same and not is_unsettled(old, Path(session.project.lock).parent, allowed)


def reasons_against(session: Session, asked: Asked, old: Pylock, *, judged: bool = False) -> list[str]:
    """Why a lock cannot stay; nothing if it answers what is asked. One that was `judged` agrees with itself."""
    targets = asked.question.targets
    required = [target for target in targets if not target.optional]
    here = [] if asked.here is None else [asked.here.target]
    missing = [target.name for target in (*here, *required) if not freshness.covers(old, target)]
    if missing:
        return [f"it is not for {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")]
    stale = freshness.stale(asked.manifest, old, targets, name=MANIFEST, judged=judged)
    if sorted(pylock.tool_table(old).get("hosts", ())) != list(hosts_of(old)) and pylock.tool_table(old):
        stale = (*stale, "its files do not come from the hosts that it names")
    return [*stale, *changed_sources(old, Path(session.project.lock).parent)]


def found_in_order(session: Session, asked: Asked, lock: Pylock, raw: bytes) -> Locked:
    """What is to be said of a lock that is in order."""
    included = asked.included
    covered = tuple(target for target in asked.question.targets if freshness.covers(lock, target))
    seen = digest_with(asked.inputs, raw)
    executable = asked.here.executable if asked.here is not None else ""
    around = around_of(session, asked.begun, asked.manifest)
    lasts = not any(map(is_local, _artifacts(lock)))
    return Locked(
        path=shown(session.project, session.project.lock),
        targets=covered,
        packages=entries_of(lock),
        uncovered=tuple(target for target in asked.question.targets if target not in covered),
        stands=Stands(seen=seen, included=included, executable=executable, around=around)
        if lasts and included is not None
        else None,
    )


def found_again(session: Session, asked: Asked, made: Pylock, raw: bytes) -> Locked | None:
    """What another run will find of a lock that was just made; None where that cannot be told."""
    if asked.here is not None and _python_for(session, asked.manifest, made) != asked.here.executable:
        return None
    settled = is_settled(session, asked.manifest, made, frozenset())
    in_order = settled and not reasons_against(session, asked, made, judged=True)
    return found_in_order(session, asked, made, raw) if in_order else None


def _artifacts(lock: Pylock) -> Iterator[object]:
    """What packages come from that is no file of an index."""
    for package in lock.packages:
        yield package.directory
        yield package.archive


def _python_for(session: Session, manifest: Manifest, lock: Pylock) -> str:
    # Lazy, as in `here_of`.
    from lockenv.operations.choose import interpreter_for_lock

    return str(interpreter_for_lock(session, manifest.python, lock).executable)
