"""What a release has wheels for, in words, where none of them fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from packaging.tags import Tag

from lockenv.manifest.words import listed
from lockenv.packages import IndexFile
from lockenv.resolution.candidates import wheel_tags
from lockenv.targets import Target

_MOST_PLATFORMS = 4
_MACHINES = {"amd64": "x86_64", "universal2": "arm64 and x86_64", "intel": "x86_64"}
_FLOOR = re.compile(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)")
_SYSTEMS = {"manylinux": "glibc", "musllinux": "musl", "macosx": "macOS"}


def lacking(files: Iterable[IndexFile], target: Target) -> str:
    """Say why no wheel among the files fits a target: by platform, by Python, or by the age of the system.

    A target may speak for several platforms; then it is told of the first that has no wheel.
    """
    tags = [tag for file in files if file.is_wheel for tag in wheel_tags(file.filename)]
    if not tags:
        return "no wheels"
    for name, accepted in _accepted(target):
        if accepted.tags.isdisjoint(tags):
            reason = _lacking(tags, accepted)
            return f"none for {name}, {reason}" if target.also and name != target.name else reason
    return "no wheels"


class _Accepted(NamedTuple):
    """What one platform accepts."""

    tags: frozenset[Tag]
    interpreters: frozenset[tuple[str, str]]
    platforms: frozenset[str]


@lru_cache(maxsize=256)
def _accepted(target: Target) -> tuple[tuple[str, _Accepted], ...]:
    """What each platform of a target accepts, by name: sets of a thousand tags, so made once."""
    return tuple(
        (
            name,
            _Accepted(
                frozenset(tags),
                frozenset((tag.interpreter, tag.abi) for tag in tags),
                frozenset(tag.platform for tag in tags),
            ),
        )
        for name, tags in ((target.name, target.tags), *target.also)
    )


def _lacking(tags: Sequence[Tag], accepted: _Accepted) -> str:
    here = [tag for tag in tags if tag.platform in accepted.platforms]
    if here:
        # Where another implementation is meant, the number of a Python is not all that matters.
        other = any(interpreter.startswith("pp") for interpreter, _ in accepted.interpreters)
        return f"wheels only for {_pythons(here, 'CPython' if other else 'Python')}"
    fitting = [tag for tag in tags if (tag.interpreter, tag.abi) in accepted.interpreters] or tags
    systems = {floor.system for platform in accepted.platforms if (floor := _floor(platform))}
    newer = [floor for tag in fitting if (floor := _floor(tag.platform)) and floor.system in systems]
    return f"wheels need {min(newer)}" if newer else f"wheels only for {_platforms(tags)}"


def platform_words(platform: str) -> Iterator[str]:
    """The platforms, as a manifest names them, that a platform tag is for (PEP 425, 600, 656)."""
    if platform.startswith(("manylinux", "musllinux", "linux")):
        machine = re.sub(r"^(manylinux\d*_|musllinux_|linux_)(\d+_\d+_)?", "", platform)
        yield f"linux-{machine}{'-musl' if platform.startswith('musl') else ''}"
    elif platform.startswith("macosx"):
        machine = re.sub(r"^macosx_\d+_\d+_", "", platform)
        yield from (f"macos-{each}" for each in _MACHINES.get(machine, machine).split(" and "))
    elif platform.startswith("win"):
        machine = platform.removeprefix("win_")
        yield "windows-x86" if machine == "win32" else f"windows-{_MACHINES.get(machine, machine)}"
    elif platform != "any":
        yield platform


def _platforms(tags: Sequence[Tag]) -> str:
    words = sorted({word for tag in tags for word in platform_words(tag.platform)})
    if len(words) > _MOST_PLATFORMS + 1:
        return f"{', '.join(words[:_MOST_PLATFORMS])} and {len(words) - _MOST_PLATFORMS} other platforms"
    return listed(words) if words else "other Pythons"


def _pythons(tags: Iterable[Tag], name: str) -> str:
    """The Pythons that interpreter tags are for, CPython's as one range under this name."""
    found = {tag.interpreter: re.fullmatch(r"(?:cp|py)(\d)(\d+)", tag.interpreter) for tag in tags}
    minors = [(int(match[1]), int(match[2])) for match in found.values() if match]
    others = sorted({_implementation(interpreter) for interpreter, match in found.items() if not match})
    if not minors:
        return listed(others)
    first, last = ("{}.{}".format(*minor) for minor in (min(minors), max(minors)))
    return listed([f"{name} {first}" if first == last else f"{name} {first} to {last}", *others])


def _implementation(interpreter: str) -> str:
    if interpreter.startswith("pp"):
        return "PyPy"
    return f"Python {interpreter[2:]}" if interpreter[:2] in {"py", "cp"} else interpreter


class _Floor(NamedTuple):
    """The oldest system that a platform tag is for."""

    version: tuple[int, int]
    system: tuple[str, str]

    def __str__(self) -> str:
        return f"{_SYSTEMS[self.system[0]]} {self.version[0]}.{self.version[1]} or newer"


def _floor(platform: str) -> _Floor | None:
    found = _FLOOR.fullmatch(platform)
    return _Floor((int(found[2]), int(found[3])), (found[1], found[4])) if found else None
