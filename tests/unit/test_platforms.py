from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from packaging.tags import cpython_tags, mac_platforms

from lockenv.platforms import COMMON, PLATFORMS, platform_of, with_floors
from lockenv.targets import compatible_tags, platform_name, platforms
from tests.unit.python.pythons import running


def tag_names(name: str) -> list[str]:
    return list(platforms(PLATFORMS[name].facts("cpython", (3, 12), ("cp312",))))


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("linux-x86_64", "posix Linux linux x86_64"),
        ("linux-x86_64-musl", "posix Linux linux x86_64"),
        ("linux-aarch64", "posix Linux linux aarch64"),
        ("linux-armv7l", "posix Linux linux armv7l"),
        ("macos-arm64", "posix Darwin darwin arm64"),
        ("macos-x86_64", "posix Darwin darwin x86_64"),
        ("windows-x86_64", "nt Windows win32 AMD64"),
        ("windows-arm64", "nt Windows win32 ARM64"),
    ],
)
def test_markers_see_a_platform_as_its_interpreters_spell_it(name: str, variables: str) -> None:
    found = PLATFORMS[name].variables
    spelt = [found[key] for key in ("os_name", "platform_system", "sys_platform", "platform_machine")]
    assert spelt == variables.split()
    assert found["platform_release"] == found["platform_version"] == ""


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_is_named_as_targets_name_it(name: str) -> None:
    assert platform_name(PLATFORMS[name].variables) == name.removesuffix("-musl")


def test_a_linux_takes_wheels_up_to_its_floor_and_its_native_ones() -> None:
    assert tag_names("linux-aarch64") == [
        "linux_aarch64",
        *(f"manylinux_2_{minor}_aarch64" for minor in range(28, 16, -1)),
        "manylinux2014_aarch64",
    ]
    assert {"manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64"} <= set(tag_names("linux-x86_64"))
    assert "manylinux_2_29_x86_64" not in tag_names("linux-x86_64")


def test_a_linux_with_musl_takes_no_wheels_for_glibc() -> None:
    assert tag_names("linux-x86_64-musl") == [
        "linux_x86_64",
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
    ]


def test_a_mac_takes_what_packaging_says_that_its_version_takes() -> None:
    assert tag_names("macos-arm64") == list(mac_platforms((13, 0), "arm64"))
    assert {"macosx_11_0_arm64", "macosx_10_9_universal2"} <= set(tag_names("macos-arm64"))
    assert "macosx_14_0_arm64" not in tag_names("macos-arm64")
    assert {"macosx_10_9_x86_64", "macosx_13_0_universal2"} <= set(tag_names("macos-x86_64"))


def test_a_windows_takes_the_wheels_of_its_machine() -> None:
    assert tag_names("windows-x86_64") == ["win_amd64"]
    assert tag_names("windows-arm64") == ["win_arm64"]


def test_the_tags_of_a_python_on_a_platform_are_those_that_packaging_gives() -> None:
    tags = compatible_tags(PLATFORMS["windows-x86_64"].facts("cpython", (3, 12), ("cp312",)))
    expected = list(cpython_tags((3, 12), ["cp312"], ["win_amd64"]))
    assert list(tags[: len(expected)]) == expected
    assert {"cp39-abi3-win_amd64", "py3-none-any", "py3-none-win_amd64"} <= set(map(str, tags))


def test_a_stated_floor_counts_for_its_kind_of_platform_only() -> None:
    floors = {
        name: with_floors(PLATFORMS[name], glibc=(2, 17), musl=(1, 1), macos=(11, 0)).floor
        for name in ("linux-x86_64", "linux-x86_64-musl", "macos-arm64", "windows-x86_64")
    }
    assert list(floors.values()) == [(2, 17), (1, 1), (11, 0), (0, 0)]
    assert with_floors(PLATFORMS["linux-x86_64"], musl=(1, 1)) == PLATFORMS["linux-x86_64"]


def test_platforms_have_one_order() -> None:
    ordered = sorted(PLATFORMS, key=lambda name: PLATFORMS[name].rank)
    assert tuple(ordered[:5]) == COMMON
    assert ordered[5] == "windows-arm64"
    assert ordered[6:] == sorted(ordered[6:])


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_machine_is_found_to_be_its_platform(name: str) -> None:
    platform = PLATFORMS[name]
    facts = platform.facts("cpython", (3, 12), ("cp312",))
    assert platform_of(platform.variables, facts) == platform


def test_an_old_system_lowers_the_floor_and_a_new_one_leaves_it() -> None:
    platform = PLATFORMS["linux-x86_64"]
    facts = platform.facts("cpython", (3, 12), ("cp312",))
    assert platform_of(platform.variables, replace(facts, os_version=(2, 17))).floor == (2, 17)
    assert platform_of(platform.variables, replace(facts, os_version=(2, 41))).floor == (2, 28)


def test_a_machine_that_no_manifest_can_name_is_a_platform_of_its_own() -> None:
    facts = replace(PLATFORMS["linux-x86_64"].facts("cpython", (3, 12), ("cp312",)), machine="loongarch64")
    found = platform_of({"platform_machine": "loongarch64"}, replace(facts, os_version=(2, 38)))
    assert (found.name, found.floor) == ("linux-loongarch64", (2, 38))
    assert found.variables["platform_machine"] == "loongarch64"


def test_a_python_for_another_machine_than_it_runs_on_is_named_by_both() -> None:
    facts = PLATFORMS["linux-i686"].facts("cpython", (3, 12), ("cp312",))
    found = platform_of(PLATFORMS["linux-x86_64"].variables, facts)
    assert found.name == "linux-i686 on x86_64"
    assert found.variables == PLATFORMS["linux-x86_64"].variables
    assert found.machine == "i686"


@pytest.mark.skipif(sys.platform != "linux", reason="the floor of another system is another")
def test_the_platform_of_the_running_interpreter_sees_its_markers() -> None:
    interpreter = running()
    variables = dict(interpreter.markers)
    found = platform_of(variables, interpreter.facts)
    known = {key: value for key, value in found.variables.items() if value}
    assert known == {key: variables[key] for key in known}
    assert set(platforms(found.facts("cpython", (3, 12), ("cp312",)))) <= set(platforms(interpreter.facts))
