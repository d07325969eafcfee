"""`lockenv tree` and `lockenv why`: who requires whom in the lock."""

from __future__ import annotations

import json

import pytest

from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject, plain
from tests.fakes.wheels import make_wheel


@pytest.fixture
def locked(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A lock for many targets, with an extra, a circle, a group, and a dependency of Windows alone."""
    requires = ["dropdown>=1", "keys; sys_platform == 'win32'", "dropdown[fast]; python_version < '3.11'"]
    index.add(make_wheel("menu", "1.1", requires=requires))
    index.add(make_wheel("dropdown", "1.2", requires=["icons>=2", "speed>1; extra == 'fast'"], extras=["fast"]))
    index.add(make_wheel("keys", "1.0", requires=["menu"]))
    index.add(make_wheel("speed", "1.9", requires=["icons<3"]))
    index.add(make_wheel("checks", "3.2", requires=["icons"]))
    project.manifest(dependencies=["menu"], groups={"test": ["checks>=3"]}, python=">=3.9")
    project.run("lock").ok()
    return project


def test_tree(locked: ScratchProject) -> None:
    runs = [
        locked.run("tree"),
        locked.run("tree", "--all-groups", "--depth", "1"),
        locked.run("tree", "dropdown"),
        locked.run("tree", "--invert", "icons"),
        locked.run("tree", "--invert", "--target", "linux-x86_64, Python 3.12"),
        locked.run("tree", "dropdwn"),
        locked.run("tree", "--group", "tset"),
        locked.run("tree", "--target", "linux-x86-64"),
        locked.run("tree", "--depth", "-1"),
    ]
    check_screen("tree", locked, runs)


def test_why(locked: ScratchProject) -> None:
    runs = [
        locked.run("why", "icons"),
        locked.run("why", "Speed"),
        locked.run("why", "menu"),
        locked.run("why", "keys", "--target", "linux-x86_64"),
        locked.run("why", "ikons"),
        locked.run("why", "zebra"),
    ]
    check_screen("why", locked, runs)


def test_long_rows_of_paths_are_counted(project: ScratchProject, index: FakeIndex) -> None:
    for number in range(4):
        further = [f"p{number + 1}x", f"p{number + 1}y"] if number < 3 else ["icons"]
        for side in "xy":
            index.add(make_wheel(f"p{number}{side}", "1", requires=further))
    project.manifest(dependencies=["p0x", "p0y"])
    project.run("lock").ok()
    few, all_of_them = project.run("why", "icons").ok(), project.run("why", "icons", "--all").ok()
    assert few.out.endswith("  and 6 other paths: --all\n")
    assert all_of_them.out.count("requires icons") == 16
    document = json.loads(project.run("why", "icons", "--json").ok().out)
    (found,) = document["packages"]
    assert (len(found["paths"]), found["further-paths"], found["uncounted"]) == (10, 6, False)


def test_documents_of_tree_and_why(locked: ScratchProject) -> None:
    tree = json.loads(locked.run("tree", "--json").ok().out)
    assert (tree["schema"], tree["lock"], tree["missing"]) == (1, "pylock.toml", [])
    assert [root["name"] for root in tree["roots"]] == ["menu"]
    packages = {package["name"]: package for package in tree["packages"]}
    assert packages.keys() == {"menu", "dropdown", "icons", "keys", "speed"}
    keys = next(line for line in packages["menu"]["requires"] if line["name"] == "keys")
    assert keys["marker"] == 'sys_platform == "win32"'
    assert {name.partition(",")[0] for name in keys["targets"]} == {"windows-x86_64"}
    assert [line["for-extra"] for line in packages["dropdown"]["requires"]] == [None, "fast"]

    why = json.loads(locked.run("why", "speed", "--json").ok().out)
    (speed,) = why["packages"]
    (path,) = speed["paths"]
    assert path["names"] == ["menu", "dropdown", "speed"]
    assert [line["by"] for line in path["requirements"]] == ["env.toml", "menu 1.1", "dropdown[fast] 1.2"]
    assert path["targets"] is None


def test_what_the_lock_does_not_have_yet_is_told(locked: ScratchProject) -> None:
    locked.manifest(dependencies=["menu", "zebra>=1"], python=">=3.9")
    ran = locked.run("tree").ok()
    assert "warning: env.toml requires `zebra>=1`, which pylock.toml does not have" in ran.err
    assert json.loads(locked.run("tree", "--json").ok().out)["missing"] == ["zebra>=1"]


def test_no_lock_and_a_lock_that_does_not_say_who_requires_whom(project: ScratchProject) -> None:
    for command in (["tree"], ["why", "icons"]):
        assert "there is no pylock.toml" in project.run(*command).err
    project.write(
        "pylock.toml",
        'lock-version = "1.0"\ncreated-by = "another"\n[[packages]]\nname = "icons"\ndirectory = { path = "." }\n',
    )
    for command in (["tree"], ["why", "icons"]):
        ran = project.run(*command)
        assert (ran.status, ran.out) == (2, "")
        assert "does not say who requires" in ran.err
        assert "another made it without" in ran.err


def test_a_lock_can_be_looked_at_without_its_manifest(locked: ScratchProject) -> None:
    with_it = locked.run("tree", "--all-groups").ok().out
    (locked.folder / "env.toml").unlink()
    # The specifiers of the manifest are not in the lock.
    assert locked.run("tree", "--all-groups").ok().out == with_it.replace("checks 3.2  >=3", "checks 3.2")
    assert "env.toml requires menu" in locked.run("why", "menu").ok().out


def test_a_tree_can_be_drawn_without_unicode_and_with_colour(locked: ScratchProject) -> None:
    ran = locked.spawn("tree", PYTHONIOENCODING="ascii")
    assert "`- keys 1.0  (Windows)" in ran.out
    coloured = locked.run("tree", FORCE_COLOR="1").out
    assert "\x1b[" in coloured
    assert plain(coloured) == locked.run("tree").out


def test_nothing_but_groups_is_said(project: ScratchProject) -> None:
    project.manifest(groups={"test": ["checks"]})
    project.run("lock").ok()
    ran = project.run("tree").ok()
    assert ran.out == ""
    assert "nothing is required but by groups (test)" in ran.err


HOSTILE = """
lock-version = "1.0"
created-by = "another"
dependency-groups = ["a\\u001b[2Jb"]
[[packages]]
name = "x"
directory = { path = "a\\u001b[2J\\nok" }
dependencies = [{ name = "y" }, { name = "not a name\\u001b[2J" }]
[[packages]]
name = "y"
version = "1"
marker = "sys_platform != 'a\\u001b[2Jb'"
directory = { path = "y" }
"""


@pytest.mark.parametrize("command", [["tree", "--all-groups"], ["why", "y"], ["why", "x"], ["tree", "-i"]])
def test_hostile_text_steers_no_terminal(project: ScratchProject, command: list[str]) -> None:
    project.write("pylock.toml", HOSTILE)
    ran = project.run(*command).ok()
    assert "\x1b" not in ran.out + ran.err
    assert "ok" not in {line.strip() for line in ran.out.splitlines()}
    # What a manifest names is not known of the lock of another tool.
    assert "env.toml" not in ran.out
