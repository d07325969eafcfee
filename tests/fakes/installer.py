"""An installer made of `packaging` alone: what it takes from a lock, and whether that is what is required.

It shares nothing with the resolver or the judge, and it looks at single versions of Python, not at spans of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import cast

from packaging.markers import Environment
from packaging.pylock import Pylock, PylockSelectError
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from lockenv.targets import Target
from tests.fakes.source import FakeSource

Pins = dict[str, tuple[Version, str]]


def pythons(target: Target, patches: Iterable[int]) -> Iterator[dict[str, str]]:
    """The environments of a target with its lowest version of Python and with these patch versions."""
    minor = target.variables["python_version"]
    yield dict(target.variables)
    for patch in patches:
        full = f"{minor}.{patch}"
        if target.span.holds(Version(full)):
            said = dict(target.variables) | {"python_full_version": full}
            if target.variables["implementation_name"] == "cpython":
                said["implementation_version"] = full
            yield said


def all_tags(target: Target) -> list[tuple[Tag, ...]]:
    """The tags of every platform that a target speaks for."""
    return [target.tags, *(tags for _, tags in target.also)]


def selections(groups: Sequence[str], conflicts: Sequence[Sequence[str]]) -> Iterator[frozenset[str]]:
    """Every selection of groups that may be asked for."""
    for chosen in chain.from_iterable(combinations(groups, size) for size in range(len(groups) + 1)):
        if all(len(set(chosen) & set(members)) < 2 for members in conflicts):
            yield frozenset(chosen)


def installed(lock: Pylock, environment: Mapping[str, str], tags: Sequence[Tag], groups: frozenset[str]) -> Pins:
    """The version and the file of each package. Raises `PylockSelectError` as an installer would."""
    chosen = lock.select(
        environment=cast("Environment", dict(environment)), tags=tags, extras=(), dependency_groups=groups
    )
    found: Pins = {}
    for package, artifact in chosen:
        assert package.version is not None
        assert package.name not in found
        found[package.name] = (package.version, getattr(artifact, "filename", ""))
    return found


def recorded(lock: Pylock) -> dict[tuple[str, Version | None], set[str]]:
    """The requirements of each release that our tool tables record."""
    tables = {(each.name, each.version): (each.tool or {}).get("lockenv", {}) for each in lock.packages}
    return {key: {str(Requirement(text)) for text in table.get("requires", ())} for key, table in tables.items()}


def faults(
    source: FakeSource,
    roots: Iterable[Requirement],
    pins: Pins,
    environment: Mapping[str, str],
    *,
    overrides: Sequence[Requirement] = (),
    known: Mapping[tuple[str, Version | None], set[str]] | None = None,
) -> list[str]:
    """Everything that is wrong with what is installed: missing, refused, superfluous, for another Python.

    `known` are the requirements that a lock records; without it nobody asks.
    """
    walk = _Walk(source, pins, environment, overrides)
    walk.all_of("the manifest", roots, "")
    if known is not None:
        walk.found += [
            f"{name} {version} requires {text}, which the lock does not record"
            for name, version, text in walk.lines
            if text not in known[name, version]
        ]
    superfluous = [f"nobody requires {name}" for name in sorted(pins.keys() - {name for name, _ in walk.seen})]
    return walk.found + superfluous


class _Walk:
    def __init__(
        self, source: FakeSource, pins: Pins, environment: Mapping[str, str], overrides: Sequence[Requirement]
    ) -> None:
        self._source = source
        self._pins = pins
        self._environment = environment
        holding = [each for each in reversed(overrides) if self._holds(each, "")]
        self._overrides = {canonicalize_name(each.name): each for each in holding}
        self.seen: set[tuple[str, str]] = set()
        self.lines: list[tuple[str, Version, str]] = []
        self.found: list[str] = []

    def all_of(self, owner: str, requirements: Iterable[Requirement], extra: str) -> None:
        waiting = [(owner, each) for each in requirements if self._holds(each, extra)]
        while waiting:
            owner, requirement = waiting.pop()
            name = canonicalize_name(requirement.name)
            override = self._overrides.get(name)
            specifier = requirement.specifier if override is None else override.specifier
            extras = requirement.extras | (frozenset() if override is None else override.extras)
            if name not in self._pins:
                self.found.append(f"{owner} requires {requirement}, which is missing")
                continue
            version, _ = self._pins[name]
            if not specifier.contains(version, prereleases=True):
                self.found.append(f"{owner} requires {requirement}, installed is {version}")
            for each in ("", *map(canonicalize_name, extras)):
                if (name, each) not in self.seen:
                    self.seen.add((name, each))
                    waiting += [(name, line) for line in self._required(name, each)]

    def _required(self, name: str, extra: str) -> Iterator[Requirement]:
        version, filename = self._pins[name]
        metadata = self._source.said(name, version, filename)
        python = metadata.requires_python
        if python is not None and not _admits(python, self._environment["python_full_version"]):
            self.found.append(f"{name} {version} requires Python {python}")
        for text in metadata.requires_dist:
            line = Requirement(text)
            if self._holds(line, extra):
                if canonicalize_name(line.name) not in self._overrides:
                    self.lines.append((name, version, str(line)))
                yield line

    def _holds(self, requirement: Requirement, extra: str) -> bool:
        marker = requirement.marker
        return marker is None or marker.evaluate({**self._environment, "extra": extra})


def _admits(requires_python: str, python: str) -> bool:
    try:
        return SpecifierSet(requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


__all__ = ["Pins", "PylockSelectError", "all_tags", "faults", "installed", "pythons", "recorded", "selections"]
