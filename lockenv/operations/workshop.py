"""Building while locking: what may be built, with which interpreter, and what the lock has to say about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from packaging.pylock import Package, PackageDirectory, Pylock
from packaging.tags import Tag

from lockenv.build.git import Repositories
from lockenv.errors import InterpreterNotFound
from lockenv.events import Warned
from lockenv.index.sources import SOURCES
from lockenv.lockfile.builds import build_table, built_with
from lockenv.manifest.model import Manifest
from lockenv.operations.archives import Archives
from lockenv.operations.declared import declared_by, is_static
from lockenv.operations.places import Places, Tools
from lockenv.operations.provisions import Bringing, Leave, ResolvedBuilds
from lockenv.operations.question import Upgrade
from lockenv.operations.sources import OnlyIndexes, Sources, packages_by_name
from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import wheel_tags
from lockenv.resolution.model import Held, Pin, Question, Resolution
from lockenv.session import Session
from lockenv.targets import Target
from lockenv.values import dataclass

if TYPE_CHECKING:
    from lockenv.build.builder import Builder
    from lockenv.build.sources import Source as Buildable
    from lockenv.index.client import IndexClient
    from lockenv.index.http import Http
    from lockenv.python.interpreter import Interpreter

#: What a package's tool table says beside its requirements, by its place among the pins.
Tables = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a lock is made with where something has to be built. `builder` and `builds` are made when that is so.

    `leave` says which builds may run.
    """

    sources: Sources
    builder: Callable[[], Builder]
    builds: Callable[[], ResolvedBuilds]
    leave: Leave


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
    """Open the workshop for a lock. Nothing is done before it is, or will probably be, asked for.

    Closed with the session.
    """
    leave = Leave(question.policy.allow_build)
    repositories = repositories_of(session)

    def connect() -> Http:
        return session.http(session.indexes(manifest))

    @cache
    def made() -> tuple[Builder, ResolvedBuilds]:
        # Lazy: all that is asked of a build may be known from before.
        from lockenv.build.builder import Builder

        interpreter = _builder_python(session, manifest, old)
        builds = ResolvedBuilds(
            OnlyIndexes(client, manifest.sources),
            question.policy,
            Bringing(session, interpreter.target(), connect),
            held=_held(old, upgrade),
            local=local,
        )
        builder = Builder(
            cache=session.cache,
            interpreter=interpreter,
            store=session.store,
            provide=builds,
            repositories=repositories,
            environ=session.environ,
            permit=leave.check,
            reporter=session.report,
            limits=session.limits,
        )
        return builder, builds

    making = Lock()

    def builder() -> Builder:
        with making:
            return made()[0]

    def close() -> None:
        if made.cache_info().currsize:
            builder().stop()
        sources.close()

    archives = archives_of(session, connect)
    places = Places(
        Tools(
            archives=archives,
            repositories=repositories,
            store=lambda: session.store,
            builder=builder,
            give_leave=leave.give,
        ),
        folder=Path(session.project.folder),
        lock_folder=Path(session.project.lock).parent,
        old=_kept(old, upgrade),
    )
    sources = Sources(client, manifest.sources, places=places, archives=archives, builder=builder)
    session.on_close(close)
    return Workshop(sources=sources, builder=builder, builds=lambda: made()[1], leave=leave)


def _builder_python(session: Session, manifest: Manifest, old: Pylock | None) -> Interpreter:
    """The Python to build with: the one that would be synced, else any; what sources say hardly depends on it."""
    # Lazy: as above.
    from lockenv.operations.choose import any_interpreter, interpreter_for_lock

    try:
        return interpreter_for_lock(session, manifest.python, old)
    except InterpreterNotFound:
        if session.settings.python is not None:
            raise
        return any_interpreter(session)


def _kept(old: Pylock | None, upgrade: Upgrade) -> dict[NormalizedName, list[Package]]:
    """The packages of the old lock whose sources stay as they are."""
    found = packages_by_name(None if upgrade.everything else old)
    return {name: packages for name, packages in found.items() if name not in upgrade.names}


