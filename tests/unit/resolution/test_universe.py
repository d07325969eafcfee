from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import ManifestError
from lockenv.manifest.model import Targets
from lockenv.packages import MARKER_VARIABLES
from lockenv.platforms import COMMON, PLATFORMS
from lockenv.resolution.universe import Here, targets_of
from lockenv.targets import Span, Target, target_of


def universe(python: str, *platforms: str, **more: object) -> tuple[Target, ...]:
    return targets_of(SpecifierSet(python), Targets(platforms=platforms, **more), None)  # type: ignore[arg-type]


def names(targets: tuple[Target, ...]) -> list[str]:
    return [target.name for target in targets]


def a_machine(platform: str = "linux-x86_64", python: str = "3.12.4", abi: str | None = None) -> Here:
    """A machine with a CPython on a platform; its glibc is newer than any floor."""
    version = Version(python)
    minor = (version.major, version.minor)
    facts = PLATFORMS[platform].facts("cpython", minor, (abi or "cp{}{}".format(*minor),))
    variables = {
        **PLATFORMS[platform].variables,
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_python_implementation": "CPython",
        "platform_release": "6.1.0-42",
        "platform_version": "#1 SMP",
        "python_full_version": python,
        "python_version": "{}.{}".format(*minor),
    }
    facts = replace(facts, os_version=(facts.os_version[0], facts.os_version[1] + 10))
    return Here(target=target_of(variables, facts), facts=facts)


def a_pypy(python: str, release: str, abi: str) -> Here:
    here = a_machine(python=python)
    variables = here.target.variables | {
        "implementation_name": "pypy",
        "implementation_version": release,
        "platform_python_implementation": "PyPy",
    }
    facts = replace(here.facts, implementation="pypy", abis=(abi,))
    return Here(target=target_of(variables, facts), facts=facts)


# ── [targets] given


def test_declared_targets_are_pythons_times_platforms_newest_first_in_one_order() -> None:
    found = universe(
        ">=3.11,<3.13", "windows-arm64", "macos-x86_64", "windows-x86_64", "linux-x86_64", "macos-arm64"
    )
    assert names(found) == [
        f"{platform}, Python {minor}"
        for minor in ("3.12", "3.11")
        for platform in ("linux-x86_64", "macos-arm64", "windows-x86_64", "macos-x86_64", "windows-arm64")
    ]
    assert not any(target.optional for target in found)


def test_the_order_in_the_manifest_does_not_count() -> None:
    assert universe(">=3.10", "macos-arm64", "linux-x86_64") == universe(">=3.10", "linux-x86_64", "macos-arm64")


def test_a_target_states_every_marker_variable() -> None:
    for target in universe(">=3.10", *PLATFORMS, implementations=("cpython", "pypy")):
        assert set(target.variables) == set(MARKER_VARIABLES)
        assert target.python == target.span.lowest
        assert len(target.ranks) == len(target.tags)


def test_the_last_python_of_an_open_specifier_is_open() -> None:
    newest, before = universe(">=3.14", "linux-x86_64")
    assert newest.span == Span(lowest=Version("3.15"))
    assert before.span == Span(lowest=Version("3.14"), beyond=Version("3.15"))


def test_the_parts_of_a_minor_are_targets_of_their_own() -> None:
    found = universe("==3.11.*,!=3.11.3", "linux-x86_64", "macos-arm64")
    assert names(found) == [
        "linux-x86_64, Python 3.11 from 3.11.4",
        "macos-arm64, Python 3.11 from 3.11.4",
        "linux-x86_64, Python 3.11 below 3.11.3",
        "macos-arm64, Python 3.11 below 3.11.3",
    ]
    assert [target.variables["python_full_version"] for target in found] == ["3.11.4"] * 2 + ["3.11.0"] * 2


def test_glibc_and_musl_are_one_target_since_no_marker_tells_them_apart() -> None:
    (target,) = universe("==3.12.*", "linux-x86_64-musl", "linux-x86_64")
    assert target.name == "linux-x86_64 and linux-x86_64-musl, Python 3.12"
    ((other, tags),) = target.also
    assert other == "linux-x86_64-musl"
    assert any("manylinux" in tag.platform for tag in target.tags)
    assert not any("musllinux" in tag.platform for tag in target.tags)
    assert any("musllinux" in tag.platform for tag in tags)
    assert not any("manylinux" in tag.platform for tag in tags)


