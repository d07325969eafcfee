"""Why no wheel fits, in words."""

from __future__ import annotations

import pytest

from lockenv.packages import IndexFile
from lockenv.platforms import PLATFORMS
from lockenv.resolution.explain.wheels import lacking, platform_words
from lockenv.targets import Target, compatible_tags
from tests.fakes.source import linux_target


def files(*tags: str) -> list[IndexFile]:
    return [IndexFile(filename=f"a-1-{tag}.whl", url=f"https://files.example.com/a-1-{tag}.whl") for tag in tags]


def on(platform: str, *also: str) -> Target:
    def tags(name: str) -> Target:
        facts = PLATFORMS[name].facts("cpython", (3, 12), ("cp312",))
        return Target(
            name=f"{name}, Python 3.12", environment=(), tags=compatible_tags(facts), span=linux_target().span
        )

    first = tags(platform)
    others = tuple((name, tags(name).tags) for name in also)
    return Target(name=first.name, environment=(), tags=first.tags, span=first.span, also=others)


@pytest.mark.parametrize(
    ("wheels", "words"),
    [
        ([], "no wheels"),
        (["py3-none-win_amd64"], "wheels only for windows-x86_64"),
        (["py3-none-macosx_11_0_universal2"], "wheels only for macos-arm64 and macos-x86_64"),
        (["cp312-cp312-musllinux_1_2_x86_64"], "wheels only for linux-x86_64-musl"),
        (["cp312-cp312-manylinux2014_aarch64"], "wheels only for linux-aarch64"),
        (["cp39-cp39-manylinux_2_17_x86_64"], "wheels only for Python 3.9"),
        (["cp39-cp39-linux_x86_64", "cp311-cp311-linux_x86_64"], "wheels only for Python 3.9 to 3.11"),
        (["py2-none-any"], "wheels only for Python 2"),
        (["pp310-pypy310_pp73-manylinux_2_17_x86_64"], "wheels only for PyPy"),
        (["cp312-cp312-manylinux_2_99_x86_64"], "wheels need glibc 2.99 or newer"),
        (
            [f"py3-none-{one}" for one in ("win32", "win_amd64", "win_arm64", "macosx_11_0_arm64", "linux_s390x")],
            "wheels only for linux-s390x, macos-arm64, windows-arm64, windows-x86 and windows-x86_64",
        ),
        (
            [f"py3-none-linux_{one}" for one in ("s390x", "ppc64le", "i686", "armv7l", "riscv64", "aarch64")],
            "wheels only for linux-aarch64, linux-armv7l, linux-i686, linux-ppc64le and 2 other platforms",
        ),
    ],
)
def test_it_says_what_there_are_wheels_for(wheels: list[str], words: str) -> None:
    assert lacking(files(*wheels), on("linux-x86_64")) == words


def test_of_several_platforms_in_one_target_it_names_the_one_that_lacks_a_wheel() -> None:
    both = on("linux-x86_64", "linux-x86_64-musl")
    told = lacking(files("py3-none-manylinux_2_17_x86_64"), both)
    assert told == "none for linux-x86_64-musl, wheels only for linux-x86_64"


def test_an_old_mac_is_told_apart_from_another_platform() -> None:
    assert lacking(files("py3-none-macosx_99_0_arm64"), on("macos-arm64")) == "wheels need macOS 99.0 or newer"


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("any", []),
        ("linux_x86_64", ["linux-x86_64"]),
        ("manylinux1_i686", ["linux-i686"]),
        ("win_arm64", ["windows-arm64"]),
        ("emscripten_3_1_58_wasm32", ["emscripten_3_1_58_wasm32"]),
    ],
)
def test_platform_tags_are_told_as_a_manifest_names_them(tag: str, words: list[str]) -> None:
    assert list(platform_words(tag)) == words


def test_on_another_implementation_it_says_that_the_wheels_are_for_cpython() -> None:
    facts = PLATFORMS["linux-x86_64"].facts("pypy", (3, 11), ("pypy311_pp73",))
    pypy = Target(name="", environment=(), tags=compatible_tags(facts), span=linux_target().span)
    told = lacking(files("cp310-cp310-manylinux_2_17_x86_64", "cp315-cp315-manylinux_2_17_x86_64"), pypy)
    assert told == "wheels only for CPython 3.10 to 3.15"
