"""`remove`: requirements taken out of env.toml, the lock and the environment, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockenv.errors import UsageError
from lockenv.graph import MAIN
from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.model import Manifest
from lockenv.manifest.words import closest, listed, quoted
from lockenv.operations import amendment
from lockenv.operations.add import names_of
from lockenv.operations.amend import Amended, forget_source, lists_of, release
from lockenv.operations.amendment import Draft, Edited, Standing
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import parse_lock
from lockenv.packages import NormalizedName, canonicalize_name, parse_requirement
from lockenv.project import LOCK, MANIFEST
from lockenv.session import Session
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Removing:
    """What is asked for: names, and the list that they are to leave."""

    names: tuple[str, ...]
    group: str = MAIN
    allowed: frozenset[NormalizedName] = frozenset()
    sync: bool = True


def remove(session: Session, asked: Removing) -> Edited:
    """Take requirements out of env.toml, lock it, and bring the environment to that.

    The line in [sources] of a package that the lock no longer holds goes too. Raises `UsageError` for what is not
    required there, and what `lock` and `sync` raise; then env.toml, the lock and the environment are as they were.
    """
    before = amendment.standing(session)
    names = tuple(dict.fromkeys(names_of(asked.names)))
    amended = Amended(text=before.text)
    for name in names:
        shorter = release(amended, name, asked.group, environment=session.project.environment)
        if shorter == amended:
            raise _not_there(session, before, name, asked.group)
        amended = shorter
    made = amendment.draft(session, amended, allowed=asked.allowed)
    tidied = _without_sources(made, names)
    if tidied != amended:
        made = amendment.draft(session, tidied, allowed=asked.allowed, after=made)
    synced = amendment.put(session, before, made, sync=asked.sync, allowed=asked.allowed)
    return Edited(
        path=shown(session.project, session.project.manifest),
        lines=made.amended.lines,
        locked=made.ready.locked,
        synced=synced,
        notes=(*_staying(made, names), *amendment.left_behind(session, before, made)),
    )


def _without_sources(made: Draft, names: Sequence[NormalizedName]) -> Amended:
    """Take out the sources of packages that nothing requires any more."""
    amended = made.amended
    for name in names:
        if name not in made.ready.locked.packages:
            amended = forget_source(amended, name)
    return amended


def _staying(made: Draft, names: Sequence[NormalizedName]) -> Iterator[str]:
    """Say of packages that the lock still holds who requires them."""
    for name in names:
        who = [*_lists_with(made.manifest, name), *_requirers(made.ready.content, name)]
        if name in made.ready.locked.packages and who:
            yield f"{name} stays in the lock: {_required_by(who)}"


def _required_by(who: Sequence[str]) -> str:
    more = [f"{len(who) - 3} more"] if len(who) > 3 else []
    return f"{listed([*who[:3], *more])} {'requires' if len(who) == 1 else 'require'} it"


def _requirers(content: bytes, name: NormalizedName) -> list[str]:
    """The packages of a lock that require one."""
    return sorted(
        {
            package.name
            for package in parse_lock(content, LOCK).packages
            for one in map(parse_requirement, tool_table(package).get("requires", ()))
            if package.name != name and canonicalize_name(one.name) == name
        }
    )


def _lists_with(manifest: Manifest, name: NormalizedName) -> Iterator[str]:
    """The lists of a manifest that require a package, as people call them."""
    if any(canonicalize_name(one.name) == name for one in manifest.dependencies):
        yield MANIFEST
    for group in manifest.groups:
        if any(canonicalize_name(one.name) == name for one in group.requirements):
            yield f"group {group.name}"


def _not_there(session: Session, before: Standing, name: NormalizedName, group: str) -> UsageError:
    """Say where a package stands, if not where it was looked for, or what may have been meant."""
    where = f"group {canonicalize_name(group)}" if group != MAIN else f"the dependencies of {MANIFEST}"
    if (environment := session.project.environment) and group == MAIN:
        where = f"what [environments.{environment}] says itself"
    lists = {key: {canonicalize_name(one.name) for one in stated} for key, stated in lists_of(before.text)}
    homes = [key for key, names in lists.items() if name in names]
    message = f"{quoted(name)} is not in {where}"
    if homes:
        flags = homes[0] or ("-e default" if environment else "")
        words = [flags, name] if flags.startswith("-e") else [name, flags]
        return UsageError(message, hint=f"it is elsewhere: `lockenv remove {' '.join(filter(None, words))}`")
    if before.included and any(_lists_with(before.manifest, name)):
        return UsageError(message, hint=f"it stands in {before.included[0]}, which {MANIFEST} includes")
    raw = bytes_of(session.project.lock)
    if raw is not None and (who := _requirers(raw, name)):
        return UsageError(message, hint=f"it is in the lock because {_required_by(who)}")
    near = closest(name, sorted(set().union(*lists.values())))
    return UsageError(message, hint=f"did you mean {quoted(near)}?" if near else None)