def test_musl_alone_is_a_target_as_any_other() -> None:
    (target,) = universe("==3.12.*", "linux-aarch64-musl")
    assert target.name == "linux-aarch64-musl, Python 3.12"
    assert target.also == ()


def test_floors_decide_which_wheels_count() -> None:
    old, new = (
        {
            tag.platform
            for target in universe("==3.12.*", "linux-x86_64", "macos-arm64", **floors)
            for tag in target.tags
        }
        for floors in ({}, {"glibc": (2, 34), "macos": (14, 0)})
    )
    assert new - old >= {"manylinux_2_34_x86_64", "macosx_14_0_arm64"}


def test_floors_and_implementations_without_platforms_count_for_the_usual_ones() -> None:
    targets = Targets(platforms=(), glibc=(2, 17), implementations=("pypy",))
    found = targets_of(SpecifierSet("==3.11.*"), targets, None)
    assert names(found) == [f"{name}, PyPy 3.11" for name in COMMON]
    assert all(target.optional for target in found)
    assert "manylinux_2_28_x86_64" not in {tag.platform for tag in found[0].tags}


def test_a_stated_floor_counts_more_than_this_machines() -> None:
    here = a_machine()
    here = replace(here, facts=replace(here.facts, os_version=(2, 17)))
    found = targets_of(SpecifierSet("==3.12.*"), Targets(platforms=(), glibc=(2, 34)), here)
    assert "manylinux_2_34_x86_64" in {tag.platform for tag in found[0].tags}


def test_pypy_stands_beside_cpython_where_it_has_that_python() -> None:
    found = universe(">=3.11,<3.13", "linux-x86_64", "windows-arm64", implementations=("pypy", "cpython"))
    assert names(found) == [
        "linux-x86_64, Python 3.12",
        "windows-arm64, Python 3.12",
        "linux-x86_64, Python 3.11",
        "windows-arm64, Python 3.11",
        "linux-x86_64, PyPy 3.11",
    ]
    tags = set(map(str, found[-1].tags))
    assert "pp311-pypy311_pp73-manylinux_2_28_x86_64" in tags
    assert "py3-none-any" in tags
    assert not any(tag.startswith("cp") for tag in tags)


# ── [targets] left out


def test_without_a_machine_the_common_platforms_are_all_optional() -> None:
    found = targets_of(SpecifierSet("==3.12.*"), None, None)
    assert names(found) == [f"{name}, Python 3.12" for name in COMMON]
    assert all(target.optional for target in found)


def test_this_machines_own_target_is_not_optional() -> None:
    found = targets_of(SpecifierSet(">=3.11,<3.14"), None, a_machine("macos-arm64", "3.12.4"))
    assert [target.name for target in found if not target.optional] == ["macos-arm64, Python 3.12"]
    assert len(found) == 3 * len(COMMON)


def test_nothing_of_a_common_machine_shows_in_its_targets() -> None:
    """Two machines of one kind lock the same, whatever their kernel, C library and patch release."""
    one = targets_of(SpecifierSet(">=3.12"), None, a_machine(python="3.12.4"))
    other = a_machine(python="3.12.11")
    facts = replace(other.facts, os_version=(2, 41))
    assert targets_of(SpecifierSet(">=3.12"), None, Here(target=other.target, facts=facts)) == one


def test_an_uncommon_machine_adds_its_platform() -> None:
    found = targets_of(SpecifierSet(">=3.12,<3.14"), None, a_machine("linux-ppc64le", "3.12.4"))
    own = [target for target in found if target.name.startswith("linux-ppc64le")]
    assert [(target.name, target.optional) for target in own] == [
        ("linux-ppc64le, Python 3.13", True),
        ("linux-ppc64le, Python 3.12", False),
    ]
    assert len(found) == 2 * (len(COMMON) + 1)


