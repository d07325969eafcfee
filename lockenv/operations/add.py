"""`add`: requirements put into env.toml, locked and installed, or nothing at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement
from packaging.version import Version

from lockenv.errors import ManifestError, UsageError
from lockenv.formats.addresses import NotCarried, source_of
from lockenv.graph import MAIN
from lockenv.lockfile import toml
from lockenv.manifest import read as manifest_reader
from lockenv.manifest.bounds import bounds_for
from lockenv.manifest.model import GitSource, IndexSource, Manifest, PathSource, Source, UrlSource
from lockenv.manifest.words import closest, listed, quoted
from lockenv.operations import amendment
from lockenv.operations.amend import Amended, require, states, take_from
from lockenv.operations.amendment import Draft, Edited
from lockenv.operations.files import shown
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.session import Session
from lockenv.settings import Bounds
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """What is asked for. At most one of `index`, `git`, `path` and `url`; a path is as seen from `folder`.

    `bounds` is what is written for requirements that name no versions. `allowed` are packages that may be built.
    """

    requirements: tuple[str, ...]
    group: str = MAIN
    bounds: Bounds = "major"
    index: str | None = None
    git: str | None = None
    rev: str | None = None
    path: str | None = None
    editable: bool = False
    url: str | None = None
    folder: str = ""
    allowed: frozenset[NormalizedName] = frozenset()
    sync: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A requirement without an address, and the source that it is to have, if one was named."""

    requirement: Requirement
    source: Source | None = None

    @property
    def name(self) -> NormalizedName:
        return canonicalize_name(self.requirement.name)


def add(session: Session, asked: Adding) -> Edited:
    """Put requirements into env.toml, lock it, and bring the environment to that.

    A requirement without bounds gets some from the version that is found (`lockenv.manifest.bounds`). Versions
    that the old lock holds are kept where they fit. Raises `UsageError` for what cannot be asked for, and what
    `lock` and `sync` raise; then env.toml, the lock and the environment are as they were.
    """
    before = amendment.standing(session)
    _check_company(asked)
    _check_index(asked.index, before.manifest)
    wanted = [_wanted(session, asked, text) for text in asked.requirements]
    start = Amended(text=before.text)
    name = session.project.environment
    made = amendment.draft(session, _amended(start, wanted, asked.group, name), allowed=asked.allowed)
    bounded = [_bounded(one, made, asked, before.text, name) for one in wanted]
    if bounded != wanted:
        again = _amended(start, bounded, asked.group, name)
        made = amendment.draft(session, again, allowed=asked.allowed, after=made)
    synced = amendment.put(session, before, made, sync=asked.sync, group=asked.group, allowed=asked.allowed)
    return Edited(
        path=shown(session.project, session.project.manifest),
        lines=made.amended.lines,
        locked=made.ready.locked,
        synced=synced,
        notes=amendment.left_behind(session, before, made),
    )


def _amended(amended: Amended, wanted: Iterable[_Wanted], group: str, environment: str) -> Amended:
    for one in wanted:
        sourced = one.source is not None
        amended = require(amended, one.requirement, group, environment=environment, sourced=sourced)
        if one.source is not None:
            amended = take_from(amended, one.name, one.source)
    return amended


# ── bounds


def _bounded(one: _Wanted, made: Draft, asked: Adding, text: str, environment: str) -> _Wanted:
    """The same with bounds, if it names no versions, is new, and comes from an index."""
    if one.requirement.specifier or states(text, one.requirement, asked.group, environment=environment):
        return one
    if any(name == one.name and not isinstance(source, IndexSource) for name, source in made.manifest.sources):
        return one
    entries = made.ready.locked.packages.get(one.name, ())
    specifier = bounds_for([Version(entry.version) for entry in entries if entry.version], asked.bounds)
    marker = f" ; {one.requirement.marker}" if one.requirement.marker is not None else ""
    extras = f"[{','.join(sorted(one.requirement.extras))}]" if one.requirement.extras else ""
    bounded = parse_requirement(f"{one.requirement.name}{extras}{specifier}{marker}")
    return _Wanted(requirement=bounded, source=one.source)


