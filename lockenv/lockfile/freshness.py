"""Whether a lock still answers its manifest.

A digest per table of the manifest, made of what the table means and not of how it is written, tells what has
changed. Where requirements differ, the true test decides: does the lock satisfy the manifest as it is now, with
nothing missing and nothing superfluous? And whatever the digests say, the lock has to agree with itself: two
branches that were merged, or an edit by hand, can leave packages that do not fit together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from packaging.markers import Marker
from packaging.pylock import Package, Pylock
from packaging.version import Version

from lockenv.graph import MAIN, Node, gates
from lockenv.lockfile.contradictions import contradictions
from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.model import Manifest, Options, Source, Targets
from lockenv.markers.truth import Truth, names_extra
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.resolution.model import Held
from lockenv.sums import sha256
from lockenv.targets import Target
from lockenv.values import is_value, replace, stated

#: The format of our tool tables. A lock of another format is read as a foreign one.
FORMAT = 2
#: The tables whose change may leave the lock right; a change of any other makes it stale.
_REQUIREMENTS = ("dependencies", "groups")
#: Fields that came after the first locks. Left out of the digest where they say nothing, so that those stay fresh.
_LATER = frozenset({"conflicts", "exclude_newer_package", "marker", "upload_times"})


def digests(manifest: Manifest) -> dict[str, str]:
    """A short digest for each part of the manifest's meaning; order and layout do not count."""
    parts: dict[str, object] = {
        "python": str(manifest.python),
        "dependencies": _texts(manifest.dependencies),
        "groups": {group.name: _texts(group.requirements) for group in manifest.groups},
        "targets": _unordered(manifest.targets),
        "index": manifest.indexes,
        "sources": _by_name(manifest.sources),
        "resolution": _options(manifest.resolution),
        "build": manifest.build,
    }
    return {name: _digest(part) for name, part in parts.items()}


def stale(
    manifest: Manifest, lock: Pylock, targets: Iterable[Target], *, name: str = "env.toml", judged: bool = False
) -> tuple[str, ...]:
    """Give the reasons why the lock does not answer the manifest on these targets: none, if it is fresh.

    Those targets count that the lock is for. `name` is what the manifest is called in the reasons. A lock that was
    `judged` just now agrees with itself.
    """
    covered = [target for target in targets if covers(lock, target)]
    return _changed(manifest, lock, covered, name) or (() if judged else contradictions(manifest, lock, covered))


def _changed(manifest: Manifest, lock: Pylock, targets: Sequence[Target], name: str) -> tuple[str, ...]:
    """What the manifest has that it had not when the lock was made."""
    table = tool_table(lock)
    then, now = table.get("manifest", {}), digests(manifest)
    if table.get("format") == FORMAT and then == now:
        return ()
    if table.get("format") != FORMAT or not isinstance(then, Mapping):
        return (f"it was not made from {name} by this lockenv",)
    changed = [part for part in now if now[part] != then.get(part)]
    settings = [f"`{part}` in {name} has changed" for part in changed if part not in _REQUIREMENTS]
    if manifest.resolution.conflicts and len(settings) < len(changed):
        # Where groups exclude each other there is no one choice of packages to look at.
        return (*settings, f"the requirements in {name} have changed")
    unmet = (reason for target in targets for reason in _unmet(manifest, lock, target, name))
    return tuple(dict.fromkeys([*settings, *unmet]))


def covers(lock: Pylock, target: Target) -> bool:
    """Whether a lock is for a target at all."""
    return not lock.environments or any(marker.evaluate(dict(target.variables)) for marker in lock.environments)


def held(lock: Pylock, target: Target, chosen: frozenset[str]) -> dict[NormalizedName, Held]:
    """What a lock, anyone's, holds for a target: what a new resolution starts from.

    A target that the lock is not for has what the markers of its packages say, so that a new Python or platform
    begins with the versions of the others. `chosen` are the members of conflicting groups that are asked for.
    """
    apart = {group for conflict in tool_table(lock).get("conflicts", ()) for group in conflict}
    groups = frozenset(lock.dependency_groups or ()) - apart | chosen
    return {
        package.name: Held(version=package.version, instead_of=_instead_of(package, target, groups))
        for package in _holding(lock, target, groups)
        if package.version is not None
    }


def _instead_of(package: Package, target: Target, groups: frozenset[str]) -> tuple[Version, ...]:
    """The versions that gave way on this target, and under this choice of groups."""
    said = [text.partition(" ; ") for text in tool_table(package).get("instead-of", ())]
    return tuple(
        Version(version) for version, _, marker in said if not marker or _selects(Marker(marker), target, groups)
    )


def requirement_graph(packages: Iterable[Package], truth: Truth) -> dict[Node, tuple[Node, ...]]:
    """Who requires whom on a target, by the requirements that our tool tables record."""
    edges: dict[Node, tuple[Node, ...]] = {}
    for package in packages:
        table = tool_table(package)
        lines = [parse_requirement(text) for text in table.get("requires", ())]
        plain = Node(package.name)
        edges[plain] = tuple(_nodes(line for line in lines if truth.applies(line)))
        for extra in table.get("extras", ()):
            own = canonicalize_name(extra)
            children = _nodes(line for line in lines if names_extra(line, own, truth))
            edges[Node(package.name, own)] = (plain, *children)
    return edges


