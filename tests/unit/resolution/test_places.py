"""Which targets are concerned, in words."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from packaging.specifiers import SpecifierSet

from lockenv.manifest.model import Targets
from lockenv.resolution.explain.places import place_of
from lockenv.resolution.universe import targets_of

PLATFORMS = ("linux-x86_64", "macos-arm64", "windows-x86_64")
ALL = targets_of(SpecifierSet(">=3.11,<3.14"), Targets(platforms=PLATFORMS), None)
BY_NAME = {target.name: target for target in ALL}


def words(*names: str) -> str:
    return place_of([BY_NAME[name] for name in names], ALL).words


def on(platforms: str, pythons: str) -> list[str]:
    return [f"{one}, Python {other}" for other, one in product(pythons.split(), platforms.split())]


@pytest.mark.parametrize(
    ("concerned", "expected"),
    [
        (on(" ".join(PLATFORMS), "3.11 3.12 3.13"), "in all 9 environments"),
        (on(" ".join(PLATFORMS), "3.13"), "on Python 3.13 only"),
        (on(" ".join(PLATFORMS), "3.12 3.13"), "on Python 3.12 and 3.13 only"),
        (on("windows-x86_64", "3.11 3.12 3.13"), "on windows-x86_64 only"),
        (on("windows-x86_64", "3.13"), "on windows-x86_64, Python 3.13 only"),
        (on("windows-x86_64 macos-arm64", "3.13"), "on windows-x86_64 and macos-arm64, Python 3.13 only"),
        (
            [*on("windows-x86_64", "3.13"), *on("macos-arm64", "3.12")],
            "on windows-x86_64 with Python 3.13 and macos-arm64 with Python 3.12 only",
        ),
        (
            [*on(" ".join(PLATFORMS), "3.13"), *on("macos-arm64", "3.11")],
            "on Python 3.13 and on macos-arm64, Python 3.11 only",
        ),
        (
            [*on(" ".join(PLATFORMS), "3.12 3.13"), *on("macos-arm64 linux-x86_64", "3.11")],
            "everywhere but on windows-x86_64 with Python 3.11",
        ),
    ],
)
def test_where_something_is_so(concerned: list[str], expected: str) -> None:
    assert words(*concerned) == expected


def test_where_there_is_but_one_target_nothing_is_said() -> None:
    assert place_of(ALL[:1], ALL[:1]).words == ""
    assert place_of(ALL[:2], ALL[:2]).words == "in both environments"


def test_it_says_how_to_leave_it_out() -> None:
    windows = [target for target in ALL if target.name.startswith("windows")]
    place = place_of(windows, ALL)
    assert place.narrower == "leave windows-x86_64 out of `platforms` in [targets]"
    assert place.elsewhere == "sys_platform != 'win32'"
    newest = place_of([target for target in ALL if target.name.endswith("3.13")], ALL)
    assert newest.narrower == "leave Python 3.13 out of `python` in env.toml"
    assert newest.elsewhere == "python_version < '3.13'"
    assert newest.python == "<3.13"
    assert newest.whole_python


def test_it_says_how_to_leave_out_pythons_of_which_only_some_platforms_are_concerned() -> None:
    place = place_of(
        [BY_NAME[name] for name in [*on(" ".join(PLATFORMS), "3.13"), *on("macos-arm64", "3.11")]], ALL
    )
    assert place.python == ">=3.12,<3.13"
    middle = place_of([BY_NAME[name] for name in on(" ".join(PLATFORMS), "3.12")], ALL)
    assert middle.python is None


def test_it_never_says_to_leave_out_all_platforms() -> None:
    everywhere_but = [target for target in ALL if target != BY_NAME["linux-x86_64, Python 3.12"]]
    assert place_of(everywhere_but, ALL).narrower is None


def test_where_one_system_of_many_remains_the_marker_names_it() -> None:
    others = [target for target in ALL if not target.name.startswith("windows")]
    assert place_of(others, ALL).elsewhere == "sys_platform == 'win32'"


def test_a_marker_for_one_target_among_many_names_no_more_than_it_must() -> None:
    but_one = [target for target in ALL if target != BY_NAME["linux-x86_64, Python 3.12"]]
    assert place_of(but_one, ALL).elsewhere == "sys_platform == 'linux' and python_version == '3.12'"
    only_one = [BY_NAME["windows-x86_64, Python 3.12"]]
    assert place_of(only_one, ALL).elsewhere == "sys_platform != 'win32' or python_version != '3.12'"


def test_what_nobody_declared_cannot_be_left_out_of_a_declaration() -> None:
    friendly = [replace(target, optional=target != ALL[0]) for target in ALL]
    assert place_of(friendly[:1], friendly).narrower is None
