"""Our lock is the standard's: `packaging`, pip and uv read it, and install what lockenv installs."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from packaging.markers import Environment
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from lockenv.resolution.universe import targets_of
from tests.conformance.installers import fresh_environment, installed, pip_reads_locks, recorded, tool, uv
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_sdist, make_wheel

_MODULE = 'version = "{0}"\n\n\ndef main():\n    print("{0}")\n'


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with what wheels can hold: packages, data, scripts, namespace folders, several files a release."""
    with FakeIndex() as running:
        running.add(
            make_wheel(
                "menu",
                "1.0",
                requires=["dropdown[pretty]>=1", "shop-core", "none ; sys_platform == 'plan9'"],
                files={
                    "menu/__init__.py": _MODULE.format("1.0"),
                    "menu/data/dishes.txt": "soup\n",
                    "{data}/scripts/menu-old": "#!python\nimport menu\nmenu.main()\n",
                    "{data}/data/share/menu/card.txt": "card\n",
                    "{info}/licenses/LICENSE": "free\n",
                },
                scripts={"menu": "menu:main"},
                executable=["menu-1.0.data/scripts/menu-old"],
            )
        )
        running.add(make_wheel("dropdown", "1.1", requires=["icons>=2 ; extra == 'pretty'"], extras=["pretty"]))
        running.add(make_sdist("dropdown", "1.1"))
        running.add(make_wheel("icons", "2.0", tag="py2.py3-none-any"))
        running.add(make_wheel("icons", "2.0", tag="cp35-cp35m-win32"))
        running.add(make_wheel("icons", "3.0rc1"))
        running.add(
            make_wheel("Shop.Core", "1.0", files={"shop/core/__init__.py": "", "shop/core/a.py": "A = 1\n"})
        )
        running.add(
            make_wheel(
                "checks", "3.1", files={"checks.py": _MODULE.format("3.1")}, scripts={"checks": "checks:main"}
            )
        )
        yield running