# ── what is asked for


def _check_company(asked: Adding) -> None:
    """Refuse options that do not go together."""
    kinds = {"--index": asked.index, "--git": asked.git, "--path": asked.path, "--url": asked.url}
    given = [flag for flag, said in kinds.items() if said is not None]
    if len(given) > 1:
        raise UsageError(f"a package comes from one place, and {listed(given)} name several")
    if given and given != ["--index"] and len(asked.requirements) > 1:
        hint = "add the others by themselves"
        raise UsageError(f"{given[0]} is where one package comes from, and here are several", hint=hint)
    if asked.rev is not None and asked.git is None:
        raise UsageError("--rev names a revision of a repository", hint="name that with --git")
    if asked.editable and asked.path is None:
        raise UsageError("--editable goes with a folder", hint="name that with --path")


def _check_index(name: str | None, manifest: Manifest) -> None:
    known = [index.name for index in manifest.indexes]
    if name is None or name in known:
        return
    near = closest(name, known)
    if not known:
        hint = f'declare it in {MANIFEST}: [[index]] with name = {toml.string(name)} and url = "…"'
    else:
        hint = f"did you mean {quoted(near)}?" if near else f"there are {listed(map(quoted, known))}"
    raise UsageError(f"there is no index {quoted(name)} in {MANIFEST}", hint=hint)


def _wanted(session: Session, asked: Adding, text: str) -> _Wanted:
    """Read one requirement. Raises `UsageError`."""
    requirement = requirement_of(text)
    source = _source(session, asked)
    if requirement.url is None:
        return _Wanted(requirement=requirement, source=source)
    if source is not None:
        raise UsageError(f"{quoted(text)} names a place, and so does an option", hint="leave one of them out")
    try:
        source = source_of(requirement.url, editable=False, folder=session.project.folder)
    except NotCarried as error:
        raise UsageError(error.message, hint=error.hint) from None
    marker = f" ; {requirement.marker}" if requirement.marker is not None else ""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return _Wanted(requirement=parse_requirement(f"{requirement.name}{extras}{marker}"), source=source)


def requirement_of(text: str) -> Requirement:
    """Read a requirement as env.toml would, with its words for slips; one with an address is let through."""
    try:
        requirement = parse_requirement(text)
    except InvalidRequirement:
        requirement = None
    if requirement is not None and requirement.url is not None and ":" in requirement.url:
        return requirement
    try:
        read = manifest_reader.read(f'[env]\npython = ">=3.8"\ndependencies = [{toml.string(text)}]\n')
    except ManifestError as error:
        problem = error.problems[0]
        raise UsageError(problem.message, hint=problem.hint) from None
    return read.dependencies[0]


def _source(session: Session, asked: Adding) -> Source | None:
    if asked.index is not None:
        return IndexSource(index=asked.index)
    if asked.git is not None:
        address = (
            asked.git if "://" in asked.git or "@" in asked.git else _from_manifest(session, asked, asked.git)
        )
        return GitSource(git=address, rev=asked.rev)
    if asked.path is not None:
        return PathSource(path=_from_manifest(session, asked, asked.path), editable=asked.editable)
    return UrlSource(url=asked.url) if asked.url is not None else None


def _from_manifest(session: Session, asked: Adding, path: str) -> str:
    """A path as seen from env.toml, POSIX. Raises `UsageError` where there is nothing."""
    place = Path(asked.folder, path)
    if not place.exists():
        raise UsageError(f"there is no {path}", hint="name it as it lies from here")
    return Path(os.path.relpath(place, session.project.folder)).as_posix()


def names_of(texts: Sequence[str]) -> tuple[NormalizedName, ...]:
    """The names that are meant by words such as ``flask`` or ``Flask[async]``. Raises `UsageError`."""
    return tuple(canonicalize_name(requirement_of(text).name) for text in texts)
