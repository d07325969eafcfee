"""Building while locking: what may be built, with which interpreter, and what the lock has to say about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from packaging.pylock import PackageDirectory, Pylock
from packaging.tags import Tag

from lockenv.build.builder import Builder
from lockenv.build.git import Repositories
from lockenv.build.sources import Source as Buildable
from lockenv.index.client import IndexClient
from lockenv.index.http import Http
from lockenv.lockfile.builds import build_lock, build_table
from lockenv.manifest.model import Manifest
from lockenv.operations.archives import Archives
from lockenv.operations.choose import interpreter_for_lock
from lockenv.operations.declared import declared_by
from lockenv.operations.provisions import Bringing, ResolvedBuilds
from lockenv.operations.question import Upgrade
from lockenv.operations.sources import Sources, Tools, packages_by_name
from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import wheel_tags
from lockenv.resolution.model import Held, Pin, Question, Resolution
from lockenv.session import Session
from lockenv.targets import Target

#: What a package's tool table says beside its requirements, by name and version.
Tables = Mapping[tuple[NormalizedName, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a lock is made with where something has to be built. `builds` is made when that is so."""

    sources: Sources
    builder: Callable[[], Builder]
    builds: Callable[[], ResolvedBuilds]


def workshop_for(
    session: Session,
    manifest: Manifest,
    question: Question,
    client: IndexClient,
    *,
    old: Pylock | None,
    upgrade: Upgrade,
    local: Mapping[str, str],
) -> Workshop:
    """Open the workshop for a lock. Nothing is built, fetched or looked for before it is asked for."""
    allowed = question.policy.allow_build

    def connect() -> Http:
        return session.http(session.indexes(manifest))

    @cache
    def bringing() -> tuple[Bringing, Builder, ResolvedBuilds]:
        interpreter = interpreter_for_lock(session, manifest.python, old)
        own = Bringing(session, interpreter.target(), connect)
        builds = ResolvedBuilds(client, question.policy, own, allowed=allowed, local=local)
        builder = Builder(
            cache=session.cache,
            interpreter=interpreter,
            store=session.store,
            provide=builds,
            repositories=repositories,
            environ=session.environ,
            reporter=session.report,
        )
        return own, builder, builds

    repositories = repositories_of(session)
    kept = packages_by_name(old if not upgrade.everything else None, upgrade.names)
    sources = Sources(
        client,
        manifest.sources,
        tools=Tools(
            archives=archives_of(session, connect),
            repositories=repositories,
            builder=lambda: bringing()[1],
        ),
        folder=Path(session.project.folder),
        lock_folder=Path(session.project.lock).parent,
        old=kept,
    )
    return Workshop(sources=sources, builder=lambda: bringing()[1], builds=lambda: bringing()[2])


def repositories_of(session: Session) -> Repositories:
    """The Git repositories that were met, kept in the cache."""
    return Repositories(
        session.cache, environ=session.environ, offline=session.settings.offline, reporter=session.report
    )


def archives_of(session: Session, connect: Callable[[], Http]) -> Archives:
    """The archives of sources, kept in the cache."""
    return Archives(session.cache / "sources", connect, offline=session.settings.offline, report=session.report)


def tables(
    resolution: Resolution, workshop: Workshop, *, folder: Path, old: Pylock | None, upgrade: Upgrade
) -> Tables:
    """Find out what each package is built with that some target has to build. Runs backends; raises as they do."""
    found: dict[tuple[NormalizedName, str], Mapping[str, Any]] = {}
    kept = packages_by_name(old if not upgrade.everything else None, upgrade.names)
    for pinned in resolution.pins:
        targets = _building(pinned, resolution)
        if not targets:
            continue
        source, editable = _buildable(pinned, workshop.sources)
        requirements = workshop.builder().needs(source, editable=editable).requirements
        held = {
            each.name: Held(version=each.version)
            for package in kept.get(pinned.name, ())
            for each in build_lock(package).packages
            if each.version is not None
        }
        answer = workshop.builds().answer(pinned.name, requirements, targets, held)
        found[pinned.name, str(pinned.version)] = dict(_declared(pinned, folder)) | build_table(
            requirements, answer
        )
    return found


def _building(pinned: Pin, resolution: Resolution) -> tuple[Target, ...]:
    """The targets on which a package has to be built, each once."""
    if pinned.origin is None and not any(not file.is_wheel for file in pinned.files):
        return ()
    targets = dict.fromkeys(resolution.cells[number].target for number in sorted(pinned.cells))
    return tuple(replace(target, optional=False) for target in targets if not _has_wheel(pinned, target))


def _has_wheel(pinned: Pin, target: Target) -> bool:
    tags = frozenset[Tag]().union(*(wheel_tags(file.filename) for file in pinned.files if file.is_wheel))
    # To look few tags up in a target's ranks is far cheaper than to walk over all that it accepts.
    return any(tag in target.ranks for tag in tags) and all(not tags.isdisjoint(more) for _, more in target.also)


def _buildable(pinned: Pin, sources: Sources) -> tuple[Buildable, bool]:
    sdist = next(file for file in pinned.files if not file.is_wheel)
    place = sources.places.get(sdist.url)
    if place is not None and place.buildable is not None:
        return place.buildable, place.editable
    return sources.archive_of(pinned.name, str(pinned.version), sdist), False


def _declared(pinned: Pin, folder: Path) -> Iterator[tuple[str, str]]:
    """What a folder declared when it was locked, so that a change of that is noticed."""
    if isinstance(pinned.origin, PackageDirectory):
        yield "declares", declared_by(folder, pinned.origin)