@pytest.fixture
def synced(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    """A project locked and synced by lockenv, with its group."""
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    project.run("lock").ok()
    project.run("sync").ok()
    return project


def _same_as(synced: ScratchProject, env: Path) -> None:
    """Insist that an environment holds what ours does, and that its scripts run."""
    ours, theirs = installed(synced.env), installed(env)
    assert sorted(theirs) == sorted(ours)
    assert theirs == ours
    assert recorded(env) == recorded(synced.env)
    assert (
        (env / "share/menu/card.txt").read_text() == (synced.env / "share/menu/card.txt").read_text() == "card\n"
    )
    for script in ("menu", "menu-old"):
        assert tool(synced, [str(env / "bin" / script)]) == synced.execute(script) + "\n" == "1.0\n"


def test_packaging_validates_it_and_selects_the_same(synced: ScratchProject) -> None:
    lock = Pylock.from_dict(tomllib.loads(synced.lock.read_text()))
    lock.validate()
    assert str(lock.lock_version) == "1.0"
    if sys.version_info[:2] == tuple(map(int, SERIES.split("."))):
        assert {package.name: str(package.version) for package, _ in lock.select()} == {
            "dropdown": "1.1",
            "icons": "2.0",
            "menu": "1.0",
            "shop-core": "1.0",
        }
        assert "checks" in {package.name for package, _ in lock.select(dependency_groups=["test"])}


def test_only_standard_keys_stand_outside_the_tool_tables(synced: ScratchProject) -> None:
    document = tomllib.loads(synced.lock.read_text())
    ours = {"lock-version", "created-by", "requires-python", "environments", "extras", "dependency-groups"}
    assert document.keys() == ours | {"packages", "tool"}
    for package in document["packages"]:
        assert package.keys() <= {
            "name",
            "version",
            "marker",
            "requires-python",
            "index",
            "sdist",
            "wheels",
            "tool",
        }
        for file in [*package["wheels"], *([package["sdist"]] if "sdist" in package else [])]:
            assert {"url", "hashes", "size"} <= file.keys() <= {"name", "upload-time", "url", "size", "hashes"}


def test_pip_installs_the_same(synced: ScratchProject) -> None:
    pip_reads_locks()
    env = fresh_environment(synced, "by-pip")
    command = [sys.executable, "-m", "pip", "--python", str(env), "install", "--quiet", "--no-compile"]
    tool(synced, [*command, "-r", "pylock.toml"])
    _same_as(synced, env)
    assert "No broken requirements" in tool(synced, [sys.executable, "-m", "pip", "--python", str(env), "check"])


def test_uv_syncs_the_same(synced: ScratchProject) -> None:
    env = fresh_environment(synced, "by-uv")
    tool(
        synced,
        [uv(), "pip", "sync", "--quiet", "--preview-features", "pylock", "--python", str(env), "pylock.toml"],
    )
    _same_as(synced, env)


def test_uv_installs_the_same_with_a_group(synced: ScratchProject) -> None:
    synced.run("sync", "--group", "test").ok()
    env = fresh_environment(synced, "by-uv")
    command = [uv(), "pip", "install", "--quiet", "--preview-features", "pylock", "--python", str(env)]
    tool(synced, [*command, "-r", "pylock.toml", "--group", "test"])
    _same_as(synced, env)


@pytest.mark.parametrize("tool_name", ["pip", "uv"])
def test_other_tools_find_our_environment_in_order(tool_name: str, synced: ScratchProject) -> None:
    if tool_name == "pip":
        command = [sys.executable, "-m", "pip", "--python", str(synced.env), "list", "--format", "freeze"]
        check = [sys.executable, "-m", "pip", "--python", str(synced.env), "check"]
    else:
        command = [uv(), "pip", "freeze", "--python", str(synced.env)]
        check = [uv(), "pip", "check", "--python", str(synced.env)]
    lines = [line.partition("==") for line in tool(synced, command).splitlines()]
    found = sorted(f"{canonicalize_name(name)}=={version}" for name, _, version in lines)
    assert found == ["dropdown==1.1", "icons==2.0", "menu==1.0", "shop-core==1.0"]
    tool(synced, check)


def test_what_our_lock_left_out_is_left_out_by_uv_too(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["icons"])
    synced.run("lock").ok()
    env = fresh_environment(synced, "by-uv")
    for _ in range(2):
        tool(
            synced,
            [uv(), "pip", "sync", "--quiet", "--preview-features", "pylock", "--python", str(env), "pylock.toml"],
        )
    assert installed(env).keys() == {"icons.py", "icons-2.0.dist-info/METADATA", "icons-2.0.dist-info/WHEEL"}


@pytest.fixture
def parted(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    """A lock that differs by platform, by Python, and for groups that exclude each other."""
    index.add(make_wheel("icons", "1.9"))
    index.add(make_wheel("brush", "1.0"))
    index.add(make_wheel("brush", "2.0", requires_python=">=3.12"))
    project = ScratchProject(tmp_path, index_url=index.url)
    project.manifest(
        dependencies=["brush", 'checks<3.2 ; sys_platform == "win32"', 'shop-core ; sys_platform != "win32"'],
        groups={"old": ["icons<2"], "new": ["icons>=2"]},
        python=">=3.8",
        more='[resolution]\nconflicts = [["old", "new"]]\n',
    )
    project.run("lock").ok()
    return project


def test_uv_installs_of_a_universal_lock_what_lockenv_does(parted: ScratchProject) -> None:
    for group in ("old", "new"):
        parted.run("sync", "--group", group).ok()
        env = fresh_environment(parted, f"by-uv-{group}")
        command = [uv(), "pip", "install", "--quiet", "--preview-features", "pylock", "--python", str(env)]
        tool(parted, [*command, "-r", "pylock.toml", "--group", group])
        assert installed(env) == installed(parted.env)
        assert any(name.startswith(f"icons-{'1.9' if group == 'old' else '2.0'}") for name in installed(env))


def test_pip_installs_of_a_universal_lock_what_lockenv_does(parted: ScratchProject) -> None:
    pip_reads_locks()
    parted.run("sync").ok()
    env = fresh_environment(parted, "by-pip")
    command = [sys.executable, "-m", "pip", "--python", str(env), "install", "--quiet", "--no-compile"]
    tool(parted, [*command, "-r", "pylock.toml"])
    assert installed(env) == installed(parted.env)
    assert any(name.startswith("shop_core-1.0") for name in installed(env))


def test_uv_refuses_two_groups_that_exclude_each_other(parted: ScratchProject) -> None:
    parted.run("sync").ok()
    env = fresh_environment(parted, "by-uv")
    command = [uv(), "pip", "install", "--quiet", "--preview-features", "pylock", "--python", str(env)]
    with pytest.raises(AssertionError, match="icons"):
        tool(parted, [*command, "-r", "pylock.toml", "--group", "old", "--group", "new"])


def test_packaging_finds_one_entry_of_each_package_on_every_target(parted: ScratchProject) -> None:
    document = tomllib.loads(parted.lock.read_text())
    lock = Pylock.from_dict(document)
    seen = set()
    for target in targets_of(SpecifierSet(document["requires-python"]), None, None):
        chosen = {
            str(package.name): str(package.version)
            for package, _ in lock.select(environment=cast("Environment", target.variables), tags=target.tags)
        }
        windows = target.variables["sys_platform"] == "win32"
        assert chosen.keys() == {"brush", "checks" if windows else "shop-core"}
        assert chosen["brush"] == ("2.0" if target.python >= Version("3.12") else "1.0")
        seen.add(tuple(sorted(chosen.items())))
    assert len(seen) == 4