def _held(old: Pylock | None, upgrade: Upgrade) -> Callable[[NormalizedName], Mapping[NormalizedName, Held]]:
    """What the old lock builds a package with, but for what is to move."""
    packages = packages_by_name(None if upgrade.everything else old)

    def held(name: NormalizedName) -> Mapping[NormalizedName, Held]:
        return {
            each: Held(version=upgrade.exactly.get(each, version))
            for package in packages.get(name, ())
            for each, version in built_with(package).items()
            if each not in upgrade.names or each in upgrade.exactly
        }

    return held


def repositories_of(session: Session) -> Repositories:
    """The Git repositories that were met, kept in the cache."""
    return Repositories(
        session.cache, environ=session.environ, offline=session.settings.offline, reporter=session.report
    )


def archives_of(session: Session, connect: Callable[[], Http]) -> Archives:
    """The archives of sources, kept in the cache."""
    return Archives(session.cache / SOURCES, connect, offline=session.settings.offline, report=session.report)


def tables(session: Session, resolution: Resolution, workshop: Workshop) -> Tables:
    """Find out what each package is built with that some target has to build. Runs backends; raises as they do.

    What nobody has allowed to build is locked without: none of its code runs, and a sync will refuse it.
    """
    found: dict[int, Mapping[str, Any]] = {}
    for number, pinned in enumerate(resolution.pins):
        if targets := _building(pinned, resolution):
            declared = _declared(pinned, Path(session.project.lock).parent)
            found[number] = {**dict(declared), **_built_with(session, pinned, targets, workshop)}
    return found


def _built_with(
    session: Session, pinned: Pin, targets: tuple[Target, ...], workshop: Workshop
) -> Mapping[str, Any]:
    source, editable = _buildable(pinned, workshop.sources)
    if not workshop.leave.covers(source):
        message = f"a sync will refuse to build {pinned.name}, which nobody has allowed"
        session.report(Warned(message=f"{message}: {workshop.leave.remedy(source)}"))
        return {}
    requirements = workshop.builder().needs(source, editable=editable).requirements
    answer, dropped = workshop.builds().answer(pinned.name, requirements, targets)
    for each in dropped:
        message = f"{pinned.name} cannot be built on {each.target.name}: {each.reason}"
        session.report(Warned(message=message))
    return build_table(requirements, answer)


def _building(pinned: Pin, resolution: Resolution) -> tuple[Target, ...]:
    """The targets on which a package has to be built, each once."""
    if all(file.is_wheel for file in pinned.files):
        return ()
    tags = frozenset[Tag]().union(*(wheel_tags(file.filename) for file in pinned.files if file.is_wheel))
    targets = dict.fromkeys(resolution.cells[number].target for number in sorted(pinned.cells))
    return tuple(target for target in targets if not _has_wheel(tags, target))


def _has_wheel(tags: frozenset[Tag], target: Target) -> bool:
    # To look few tags up in a target's ranks is far cheaper than to walk over all that it accepts.
    return any(tag in target.ranks for tag in tags) and all(not tags.isdisjoint(more) for _, more in target.also)


def _buildable(pinned: Pin, sources: Sources) -> tuple[Buildable, bool]:
    sdist = next(file for file in pinned.files if not file.is_wheel)
    place = sources.places.get(sdist.url)
    if place is not None and place.buildable is not None:
        return place.buildable, place.editable
    return sources.archive_of(pinned.name, str(pinned.version), sdist), False


def _declared(pinned: Pin, folder: Path) -> Iterator[tuple[str, str]]:
    """What a folder declared when it was locked, so that a change of that is noticed; its version, if it does."""
    if isinstance(pinned.origin, PackageDirectory):
        yield "declares", declared_by(folder, pinned.origin)
        if is_static(folder, pinned.origin):
            yield "version", str(pinned.version)
