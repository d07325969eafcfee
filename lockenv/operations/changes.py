"""What a new lock changes: packages that come, go, or move, over all targets together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.model import Resolution

if TYPE_CHECKING:
    from packaging.pylock import Pylock

#: The versions of each package; several where targets differ.
Versions = Mapping[NormalizedName, tuple[Version, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One package of a lock before and after, oldest version first; nothing where it is not there."""

    name: NormalizedName
    before: tuple[Version, ...] = ()
    after: tuple[Version, ...] = ()


def versions_of(lock: Pylock) -> Versions:
    """The versions that a lock holds of each package."""
    return _versions((package.name, package.version) for package in lock.packages)


def changes(before: Versions, resolution: Resolution) -> tuple[Change, ...]:
    """What is different, sorted by name."""
    after = _versions((pinned.name, pinned.version) for pinned in resolution.pins)
    return tuple(
        Change(name=name, before=before.get(name, ()), after=after.get(name, ()))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _versions(pairs: Iterable[tuple[NormalizedName, Version | None]]) -> Versions:
    found: dict[NormalizedName, set[Version]] = {}
    for name, version in pairs:
        found.setdefault(name, set()).update([] if version is None else [version])
    return {name: tuple(sorted(versions)) for name, versions in found.items()}
