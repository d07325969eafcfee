"""`lock`: from env.toml to pylock.toml, whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.errors import CheckFailed, InstallError, LockError
from lockenv.events import Warned
from lockenv.files import write_atomically
from lockenv.lockfile import freshness, pylock
from lockenv.lockfile.pin import ALGORITHMS
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.manifest.words import listed
from lockenv.operations.changes import Change, Entries, changes, entries_of
from lockenv.operations.declared import changed_sources, is_local, is_unsettled
from lockenv.operations.dropped import lost, told
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.question import Upgrade, check_upgrade, here_of, holding, platforms_declared, question_of
from lockenv.operations.read import manifest_and_included, parse_lock
from lockenv.operations.reasons import Reasons
from lockenv.operations.support import check_supported
from lockenv.packages import IndexFile, NormalizedName
from lockenv.project import MANIFEST
from lockenv.resolution.model import Dropped, Question, Resolution, nothing_held
from lockenv.resolution.universe import Here
from lockenv.session import Session
from lockenv.targets import Target

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from lockenv.index.client import IndexClient
    from lockenv.operations.workshop import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What else a lock's being in order rests on: files that the manifest includes, and this machine's Python."""

    included: tuple[str, ...]
    executable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What `lock` did.

    `path` is the lock as a person says it, `packages` what it holds; `written` is false where its bytes were
    right, `first` is true where there was none before. `targets` are those that it is for, `uncovered` those that
    were left out, of which `dropped` says why if that was found out now. `stands` is there if the lock was found
    in order and will be so as long as a few bytes do not change.
    """

    path: str
    targets: tuple[Target, ...]
    packages: Entries
    changes: tuple[Change, ...] = ()
    uncovered: tuple[Target, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    written: bool = False
    first: bool = False
    stands: Stands | None = None


def lock(
    session: Session,
    *,
    upgrade: Upgrade | None = None,
    check: bool = False,
    allowed: frozenset[NormalizedName] = frozenset(),
) -> Locked:
    """Resolve the manifest for all its targets and write the lock, unless it already answers.

    With `check` nothing is resolved or written, and `CheckFailed` is raised if the lock is missing or stale.
    `allowed` are packages that may be built this time, beside those that the manifest allows.
    Raises `ManifestError`, `InterpreterNotFound`, `ResolutionImpossible`, `NetworkError` and the other kinds of
    `LockenvError`; then the old lock stands as it was.
    """
    upgrade = upgrade or Upgrade()
    manifest, included = manifest_and_included(session.project)
    where = shown(session.project, session.project.lock)
    raw = bytes_of(session.project.lock)
    if check and raw is None:
        raise CheckFailed(f"there is no {where}", hint="run `lockenv lock` to make it")
    old = _old_lock(session, raw, where, check=check)
    here = here_of(session, manifest, old)
    check_supported(manifest)
    question = question_of(session, manifest, here=here, old=old, upgrade=upgrade, allowed=allowed)
    reasons = (
        ["there is none yet"]
        if old is None
        else _reasons(manifest, old, question, here, Path(session.project.lock).parent)
    )
    if check and reasons:
        raise CheckFailed(f"{where} is not up to date", details=reasons, hint="run `lockenv lock`")
    # A lock may answer a manifest that it was not made from; made anew, it is what a fresh start would give.
    same = old is not None and pylock.tool_table(old).get("manifest") == freshness.digests(manifest)
    folder = Path(session.project.lock).parent
    settled = same and not upgrade.asked and old is not None and not is_unsettled(old, folder, allowed)
    if old is not None and not reasons and (check or settled):
        covered = tuple(target for target in question.targets if freshness.covers(old, target))
        uncovered = tuple(target for target in question.targets if target not in covered)
        executable = here.executable if here is not None else ""
        lasts = settled and not any(map(is_local, _artifacts(old)))
        stands = Stands(included=included, executable=executable) if lasts else None
        return Locked(path=where, targets=covered, packages=entries_of(old), uncovered=uncovered, stands=stands)
    return _relock(session, manifest, question, old=old, raw=raw, upgrade=upgrade)


def _artifacts(lock: Pylock) -> Iterator[object]:
    """What packages come from that is no file of an index."""
    for package in lock.packages:
        yield package.directory
        yield package.archive


def _old_lock(session: Session, raw: bytes | None, where: str, *, check: bool) -> Pylock | None:
    if raw is None:
        return None
    try:
        return parse_lock(raw, where)
    except LockError as error:
        if check:
            raise
        # Making the lock anew is what mends it, so a broken one is no obstacle; but its pins are lost.
        session.report(Warned(message=f"{error.message}; it is made anew, without its pins"))
        return None


def _reasons(manifest: Manifest, old: Pylock, question: Question, here: Here | None, folder: Path) -> list[str]:
    required = [target for target in question.targets if not target.optional]
    asked = [] if here is None else [here.target]
    missing = [target.name for target in (*asked, *required) if not freshness.covers(old, target)]
    if missing:
        return [f"it is not for {missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")]
    stale = freshness.stale(manifest, old, question.targets, name=MANIFEST)
    return [*stale, *changed_sources(old, folder)]


def _relock(
    session: Session,
    manifest: Manifest,
    question: Question,
    *,
    old: Pylock | None,
    raw: bytes | None,
    upgrade: Upgrade,
) -> Locked:
    # Lazy: a lock that is up to date needs no search.
    from lockenv.lockfile.builds import builders_of
    from lockenv.operations.written import later_but_alike, lock_text

    before = entries_of(old) if old is not None else {}
    check_upgrade(upgrade, {*before, *(builders_of(old) if old is not None else ())})
    client = session.client(manifest)
    resolution, more = _resolved(session, manifest, question, client, old=old, upgrade=upgrade)
    _warn(session, question, resolution)
    if old is not None and not platforms_declared(manifest):
        _warn_of_lost(session, old, question)
    resolution = _hashed(session, client, resolution)
    made, text = lock_text(session, manifest, question, resolution, more)
    content = text.encode("utf-8")
    if raw is not None and old is not None and content != raw and later_but_alike(made, old):
        content = raw
    if content != raw:
        _write(Path(session.project.lock), content)
    after = entries_of(made)
    held = holding(manifest, old) if old is not None else nothing_held
    return Locked(
        path=shown(session.project, session.project.lock),
        targets=resolution.targets,
        packages=after,
        changes=changes(before, after, Reasons(old, held, question, resolution), upgrade),
        uncovered=tuple(each.target for each in resolution.dropped),
        dropped=resolution.dropped,
        written=content != raw,
        first=old is None,
    )


def _resolved(
    session: Session,
    manifest: Manifest,
    question: Question,
    client: IndexClient,
    *,
    old: Pylock | None,
    upgrade: Upgrade,
) -> tuple[Resolution, Tables]:
    """Resolve, and find out what is built with what where something may be built."""
    # Lazy: a lock that is up to date needs no search, and most others no builds.
    from lockenv.resolution.resolve import resolve

    if not question.policy.allow_build and all(isinstance(source, IndexSource) for _, source in manifest.sources):
        return resolve(question, client, session.report), {}
    from lockenv.operations.workshop import tables, workshop_for
    from lockenv.operations.written import local_indexes

    local = local_indexes(session, manifest)
    workshop = workshop_for(session, manifest, question, client, old=old, upgrade=upgrade, local=local)
    resolution = resolve(question, workshop.sources, session.report)
    return resolution, tables(session, resolution, workshop)


def _warn(session: Session, question: Question, resolution: Resolution) -> None:
    for warning in resolution.warnings:
        session.report(Warned(message=warning))
    for sentence in told(resolution.dropped, resolution.targets):
        session.report(Warned(message=sentence))
    if question.policy.overrides:
        session.report(
            Warned(
                message="the lock rests on overrides: pip checks requirements again and may refuse to install it"
            )
        )


def _warn_of_lost(session: Session, old: Pylock, question: Question) -> None:
    """Two machines that are not alike would take turns in leaving out each other's platform."""
    if pylock.tool_table(old) and (names := lost(old, question.targets)):
        message = f"the lock is no longer for {listed(names)}: another machine's, which nobody declares"
        session.report(Warned(message=message, hint="name it in `platforms` of [targets], with all others"))


def _hashed(session: Session, client: IndexClient, resolution: Resolution) -> Resolution:
    """See that every file has a strong hash (PEP 751 requires one): some small indexes publish none."""
    unhashed = [
        pinned.name
        for pinned in resolution.pins
        if pinned.origin is None and not all(map(_has_hash, pinned.files))
    ]
    if not unhashed:
        return resolution
    names = ", ".join(unhashed[:5]) + (" …" if len(unhashed) > 5 else "")
    session.report(
        Warned(message=f"the index publishes no hashes for {names}; the lock takes those of what it serves now")
    )
    return replace(
        resolution,
        pins=tuple(
            replace(pinned, files=tuple(client.hashed(file) for file in pinned.files))
            if pinned.name in unhashed
            else pinned
            for pinned in resolution.pins
        ),
    )


def _has_hash(file: IndexFile) -> bool:
    return any(algorithm in ALGORITHMS for algorithm, _ in file.hashes)


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}; the old lock, if there was one, is as it was"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        remedy = "free some space" if full else "make its folder writable, or name another file with `--lock`"
        raise InstallError(msg, hint=f"{remedy}, and run `lockenv lock` again") from None
