"""A lock made anew: resolved, put into text, and compared with the one before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lockenv.events import Warned
from lockenv.lockfile import pylock
from lockenv.lockfile.builds import builders_of
from lockenv.lockfile.trust import hosts_of
from lockenv.manifest.model import IndexSource, Manifest
from lockenv.manifest.words import listed
from lockenv.operations.changes import changes, entries_of
from lockenv.operations.dropped import lost, told
from lockenv.operations.files import shown
from lockenv.operations.first_pages import of_indexes
from lockenv.operations.in_order import Asked, found_again
from lockenv.operations.locked import Locked, Ready
from lockenv.operations.question import Upgrade, check_upgrade, holding, platforms_declared
from lockenv.operations.read import environment_names
from lockenv.operations.reasons import Reasons
from lockenv.operations.resting import resting
from lockenv.operations.written import hashed, later_but_alike, lock_text
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.resolution.model import Question, Resolution, nothing_held
from lockenv.session import Session

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from lockenv.index.client import IndexClient
    from lockenv.operations.workshop import Tables


def relock(
    session: Session,
    asked: Asked,
    *,
    old: Pylock | None,
    raw: bytes | None,
    upgrade: Upgrade,
) -> Ready:
    """Resolve, and make the lock; `raw` are the bytes of the old one. Raises as `lockenv.operations.lock` does."""
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
        hosts=new_hosts(made, old),
        again=found_again(session, asked, made, content) if asked.included is not None else None,
        rests=rests,
    )
    return Ready(locked=locked, content=content, standing=raw)


def _surely_asked(manifest: Manifest, question: Question) -> Iterator[NormalizedName]:
    """The packages of indexes that some target requires directly: on their way while the rest is loaded."""
    for requirement in of_indexes(manifest, itertools.chain.from_iterable(question.roots.values())):
        marker = requirement.marker
        if marker is None or any(marker.evaluate(dict(target.variables)) for target in question.targets):
            yield canonicalize_name(requirement.name)


def new_hosts(made: Pylock, old: Pylock | None) -> tuple[str, ...]:
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
    # Lazy: pages are on their way meanwhile, and most locks need no builds.
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
