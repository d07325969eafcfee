"""`lock`: from env.toml to pylock.toml, whole or not at all."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.errors import CheckFailed, InstallError, LockError
from lockenv.events import Event, Warned
from lockenv.files import write_atomically
from lockenv.lockfile import freshness, pylock
from lockenv.lockfile.conflicted import in_conflict
from lockenv.lockfile.trust import hosts_of
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.manifest.words import listed
from lockenv.operations.answered_before import Begun, Rests, begin
from lockenv.operations.changes import Change, Entries, changes, entries_of
from lockenv.operations.declared import changed_sources, is_local, is_unsettled
from lockenv.operations.dropped import lost, told
from lockenv.operations.explain import noting_failure
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.preferences import rather
from lockenv.operations.question import Upgrade, check_upgrade, here_of, holding, platforms_declared, question_of
from lockenv.operations.read import environment_names, manifest_and_included, parse_lock
from lockenv.operations.reasons import Reasons
from lockenv.operations.resting import around_of, resting
from lockenv.operations.standing import digest_with, inputs_of
from lockenv.operations.support import check_supported
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.project import LOCK, MANIFEST, Project
from lockenv.resolution.model import Dropped, Keeping, Question, Resolution, nothing_held
from lockenv.resolution.universe import Here
from lockenv.session import Session
from lockenv.targets import Target
from lockenv.values import dataclass, replace

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from lockenv.index.client import IndexClient
    from lockenv.operations.workshop import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What a lock's being in order rests on: bytes with the digest `seen` (`lockenv.operations.standing`).

    Among them are files that the manifest includes. `executable` is this machine's Python where it has a say, and
    `around` what decides on it: '' where none has one, None where that was not noted.
    """

    seen: str
    included: tuple[str, ...]
    executable: str
    around: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What `lock` did.

    `path` is the lock as a person says it, `packages` what it holds; `written` is false where its bytes were
    right, `first` is true where there was none before. `targets` are those that it is for, `uncovered` those that
    were left out, of which `dropped` says why if that was found out now. `stands` is there if the lock was found
    in order and will be so as long as a few bytes do not change. `again` is what another run will find then, if
    this one made the lock, and `rests` what its bytes, `content`, rest on, if that can be told.
    """

    path: str
    targets: tuple[Target, ...]
    packages: Entries
    changes: tuple[Change, ...] = ()
    uncovered: tuple[Target, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    written: bool = False
    first: bool = False
    hosts: tuple[str, ...] = ()
    stands: Stands | None = None
    again: Locked | None = None
    rests: Rests | None = None
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a lock has to answer. `inputs` is the digest of what was read of it; see `ready` for the others."""

    manifest: Manifest
    included: tuple[str, ...] | None
    inputs: str
    here: Here | None
    question: Question
    begun: Begun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A lock that is made and not yet written: what is to be said of it, its bytes, and those that stand there."""

    locked: Locked
    content: bytes
    standing: bytes | None


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
    """Do what `lock` does for a manifest, but for the writing. Raises as `lock` does.

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
    asked = _Asked(
        manifest=manifest,
        included=included,
        inputs=inputs,
        here=here,
        question=question,
        # What Git has of a merge has a say then.
        begun=None if torn else begun,
    )
    reasons = ["there is none yet"] if old is None else [*torn] or _reasons(session, asked, old)
    if check and reasons:
        raise CheckFailed(f"{where} is not up to date", details=reasons, hint="run `lockenv lock`")
    if old is not None and raw is not None and not reasons and prefer is None:
        settled = not upgrade.asked and _is_settled(session, manifest, old, allowed)
        if check or settled:
            found = _found(session, asked, old, raw)
            return Ready(locked=found if settled else replace(found, stands=None), content=raw, standing=raw)
    with noting_failure(session):
        # What has the marks of a merge is never what stays.
        made = _relock(session, asked, old=old, raw=None if torn else raw, upgrade=upgrade)
        return replace(made, standing=raw)


def _of_default(session: Session, manifest: Manifest) -> Keeping | None:
    """What the first lock of a named environment begins with: the versions of the default one."""
    project = session.project
    raw = bytes_of(Project(project.folder).lock) if project.environment else None
    try:
        return holding(manifest, parse_lock(raw, LOCK)) if raw is not None else None
    except LockError:
        return None  # who syncs the default environment will hear of it