def test_an_old_machine_lowers_the_floor_of_its_platform() -> None:
    here = a_machine()
    found = targets_of(
        SpecifierSet(">=3.11,<3.13"), None, replace(here, facts=replace(here.facts, os_version=(2, 17)))
    )
    highest = {
        target.name: next(tag.platform for tag in target.tags if "many" in tag.platform) for target in found[:2]
    }
    assert highest == {
        "linux-x86_64, Python 3.12": "manylinux_2_17_x86_64",
        "linux-aarch64, Python 3.12": "manylinux_2_28_aarch64",
    }


def test_a_machine_with_musl_needs_files_for_both() -> None:
    found = targets_of(SpecifierSet("==3.12.*"), None, a_machine("linux-x86_64-musl"))
    assert found[0].name == "linux-x86_64 and linux-x86_64-musl, Python 3.12"
    assert not found[0].optional


def test_a_free_threaded_python_is_told_apart_by_its_wheels_alone() -> None:
    found = targets_of(SpecifierSet(">=3.13,<3.15"), None, a_machine(python="3.13.1", abi="cp313t"))
    (own,) = (target for target in found if not target.optional)
    assert own.name == "linux-x86_64 and linux-x86_64 (cp313t), Python 3.13"
    ((_, tags),) = own.also
    assert "cp313-cp313t-manylinux_2_28_x86_64" in set(map(str, tags))
    assert "cp313-cp313-manylinux_2_28_x86_64" not in set(map(str, tags))


def test_a_machine_with_pypy_adds_its_own_row() -> None:
    found = targets_of(SpecifierSet(">=3.11,<3.13"), None, a_pypy("3.12.13", "8.0.1", "pypy312_pp80"))
    (own,) = (target for target in found if not target.optional)
    assert own.name == "linux-x86_64, PyPy 3.12"
    assert own.variables["implementation_version"] == "8.0.1"
    assert own.variables["python_full_version"] == "3.12.0"
    assert "pp312-pypy312_pp80-manylinux_2_28_x86_64" in set(map(str, own.tags))
    assert len(found) == 2 * len(COMMON) + 1


def test_a_machine_with_a_pre_release_adds_its_own_row_and_ends_the_open_span_before_it() -> None:
    found = targets_of(SpecifierSet(">=3.15"), None, a_machine(python="3.16.0a2"))
    ends = {target.name: str(target.span.beyond) for target in found if "linux" in target.name}
    assert ends == {
        "linux-x86_64, Python 3.16": "None",
        "linux-x86_64, Python 3.15": "3.16",
        "linux-aarch64, Python 3.15": "None",
    }
    assert (found[0].optional, str(found[0].python)) == (False, "3.16.0a2")
    assert found[0].span.holds(Version("3.16.0a2"))


def test_a_release_that_the_table_does_not_know_yet_is_a_row_of_its_own() -> None:
    found = targets_of(SpecifierSet(">=3.15,<3.18"), None, a_machine(python="3.16.2"))
    assert (found[0].name, str(found[0].python)) == ("linux-x86_64, Python 3.16", "3.16.0")
    assert found[0].span == Span(lowest=Version("3.16"), beyond=Version("3.18"))


def test_a_machine_whose_python_is_not_meant_makes_nothing_obligatory() -> None:
    found = targets_of(SpecifierSet(">=3.13"), None, a_machine(python="3.12.4"))
    assert found == targets_of(SpecifierSet(">=3.13"), None, None)


# ── nothing


@pytest.mark.parametrize(
    ("python", "implementations", "words"),
    [
        (">=3.16", ("cpython",), 'no released Python fits `python = ">=3.16"`'),
        ("<3.8", ("cpython", "pypy"), 'no released Python fits `python = "<3.8"`'),
        (">=3.12", ("pypy",), 'no released PyPy fits `python = ">=3.12"`'),
    ],
)
def test_no_released_python_is_an_error_that_says_what_to_do(
    python: str, implementations: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ManifestError) as raised:
        universe(python, "linux-x86_64", implementations=implementations)
    assert raised.value.message == words
    assert raised.value.hint is not None
    assert "python" in raised.value.hint


def test_a_newer_python_than_any_released_locks_for_the_machine_that_has_it() -> None:
    found = targets_of(SpecifierSet(">=3.16"), None, a_machine(python="3.16.2"))
    assert names(found) == ["linux-x86_64, Python 3.16"]
