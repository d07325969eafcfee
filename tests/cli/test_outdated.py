"""`lockenv outdated`: newer releases, what holds packages back, and what was withdrawn."""

from __future__ import annotations

import json

import pytest

from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def locked(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A lock of which some packages can move, and some are held back, each by something else."""
    index.add(make_wheel("bounded", "1.0"))
    index.add(make_wheel("limited", "1.0"))
    index.add(make_wheel("snake", "1.0"))
    index.add(make_wheel("beta", "1.0"))
    index.add(make_wheel("winner", "1.0", requires=["icons"]))
    project.manifest(
        dependencies=["menu", "bounded<2", "limited", "snake", "beta", "winner"],
        groups={"test": ["checks"]},
        more="[resolution]\nconstraints = ['limited<3']",
    )
    project.run("lock").ok()
    index.add(make_wheel("bounded", "2.0"))
    index.add(make_wheel("bounded", "1.5"))
    index.add(make_wheel("limited", "3.0"))
    index.add(make_wheel("snake", "2.0"), requires_python=">=3.99")
    index.add(make_wheel("beta", "2.0b1"))
    index.add(make_wheel("checks", "3.2"))
    return project


def packages(project: ScratchProject, *arguments: str) -> dict[str, dict[str, object]]:
    document = json.loads(project.run("outdated", "--json", *arguments).ok().out)
    assert document["schema"] == 1
    return {package["name"]: package for package in document["packages"]}


def test_outdated(locked: ScratchProject, index: FakeIndex) -> None:
    runs = [
        locked.run("outdated"),
        locked.run("outdated", "--group", "test"),
        locked.run("outdated", "--direct", "--exit-code"),
        locked.run("outdated", "--group", "tset"),
    ]
    locked.run("upgrade").ok()
    runs.append(locked.run("outdated"))
    check_screen("outdated", locked, runs)
    assert [ran.status for ran in runs] == [0, 0, 1, 2, 0]


def test_what_is_held_back_by_others_is_said_to_be(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("holder", "1.0", requires=["icons<2"]))
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    project.manifest(dependencies=["holder", "menu"])
    project.run("lock").ok()
    icons = packages(project)["icons"]
    assert (icons["newest"], icons["admitted"]) == ("2.0", "2.0")
    assert icons["admitted-held"] == {"by": "others", "why": "holder 1.0 requires icons<2"}
    dropdown = packages(project)["dropdown"]
    assert dropdown["admitted-held"] == {"by": "gave-way", "why": "it gave way to other packages' wishes"}
    assert "all held back" in project.run("outdated").out


def test_a_withdrawn_release_is_told_first_and_in_red(locked: ScratchProject, index: FakeIndex) -> None:
    built = make_wheel("menu", "1.0", requires=["dropdown>=1"])
    index.remove(built.filename)
    index.add(built, yanked="it eats files")
    ran = locked.run("outdated", FORCE_COLOR="1").ok()
    assert ran.out.startswith("\x1b[31m! menu 1.0 was withdrawn (yanked): it eats files\x1b[0m\n")
    assert packages(locked)["menu"]["yanked"] == "it eats files"
    assert locked.run("outdated", "--group", "test", "--exit-code").status == 1


def test_pages_are_asked_for_conditionally(locked: ScratchProject, index: FakeIndex) -> None:
    locked.run("outdated").ok()
    before = len(index.requests)
    locked.run("outdated").ok()
    assert {request.status for request in index.requests[before:]} <= {304}


def test_offline_tells_what_the_cache_knows(locked: ScratchProject) -> None:
    assert locked.run("outdated", "--offline").ok().out.endswith("no newer release of 9 packages\n")


def test_what_comes_from_no_index_is_counted(project: ScratchProject) -> None:
    core = make_wheel("core", "1")
    project.write(core.filename, core.content)
    project.manifest(dependencies=["core", "checks"], more=f'[sources]\ncore = {{ path = "{core.filename}" }}')
    project.run("lock").ok()
    assert project.run("outdated").ok().out == "pylock.toml: no newer release of 1 package (1 from no index)\n"


def test_list_tells_of_what_is_installed(locked: ScratchProject) -> None:
    locked.run("sync").ok()
    ran = locked.run("list", "--outdated").ok()
    assert "~ bounded 1.0 -> 1.5" in ran.out
    assert "checks" not in ran.out
    assert "checks" in locked.run("outdated").out
    document = json.loads(locked.run("list", "--outdated", "--json").ok().out)
    assert "checks" not in {package["name"] for package in document["packages"]}


def test_a_lock_without_a_manifest(locked: ScratchProject) -> None:
    (locked.folder / "env.toml").unlink()
    ran = locked.run("outdated").ok()
    assert "~ bounded 1.0 -> 2.0" in ran.out


def test_no_lock(project: ScratchProject) -> None:
    ran = project.run("outdated")
    assert (ran.status, ran.out) == (2, "")
    assert "there is no pylock.toml" in ran.err
