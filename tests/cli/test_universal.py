"""One lock for every machine: what it holds, what it leaves out, and when it is up to date."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, PLATFORM, SERIES, ScratchProject
from tests.fakes.wheels import make_wheel
from tests.unit.python.pythons import installed_python

_THREE = '[targets]\nplatforms = ["linux-x86_64", "macos-arm64", "windows-x86_64"]\n'


def markers(project: ScratchProject) -> dict[tuple[str, str], str | None]:
    packages = tomllib.loads(project.lock.read_text(encoding="utf-8"))["packages"]
    return {(each["name"], each["version"]): each.get("marker") for each in packages}


def add_native(index: FakeIndex) -> None:
    """`native` 2.0 has no wheel for Windows and needs Python 3.12; 1.0 has one for all."""
    for tag in ("manylinux_2_17_x86_64", "macosx_11_0_arm64"):
        index.add(make_wheel("native", "2.0", tag=f"py3-none-{tag}", requires_python=">=3.12"))
    index.add(make_wheel("native", "1.0", requires=["icons<2 ; sys_platform == 'win32'"]))


# -- what it holds ----------------------------------------


def test_each_target_gets_what_it_can_have_and_the_screen_says_which(
    project: ScratchProject, index: FakeIndex
) -> None:
    add_native(index)
    project.manifest(dependencies=["native", "icons"], python=">=3.11,<3.14", more=_THREE)
    runs = [project.run("lock"), project.run("lock")]
    project.manifest(dependencies=["native<2", "icons"], python=">=3.11,<3.14", more=_THREE)
    runs.append(project.run("lock"))
    project.manifest(dependencies=["native", "icons"], python=">=3.12,<3.14", more=_THREE)
    runs += [project.run("lock"), project.run("upgrade")]
    check_screen("universal", project, runs)


def test_markers_are_as_short_as_can_be_and_exclude_each_other(project: ScratchProject, index: FakeIndex) -> None:
    add_native(index)
    project.manifest(dependencies=["native", "icons"], python=">=3.12,<3.14", more=_THREE)
    project.run("lock").ok()
    assert markers(project) == {
        ("native", "1.0"): 'sys_platform == "win32"',
        ("native", "2.0"): 'sys_platform != "win32"',
        ("icons", "1.9"): 'sys_platform == "win32"',
        ("icons", "2.0"): 'sys_platform != "win32"',
    }


# -- what it leaves out ----------------------------------------


def test_platforms_that_nobody_named_are_left_out_with_a_word(project: ScratchProject, index: FakeIndex) -> None:
    system = "manylinux_2_17" if PLATFORM.startswith("linux") else "macosx_11_0"
    index.add(make_wheel("picky", "1.0", tag=f"py3-none-{system}_{PLATFORM.partition('-')[2]}"))
    project.manifest(dependencies=["picky"])
    ran = project.run("lock").ok()
    assert f"locks 1 package for {PLATFORM}, Python {SERIES}" in ran.out
    (warning,) = ran.err.splitlines()
    assert warning.startswith("warning: the lock is not for ")
    places, _, reason = warning.removeprefix("warning: ").partition(": ")
    assert "windows-x86_64" in places
    assert PLATFORM not in places
    assert "picky" in reason
    again = project.run("lock").ok()
    assert (again.err, "up to date" in again.out) == ("", True)


def test_platforms_that_are_named_are_all_there_or_there_is_no_lock(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("picky", "1.0", tag="py3-none-manylinux_2_17_x86_64"))
    project.manifest(dependencies=["picky"], more=_THREE)
    check_refusal(project.run("lock"), 3, "picky", "on macos-arm64 and windows-x86_64 only")
    assert not project.lock.exists()


def test_this_machine_is_never_left_out(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("picky", "1.0", tag="py3-none-win_arm64"))
    index.add(make_wheel("picky", "1.0", tag="py3-none-win_amd64"))
    project.manifest(dependencies=["picky"])
    check_refusal(project.run("lock"), 3, "picky")


# -- when it is up to date ----------------------------------------


def test_a_lock_that_another_python_made_is_up_to_date_here(project: ScratchProject) -> None:
    other = str(installed_python("3.9" if SERIES != "3.9" else "3.10"))
    project.manifest(dependencies=["menu"], python=">=3.9")
    project.run("lock", "--python", other).ok()
    content = project.lock.read_bytes()
    for arguments in (("--check",), (), ("--check", "--python", str(BASE_PYTHON)), ("--upgrade",)):
        project.run("lock", *arguments).ok()
        assert project.lock.read_bytes() == content
    project.run("sync").ok()


def test_a_lock_that_is_not_for_this_machine_is_made_anew_for_it(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    content = project.lock.read_text(encoding="utf-8")
    lines = content.splitlines(keepends=True)
    variable = {"linux": "linux", "macos": "darwin"}[PLATFORM.partition("-")[0]]
    project.write(
        "pylock.toml", "".join(line for line in lines if f'sys_platform == "{variable}" and' not in line)
    )
    check_refusal(project.run("lock", "--check"), 1, f"it is not for {PLATFORM}, Python {SERIES}")
    project.run("lock").ok()
    assert project.lock.read_text(encoding="utf-8") == content


def test_a_platform_of_another_machine_is_not_lost_without_a_word(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    content = project.lock.read_text(encoding="utf-8")
    line = next(line for line in content.splitlines() if 'sys_platform == "win32"' in line)
    other = line.replace('"AMD64"', '"ARM64"')
    project.write("pylock.toml", content.replace(line, f"{line}\n{other}"))
    project.run("lock", "--check").ok()
    ran = project.run("lock", "--upgrade").ok()
    assert ran.err.startswith("warning: the lock is no longer for windows-arm64: ")
    assert "`platforms`" in ran.err
    assert project.lock.read_text(encoding="utf-8") == content
    assert project.run("lock", "--upgrade").ok().err == ""


def test_declared_platforms_need_no_python_of_this_machine(project: ScratchProject, tmp_path: Path) -> None:
    project.environ["PATH"] = str(tmp_path)
    shutil.rmtree(project.cache)
    project.manifest(dependencies=["menu"], python=">=3.9", more=_THREE)
    for arguments in (("-v",), ("-v", "--check"), ("-v", "--upgrade")):
        assert "this machine" not in project.run("lock", *arguments).ok().err
    assert not (project.cache / "interpreters").exists()


_SAID = """\
[env]
python = ">=3.11,<3.13"
dependencies = ["menu", "icons"]
[groups]
a = ["checks"]
b = ["menu"]
[targets]
platforms = ["linux-x86_64", "windows-x86_64"]
[resolution]
constraints = ["icons<3", "menu"]
"""
_SAID_OTHERWISE = """\
# One lock.
[resolution]
constraints = [
  "Menu",  # a comment
  "icons <3",
]
[targets]
platforms = ["windows-x86_64", "linux-x86_64"]
[groups]
B = ["menu"]
A = ["checks"]
[env]
dependencies = ["ICONS", "menu"]
python = "<3.13,>=3.11"
"""


def test_the_order_of_what_env_toml_says_does_not_count(project: ScratchProject, index: FakeIndex) -> None:
    project.write("env.toml", _SAID)
    project.run("lock").ok()
    content, asked = project.lock.read_bytes(), index.count()
    project.write("env.toml", _SAID_OTHERWISE)
    project.run("lock", "--check").ok()
    assert "up to date" in project.run("lock").ok().out
    assert (project.lock.read_bytes(), index.count()) == (content, asked)
    project.run("lock", "--upgrade").ok()
    assert project.lock.read_bytes() == content


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ('[targets]\nplatforms = ["linux-x86_64"]', "`targets` in env.toml has changed"),
        ('[targets]\nplatforms = ["linux-x86_64-musl"]', "it is not for linux-x86_64-musl"),
        (f'{_THREE}\n[resolution]\nacross-pythons = "fewest"', "`resolution` in env.toml has changed"),
    ],
)
def test_other_targets_make_a_lock_stale(more: str, reason: str, project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"], more=_THREE)
    project.run("lock").ok()
    project.manifest(dependencies=["menu"], more=more)
    stale = project.run("lock", "--check")
    assert (stale.status, "pylock.toml is not up to date" in stale.err) == (1, True)
    assert reason in stale.err or "has changed" in stale.err
    project.run("lock").ok()
    project.run("lock", "--check").ok()


# -- indexes ----------------------------------------


def test_an_index_for_some_platforms_only_is_refused_with_its_line(
    project: ScratchProject, index: FakeIndex
) -> None:
    project.manifest(
        dependencies=["icons"],
        more=f'[[index]]\nname = "other"\nurl = "{index.url}"\nexplicit = true\n'
        "[sources]\nicons = { index = 'other', marker = \"sys_platform == 'linux'\" }\n",
    )
    check_refusal(project.run("lock"), 2, "env.toml:", "`icons` comes from an index under a marker", remedy=False)


def test_an_index_that_knows_no_times_says_so_once(tmp_path: Path) -> None:
    with FakeIndex(formats=("html",)) as index:
        index.add(make_wheel("icons", "1.0"))
        project = ScratchProject(tmp_path)
        declared = f'[[index]]\nname = "old"\nurl = "{index.url}"\n'
        limit = '[resolution]\nexclude-newer = "2026-01-01"\n'
        project.manifest(dependencies=["icons"], more=declared + limit)
        check_refusal(project.run("lock"), 3, "icons 1.0", "upload")
        project.manifest(dependencies=["icons"], more=f"{declared}upload-times = false\n{limit}")
        project.run("lock").ok()
        assert project.locked() == {"icons": "1.0"}