def _is_settled(session: Session, manifest: Manifest, old: Pylock, allowed: frozenset[NormalizedName]) -> bool:
    """Whether a lock that answers the manifest was made from it, and so is what a fresh start would give."""
    same = pylock.tool_table(old).get("manifest") == freshness.digests(manifest)
    return same and not is_unsettled(old, Path(session.project.lock).parent, allowed)


def _found(session: Session, asked: _Asked, lock: Pylock, raw: bytes) -> Locked:
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


def _again(session: Session, asked: _Asked, made: Pylock, raw: bytes) -> Locked | None:
    """What another run will find of a lock that was just made; None where that cannot be told."""
    if asked.here is not None and _python_for(session, asked.manifest, made) != asked.here.executable:
        return None
    settled = _is_settled(session, asked.manifest, made, frozenset())
    in_order = settled and not _reasons(session, asked, made, judged=True)
    return _found(session, asked, made, raw) if in_order else None


def _artifacts(lock: Pylock) -> Iterator[object]:
    """What packages come from that is no file of an index."""
    for package in lock.packages:
        yield package.directory
        yield package.archive


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


def _python_for(session: Session, manifest: Manifest, lock: Pylock) -> str:
    # Lazy, as in `here_of`.
    from lockenv.operations.choose import interpreter_for_lock

    return str(interpreter_for_lock(session, manifest.python, lock).executable)


def _reasons(session: Session, asked: _Asked, old: Pylock, *, judged: bool = False) -> list[str]:
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


def _relock(
    session: Session,
    asked: _Asked,
    *,
    old: Pylock | None,
    raw: bytes | None,
    upgrade: Upgrade,
) -> Ready:
    # Lazy: a lock that is up to date needs no search.
    from lockenv.lockfile.builds import builders_of
    from lockenv.operations.written import hashed, later_but_alike, lock_text

    manifest, question = asked.manifest, asked.question
    before = entries_of(old) if old is not None else {}
    known = {*before, *(builders_of(old) if old is not None else ())}
    check_upgrade(upgrade, known, lambda: environment_names(session.project))
    client = session.client(manifest)
    client.prefetch_listings(_surely_asked(manifest, question))
    resolution, more = _resolved(session, manifest, question, client, old=old, upgrade=upgrade)
    _warn(session, question, resolution)
    if old is not None and not platforms_declared(manifest):
        _warn_of_lost(session, old, question)
    resolution = hashed(session, client, resolution)
    made, text = lock_text(session, manifest, question, resolution, more)
    content = text.encode("utf-8")
    if raw is not None and old is not None and content != raw and later_but_alike(made, old):
        made, content = old, raw
    after = entries_of(made)
    rests = None
    if asked.begun is not None and asked.included is not None:
        rests = resting(
            session,
            asked.begun,
            manifest,
            included=asked.included,
            inputs=asked.inputs,
            here=asked.here,
            question=question,
            old=old,
            resolution=resolution,
            client=client,
        )
    held = holding(manifest, old) if old is not None else nothing_held
    locked = Locked(
        path=shown(session.project, session.project.lock),
        targets=resolution.targets,
        packages=after,
        changes=changes(before, after, Reasons(old, held, question, resolution), upgrade),
        uncovered=tuple(each.target for each in resolution.dropped),
        dropped=resolution.dropped,
        written=content != raw,
        first=old is None,
        hosts=_new_hosts(made, old),
        again=_again(session, asked, made, content) if asked.included is not None else None,
        rests=rests,
    )
    return Ready(locked=locked, content=content, standing=raw)


def _surely_asked(manifest: Manifest, question: Question) -> Iterator[NormalizedName]:
    """The packages of indexes that some target requires directly: on their way while the rest is loaded."""
    elsewhere = {name for name, source in manifest.sources if not isinstance(source, IndexSource)}
    for requirement in itertools.chain.from_iterable(question.roots.values()):
        name, marker = canonicalize_name(requirement.name), requirement.marker
        applies = marker is None or any(marker.evaluate(dict(target.variables)) for target in question.targets)
        if applies and requirement.url is None and name not in elsewhere:
            yield name


def _new_hosts(made: Pylock, old: Pylock | None) -> tuple[str, ...]:
    """The hosts that a lock gets files from, and the one before did not."""
    known = hosts_of(old) if old is not None else ()
    return tuple(host for host in hosts_of(made) if host not in known)


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
