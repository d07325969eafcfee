"""Targets that a lock leaves out, told in as few words as are true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from packaging.version import Version

from lockenv.manifest.words import listed
from lockenv.markers.syntax import atoms, parse
from lockenv.resolution.model import Dropped
from lockenv.targets import Target, platform_name

if TYPE_CHECKING:
    from packaging.pylock import Pylock


def told(dropped: Sequence[Dropped], kept: Sequence[Target]) -> Iterator[str]:
    """One sentence for each reason, in the order in which they were found.

    A platform or a Python is named as a whole where all that is left out of it is so for one reason.
    """
    by_reason: dict[str, list[Target]] = {}
    for each in dropped:
        by_reason.setdefault(each.reason, []).append(each.target)
    for reason, targets in by_reason.items():
        others = [*kept, *(each.target for each in dropped if each.reason != reason)]
        yield f"the lock is not for {', nor for '.join(_places(targets, others))}: {reason}"


def lost(old: Pylock, now: Iterable[Target]) -> list[str]:
    """The platforms that an old lock of ours was for, and that are not among the targets any more, by name."""
    still = {_named(target.variables) for target in now}
    before = [
        {atom.variable: atom.value for atom in atoms(parse(str(marker))) if atom.operator == "=="}
        for marker in old.environments or ()
    ]
    names = (_named(said) for said in before if said.keys() >= {"sys_platform", "platform_machine"})
    return [name for name in _names(names) if name not in still]


def _named(variables: Mapping[str, str]) -> str:
    return platform_name(dict(variables))


def _places(targets: Sequence[Target], others: Sequence[Target]) -> Iterator[str]:
    """Whole platforms and whole Pythons first, of which no others are there; then what is left, one by one."""
    platforms, minors = ({name(target) for target in others} for name in (_platform, _minor))
    gone = _names(_platform(target) for target in targets if _platform(target) not in platforms)
    if gone:
        yield listed(gone)
    rest = [target for target in targets if _platform(target) in platforms]
    missing = _names(_python(target) for target in _by_version(rest) if _minor(target) not in minors)
    if missing:
        yield _pythons(missing)
    by_platform: dict[str, list[str]] = {}
    for target in _by_version(rest):
        if _minor(target) in minors:
            by_platform.setdefault(_platform(target), []).append(_python(target))
    same: dict[str, list[str]] = {}
    for platform, some in by_platform.items():
        same.setdefault(_pythons(some), []).append(platform)
    yield from (f"{listed(alike)} with {some}" for some, alike in same.items())


def _by_version(targets: Iterable[Target]) -> list[Target]:
    """Oldest Python first; a stable sort, so that platforms stay in their order."""
    return sorted(targets, key=lambda target: target.span.lowest)


def _pythons(names: Sequence[str]) -> str:
    """``Python 3.9``, ``Python 3.9 and 3.10``, ``Python 3.9 to 3.12`` of names in order."""
    implementations = {name.partition(" ")[0] for name in names}
    versions = [name.partition(" ")[2] for name in names]
    if len(implementations) > 1 or any(" " in version for version in versions):
        return listed(names)
    minors = [Version(version).minor for version in versions]
    row = len(minors) > 2 and minors == list(range(minors[0], minors[-1] + 1))
    return f"{implementations.pop()} {f'{versions[0]} to {versions[-1]}' if row else listed(versions)}"


def _names(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _platform(target: Target) -> str:
    return target.name.partition(", ")[0]


def _python(target: Target) -> str:
    return target.name.partition(", ")[2]


def _minor(target: Target) -> str:
    """The Python without the words on its patch versions, of which a target may hold only some."""
    return _python(target).partition(" (")[0]