def _unmet(manifest: Manifest, lock: Pylock, target: Target, name: str) -> Iterator[str]:
    declared = {group.name: group.requirements for group in manifest.groups}
    locked = set(lock.dependency_groups or ())
    yield from (f"group `{group}` is not in the lock" for group in sorted(declared.keys() - locked))
    yield from (f"group `{group}` is no longer in {name}" for group in sorted(locked - declared.keys()))
    truth = Truth(target)
    packages = {package.name: package for package in _holding(lock, target, frozenset(locked))}
    edges = requirement_graph(packages.values(), truth)
    starts: dict[str, list[Node]] = {}
    for gate, requirements in {MAIN: manifest.dependencies, **declared}.items():
        for requirement in requirements:
            if truth.applies(requirement):
                yield from _against(requirement, packages, edges, name)
                starts.setdefault(gate, []).extend(_nodes([requirement]))
    yield from _superfluous(packages, gates(edges, starts), target, declared.keys(), name)


def _against(
    requirement: Requirement, packages: Mapping[NormalizedName, Package], edges: Mapping[Node, Any], name: str
) -> Iterator[str]:
    own = canonicalize_name(requirement.name)
    package = packages.get(own)
    # A folder has no version in a lock (PEP 751), but may declare one.
    version = None if package is None else package.version or tool_table(package).get("version")
    if package is None:
        yield f"{name} requires `{requirement}`, which is not in the lock"
    elif version is not None and not requirement.specifier.contains(version, prereleases=True):
        yield f"{name} requires `{requirement}`, the lock holds {own} {version}"
    else:
        for node in _nodes([requirement]):
            if node not in edges:
                yield f"{name} requires `{requirement}`, but the lock has no {node}"


def _superfluous(
    packages: Mapping[NormalizedName, Package],
    needed: Mapping[NormalizedName, frozenset[str]],
    target: Target,
    declared: Iterable[str],
    name: str,
) -> Iterator[str]:
    for own, package in sorted(packages.items()):
        if own not in needed:
            yield f"nothing in {name} requires {own} any more"
        elif not _same_groups(package, needed[own], target, declared):
            yield f"{own} is now needed by other groups"


def _same_groups(package: Package, needed: frozenset[str], target: Target, declared: Iterable[str]) -> bool:
    """Whether the package is installed here for just those groups that need it."""
    marker = package.marker
    if marker is None:
        return MAIN in needed
    return all(
        _selects(marker, target, frozenset({group} - {MAIN})) == (MAIN in needed or group in needed)
        for group in (MAIN, *declared)
    )


def _holding(lock: Pylock, target: Target, groups: frozenset[str]) -> Iterator[Package]:
    """The packages that are installed on a target when these groups, and all extras, are asked for."""
    for package in lock.packages:
        if package.marker is None or _selects(package.marker, target, groups, frozenset(lock.extras or ())):
            yield package


def _selects(marker: Marker, target: Target, groups: frozenset[str], extras: frozenset[str] = frozenset()) -> bool:
    return marker.evaluate({**target.variables, "dependency_groups": groups, "extras": extras}, "lock_file")


def _nodes(requirements: Iterable[Requirement]) -> Iterator[Node]:
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        yield Node(name)
        yield from (Node(name, canonicalize_name(extra)) for extra in sorted(requirement.extras))


def _unordered(targets: Targets | None) -> Targets | None:
    """What `[targets]` means, whatever the order in which it is said."""
    if targets is None:
        return None
    return replace(
        targets,
        platforms=tuple(sorted(targets.platforms)),
        implementations=tuple(sorted(targets.implementations)),
    )


def _texts(requirements: Iterable[Requirement]) -> list[str]:
    return sorted(map(_text, requirements))


def _by_name(sources: Iterable[tuple[NormalizedName, Source]]) -> dict[str, Source | list[Source]]:
    """The source of each name; where markers tell several apart, all of them."""
    found: dict[str, list[Source]] = {}
    for name, source in sources:
        found.setdefault(name, []).append(source)
    return {name: own if len(own) > 1 else own[0] for name, own in found.items()}


def _options(options: Options) -> dict[str, object]:
    return dict(_stated(options)) | {
        "constraints": _texts(options.constraints),
        "overrides": _texts(options.overrides),
    }


def _text(requirement: Requirement) -> str:
    """A requirement in one spelling, whatever the spelling of its names."""
    extras = ",".join(sorted(canonicalize_name(extra) for extra in requirement.extras))
    return f"{canonicalize_name(requirement.name)}[{extras}]{requirement.specifier};{requirement.marker or ''}"


def _digest(part: object) -> str:
    text = json.dumps(_plain(part), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:16]


def _stated(part: object) -> Iterator[tuple[str, object]]:
    """The fields of a value, without those that say nothing and that older locks did not know."""
    for name, value, is_default in stated(part):
        if name not in _LATER or not is_default:
            yield name, value


def _plain(part: object) -> object:
    """Reduce a value to what JSON can say, in one way only."""
    if is_value(part):
        return {"is": type(part).__name__, **{name: _plain(inner) for name, inner in _stated(part)}}
    if isinstance(part, Mapping):
        return {str(name): _plain(inner) for name, inner in part.items()}
    if isinstance(part, frozenset):
        return sorted(str(inner) for inner in part)
    if isinstance(part, list | tuple):
        return [_plain(inner) for inner in part]
    return part if isinstance(part, bool | int | None) else str(part)
