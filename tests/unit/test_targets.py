from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import packaging
import pytest
from packaging.version import Version

from lockenv.targets import PlatformFacts, compatible_tags, linux_platforms, platform_name, platforms
from tests.unit.python.pythons import SERIES, installed, running

LIST_TAGS = "from {module} import tags; print(*tags.sys_tags(), sep='\\n')"


def tags_inside(executable: Path, code: str) -> list[str]:
    run = subprocess.run([executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip(f"this interpreter cannot list its tags: {run.stderr.splitlines()[-1:]}")
    return run.stdout.split()


@pytest.mark.parametrize("series", SERIES)
def test_tags_are_those_that_the_interpreters_own_pip_lists(series: str) -> None:
    interpreter = installed(series)
    listed = tags_inside(interpreter.executable, LIST_TAGS.format(module="pip._vendor.packaging"))
    ours = [str(tag) for tag in compatible_tags(interpreter.facts)]

    # Of late, packaging has put the native platform first and added `cp311-none-any`; all else is the same.
    def without_novelties(tags: list[str]) -> list[str]:
        return [tag for tag in tags if "-linux_" not in tag and not re.fullmatch(r"cp\d+-none-any", tag)]

    assert without_novelties(ours) == without_novelties(listed)
    assert {tag for tag in listed if "-linux_" in tag} == {tag for tag in ours if "-linux_" in tag}


@pytest.mark.parametrize("series", SERIES)
def test_tags_are_those_that_our_packaging_lists_inside(series: str) -> None:
    interpreter = installed(series)
    folder = str(Path(packaging.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {folder!r}); " + LIST_TAGS.format(module="packaging")
    assert [str(tag) for tag in compatible_tags(interpreter.facts)] == tags_inside(interpreter.executable, code)


def test_the_target_of_the_running_interpreter_names_its_platform_and_python() -> None:
    interpreter = running()
    target = interpreter.target()
    assert target.name.endswith(f", Python {sys.version_info.major}.{sys.version_info.minor}")
    assert target.python == Version(interpreter.version)
    assert target.ranks[target.tags[0]] == 0
    assert len(target.ranks) == len(set(target.tags))


def test_a_linux_prefers_its_own_tag_then_the_newest_glibc() -> None:
    assert list(linux_platforms("aarch64", "glibc", (2, 19))) == [
        "linux_aarch64",
        "manylinux_2_19_aarch64",
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
    ]


def test_only_old_architectures_have_the_old_manylinux_names() -> None:
    listed = list(linux_platforms("x86_64", "glibc", (2, 17)))
    assert {"manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"} <= set(listed)
    assert listed[-2:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64"]


def test_musl_has_every_minor_down_to_zero() -> None:
    assert list(linux_platforms("x86_64", "musl", (1, 2))) == [
        "linux_x86_64",
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
    ]


def test_a_static_python_takes_no_wheels_of_either_libc() -> None:
    assert list(linux_platforms("x86_64", "", (0, 0))) == ["linux_x86_64"]


def facts(system: str, machine: str, *, implementation: str = "cpython", abi: str = "cp313") -> PlatformFacts:
    return PlatformFacts(
        implementation=implementation,
        version=(3, 13),
        system=system,
        machine=machine,
        os_version=(14, 5),
        abis=(abi,),
    )


@pytest.mark.parametrize(
    ("system", "machine", "best"),
    [
        ("win32", "amd64", "win_amd64"),
        ("win32", "arm64", "win_arm64"),
        ("win32", "x86", "win32"),
        ("darwin", "arm64", "macosx_14_0_arm64"),
        ("darwin", "x86_64", "macosx_14_0_x86_64"),
    ],
)
def test_the_best_platform_of_windows_and_macos(system: str, machine: str, best: str) -> None:
    assert platforms(facts(system, machine))[0] == best


def test_a_system_without_wheels_is_an_error() -> None:
    with pytest.raises(ValueError, match="plan9"):
        platforms(facts("plan9", "amd64"))


def test_a_free_threaded_python_takes_no_stable_abi_of_the_others() -> None:
    abis = {tag.abi for tag in compatible_tags(facts("win32", "amd64", abi="cp313t"))}
    assert "abi3" not in abis
    assert "cp313t" in abis


def test_pypy_has_its_own_tags_and_the_generic_ones() -> None:
    pypy = facts("win32", "amd64", implementation="pypy", abi="pypy313_pp75")
    tags = [str(tag) for tag in compatible_tags(pypy)]
    assert tags[0] == "pp313-pypy313_pp75-win_amd64"
    assert {"pp3-none-any", "py3-none-any"} <= set(tags)
    assert not any("abi3" in tag for tag in tags)


def test_platforms_are_named_as_a_manifest_names_them() -> None:
    assert platform_name({"sys_platform": "win32", "platform_machine": "AMD64"}) == "windows-x86_64"
    assert platform_name({"sys_platform": "darwin", "platform_machine": "arm64"}) == "macos-arm64"
