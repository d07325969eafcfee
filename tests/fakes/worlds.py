"""Random small worlds: an index and a manifest for several platforms and Pythons, and all their solutions.

A world is a scenario as `tests.scenarios.cases` reads it. Its solutions are found by trying every choice, with
`packaging` alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lockenv.targets import Target
from tests.fakes.installer import pythons
from tests.scenarios.cases import Case, targets

NAMES = "abcd"
VERSIONS = ("1", "2", "3")
SPECIFIERS = ("", "", "", "", ">=1", "==2", "<2", ">=2", "<3", "<3", "!=2")
PLATFORMS = ("linux-x86_64", "macos-arm64", "windows-x86_64")
#: The wheel that each platform takes beside pure ones.
WHEELS = {
    "linux": "py3-none-manylinux_2_17_x86_64",
    "darwin": "py3-none-macosx_11_0_arm64",
    "win32": "py3-none-win_amd64",
}
PURE = "py3-none-any"
MARKERS = (
    'sys_platform == "win32"',
    'sys_platform != "win32"',
    'sys_platform == "linux"',
    'python_version < "3.12"',
    'python_version >= "3.12" and sys_platform != "darwin"',
    'python_full_version < "3.11.3"',
    'python_full_version >= "3.11.3"',
)
EXTRA_MARKERS = ('extra == "x"', 'extra == "x" and sys_platform == "win32"')
PYTHONS = (">=3.12", "<3.12", ">=3.11.3", "<3.11.3")
OPTIONS = ({"across-pythons": "fewest"}, {"strategy": "lowest"}, {"strategy": "lowest-direct"})
#: Patch versions on either side of the one that markers and bounds speak of, and far from it.
PATCHES = (2, 3, 9)

#: A scenario, as `tests.scenarios.cases` reads it.
World = dict[str, Any]
Pins = dict[str, str]


def _line(name: str, specifier: str, extra: str, marker: str) -> str:
    return f"{name}{extra}{specifier}{f' ; {marker}' if marker else ''}"


def _lines(markers: Sequence[str], most: int) -> st.SearchStrategy[list[str]]:
    # Most requirements have no marker and ask for no extra, as in life.
    some = st.sampled_from([*[""] * (2 * len(markers)), *markers])
    extra = st.sampled_from(["", "", "", "", "[x]"])
    line = st.builds(_line, st.sampled_from(NAMES), st.sampled_from(SPECIFIERS), extra, some)
    return st.lists(line, max_size=most, unique_by=lambda text: text[0])


def _release(
    requires: list[str], wheels: list[str], python: str, extras: list[str], apart: Mapping[str, list[str]]
) -> dict[str, Any]:
    bound = {"python": python} if python else {}
    by_tag = {tag: {"requires": lines, "extras": extras} for tag, lines in apart.items()}
    return {"requires": requires, "wheels": wheels, "extras": extras, "by_tag": by_tag, **bound}


def _index(*, patches: bool, apart: bool) -> st.SearchStrategy[dict[str, Any]]:
    built = st.lists(st.sampled_from([*WHEELS.values(), PURE]), min_size=1, unique=True)
    lines = _lines([*(MARKERS if patches else MARKERS[:-2]), *EXTRA_MARKERS], 2)
    differing = st.dictionaries(st.sampled_from([*WHEELS.values()]), lines, max_size=1)
    release = st.builds(
        _release,
        lines,
        st.one_of(*[st.just([PURE])] * (1 if apart else 5), built),
        st.sampled_from([*[""] * 12, *(PYTHONS if patches else PYTHONS[:2])]),
        st.sampled_from([["x"], ["x"], []]),
        differing if apart else st.just({}),
    )
    releases = st.dictionaries(st.sampled_from(VERSIONS), release, min_size=2)
    return st.fixed_dictionaries(dict.fromkeys(NAMES, releases))


def _world(
    python: str, platforms: int, dependencies: list[str], groups: list[list[str]], index: World, *, options: World
) -> World:
    return {
        "python": python,
        "targets": {"platforms": list(PLATFORMS[:platforms])},
        "dependencies": dependencies or ["a"],
        "groups": dict(zip("ghf", groups, strict=False)),
        "options": {**options, **({"conflicts": [["g", "h"]]} if len(groups) == 3 else {})},
        "index": index,
    }


@cache
def worlds(
    *,
    conflicts: bool = False,
    groups: bool = True,
    patches: bool = True,
    apart: bool = False,
    options: bool = False,
) -> st.SearchStrategy[World]:
    """A manifest for two Pythons and two or three platforms, and an index of four packages.

    `patches`: whether anything speaks of a patch version of Python. `apart`: whether wheels of one release may
    require different things. `options`: whether other than the newest versions may be wanted.
    """
    roots = _lines(MARKERS if patches else MARKERS[:-2], 3)
    pythons = [">=3.11,<3.13", ">=3.11,<3.13", ">=3.11,<3.12", *[">=3.11.3,<3.13"] * patches]
    count = 3 if conflicts else 2 if groups else 0
    gates = st.lists(roots, min_size=count, max_size=count)
    index = _index(patches=patches, apart=apart)
    wanted = st.sampled_from([{}, {}, *OPTIONS] if options else [{}])
    return st.builds(_world, st.sampled_from(pythons), st.integers(2, 3), roots, gates, index, options=wanted)


def places(case: Case) -> Iterator[tuple[Target, dict[str, str]]]:
    """Every target with each Python at which something may change."""
    for target in targets(case):
        for environment in pythons(target, PATCHES):
            yield target, environment


def forks(case: Case) -> list[list[str]]:
    """The groups that are resolved together: all, but one at most of those that conflict."""
    members = [member for conflict in case["options"].get("conflicts", ()) for member in conflict]
    free = [name for name in case["groups"] if name not in members]
    return [[*free, *chosen] for chosen in ([], *([member] for member in members))] if members else [free]


def roots_of(case: Case, groups: Sequence[str]) -> list[str]:
    return [*case["dependencies"], *(text for name in groups for text in case["groups"][name])]


def solutions(case: Case, roots: Sequence[str], environment: Mapping[str, str]) -> Iterator[Pins]:
    """Every choice of versions that satisfies the roots in one place, and holds nothing else."""
    place = tuple(sorted(environment.items()))
    wanted = [text for text in roots if _holds(text, place, "")]
    yield from _search(case["index"], place, {}, frozenset(), wanted)


def _search(
    index: Mapping[str, Any],
    place: tuple[tuple[str, str], ...],
    pins: Pins,
    extras: frozenset[tuple[str, str]],
    waiting: list[str],
) -> Iterator[Pins]:
    if not waiting:
        yield pins
        return
    requirement = _parsed(waiting[0])
    name, rest = requirement.name, waiting[1:]
    refused = _lacking(index.get(name, {}), requirement, place)
    for version in [pins[name]] if name in pins else sorted(index.get(name, {}), reverse=True):
        release = index[name][version]
        if not requirement.specifier.contains(version) or not _usable(release, place) or version in refused:
            continue
        more = [] if name in pins else _required(release, place, "")
        asked = frozenset((name, extra) for extra in requirement.extras) - extras
        for _, extra in asked:
            more += _required(release, place, extra)
        yield from _search(index, place, pins | {name: version}, extras | asked, rest + more)


def _lacking(
    releases: Mapping[str, Any], requirement: Requirement, place: tuple[tuple[str, str], ...]
) -> set[str]:
    """The versions without an extra that the newest one in range has."""
    usable = [v for v in releases if requirement.specifier.contains(v) and _usable(releases[v], place)]
    return {
        version
        for extra in requirement.extras
        if usable and _provides(releases[max(usable)], place, extra)
        for version in usable
        if not _provides(releases[version], place, extra)
    }


def _provides(release: Mapping[str, Any], place: tuple[tuple[str, str], ...], extra: str) -> bool:
    said = _said(release, place)
    return extra in said["extras"] or any(f'extra == "{extra}"' in text for text in said["requires"])


def _said(release: Mapping[str, Any], place: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    """The release as the wheel has it that is installed in a place."""
    built = WHEELS[dict(place)["sys_platform"]]
    found: Mapping[str, Any] = release["by_tag"].get(built, release) if built in release["wheels"] else release
    return found


def _required(release: Mapping[str, Any], place: tuple[tuple[str, str], ...], extra: str) -> list[str]:
    return [text for text in _said(release, place)["requires"] if _holds(text, place, extra)]


def _usable(release: Mapping[str, Any], place: tuple[tuple[str, str], ...]) -> bool:
    said = dict(place)
    fits = PURE in release["wheels"] or WHEELS[said["sys_platform"]] in release["wheels"]
    return fits and _admits(release.get("python", ""), said["python_full_version"])


@cache
def _admits(specifier: str, python: str) -> bool:
    return SpecifierSet(specifier).contains(python)


@cache
def _parsed(text: str) -> Requirement:
    return Requirement(text)


@cache
def _holds(text: str, place: tuple[tuple[str, str], ...], extra: str) -> bool:
    marker = _parsed(text).marker
    return marker is None or marker.evaluate({**dict(place), "extra": extra})
