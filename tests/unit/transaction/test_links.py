"""An environment's place that is a link, as people make it who keep environments on another disk."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lockenv.errors import UsageError
from lockenv.transaction import places
from tests.fakes.environments import MENU, MENU2, Project
from tests.unit.transaction.test_apply import fingerprint


@pytest.mark.parametrize("what", ["nothing", "an empty folder"])
def test_an_environment_is_made_behind_a_link(project: Project, what: str) -> None:
    disk = project.folder.parent / "disk"
    disk.mkdir()
    if what == "an empty folder":
        (disk / "env").mkdir()
    project.env.symlink_to(disk / "env")
    project.sync(MENU)
    assert project.env.is_symlink()
    assert project.run("menu") == "menu 1\n"
    # Scripts name the path that people know.
    assert (project.env / "bin" / "menu").read_text().startswith(f"#!{project.env}/bin/python\n")
    assert [path.name for path in disk.iterdir()] == ["env"]
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_an_environment_of_ours_is_changed_behind_a_link(project: Project) -> None:
    (project.folder.parent / "disk").mkdir()
    project.env.symlink_to(project.folder.parent / "disk" / "env")
    project.sync(MENU)
    assert project.why_not(MENU) is None
    project.sync(MENU2)
    assert project.run("menu") == "menu 2\n"
    assert places.current_number(str(project.env)) == 2
    assert project.why_not(MENU2) is None


@pytest.mark.parametrize("what", ["a folder of people's", "an environment of others", "a file", "no folder"])
def test_what_lockenv_did_not_make_is_not_touched_through_a_link(project: Project, what: str) -> None:
    disk = project.folder.parent / "disk"
    match what:
        case "a folder of people's":
            (disk / "env").mkdir(parents=True)
            (disk / "env" / "thesis.txt").write_text("three years")
        case "an environment of others":
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(disk / "env")], check=True)
        case "a file":
            disk.mkdir()
            (disk / "env").write_text("a file")
    project.env.symlink_to(disk / "env")
    before = fingerprint(project.folder.parent)
    with pytest.raises(UsageError, match="is a link") as refused:
        project.sync(MENU)
    assert refused.value.hint is not None
    kept = fingerprint(project.folder.parent)
    assert {name: kept[name] for name in before} == before
    assert project.env.is_symlink()
