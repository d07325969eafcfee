"""Another tool's environment is adopted: what nobody but its owner knows of is kept, and told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lockenv.events import Event, Warned
from lockenv.transaction import commit, places
from lockenv.transaction.apply import apply
from lockenv.transaction.strays import keep_strays, kept_in, strays
from tests.fakes.environments import MENU, SITE, Project
from tests.fakes.wheels import make_wheel


def put(env: Path, path: str, content: str = "mine") -> None:
    (env / path).parent.mkdir(parents=True, exist_ok=True)
    (env / path).write_text(content)


def install(env: Path, name: str, *files: str) -> None:
    """Install a distribution as another tool would have recorded it; files are seen from the libraries."""
    info = f"{SITE}/{name}-1.0.dist-info"
    put(env, f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    put(env, f"{info}/RECORD", "".join(f'"{file}",,\n' for file in files))
    for file in files:
        put(env, os.path.normpath(f"{SITE}/{file}"), "theirs")


@pytest.fixture
def foreign(project: Project) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.env)], check=True)
    install(project.env, "tool", "tool/__init__.py", "tool/a b.py", "../../../bin/tool", "../../../share/tool/x")
    return project.env


def test_what_venv_and_packages_bring_is_no_stray(foreign: Path) -> None:
    put(foreign, f"{SITE}/tool/__pycache__/__init__.cpython-312.pyc")
    put(foreign, f"{SITE}/_virtualenv.py")
    put(foreign, f"{SITE}/pip-24.2.virtualenv")
    put(foreign, f"{SITE}/~ool/__init__.py")
    put(foreign, "bin/activate.nu")
    put(foreign, "bin/python3.12t")
    (foreign / "share" / "empty" / "empty").mkdir(parents=True)
    assert strays(str(foreign)) == []


def test_what_pip_installed_before_wheels_is_no_stray(foreign: Path) -> None:
    put(foreign, f"{SITE}/old-1.egg-info/installed-files.txt", "../old.py\n../../../../bin/old\n")
    put(foreign, f"{SITE}/old.py")
    put(foreign, "bin/old")
    put(foreign, f"{SITE}/older-1-py3.8.egg/older.py")
    assert strays(str(foreign)) == []


def test_what_nobody_explains_is_a_stray_and_a_folder_of_it_is_one(foreign: Path) -> None:
    for path in ("bin/mytool", "share/data.csv", f"{SITE}/mine.py", f"{SITE}/tool/plugin.py", "etc/a/b/c.conf"):
        put(foreign, path)
    put(foreign, ".gitignore", "*\n!keep\n")
    (foreign / "man").symlink_to("share")
    assert strays(str(foreign)) == [
        ".gitignore",
        "bin/mytool",
        "etc/a/",
        f"{SITE}/mine.py",
        f"{SITE}/tool/plugin.py",
        "man",
        "share/data.csv",
    ]


@pytest.mark.parametrize("record", ['"', "a\0b,,\n", "x" * 200_000, "/etc/passwd,,\n../../../../../../etc,,\n"])
def test_a_broken_record_explains_nothing_and_breaks_nothing(foreign: Path, record: str) -> None:
    put(foreign, f"{SITE}/bad-1.dist-info/RECORD", record)
    put(foreign, "bin/mytool")
    assert strays(str(foreign)) == ["bin/mytool"]


def test_strays_are_kept_and_told_when_an_environment_is_adopted(project: Project, foreign: Path) -> None:
    for path in ("bin/mytool", "share/data.csv", f"{SITE}/mine.py", "lib/more/a", "lib/more/b", "etc/c"):
        put(foreign, path, path)
    (foreign / "bin" / "mytool").chmod(0o755)
    events: list[Event] = []
    apply(project.env, project.desired(MENU), reporter=events.append)
    kept = foreign / "kept"
    for path in ("bin/mytool", "share/data.csv", f"{SITE}/mine.py", "lib/more/a", "lib/more/b", "etc/c"):
        assert (kept / path).read_text() == path
    assert (kept / "bin" / "mytool").stat().st_mode & 0o111
    assert not (kept / SITE / "tool").exists()
    told = [event.message for event in events if isinstance(event, Warned)][-1]
    assert told == (
        f"what no package and no tool explains is kept in {foreign}/kept:"
        f" bin/mytool, etc/c, lib/more/, {SITE}/mine.py and 1 more"
    )
    assert [path.name for path in project.folder.iterdir()] == [".venv"]
    assert project.why_not(MENU) is None


def test_nothing_is_told_or_kept_where_everything_is_explained(project: Project, foreign: Path) -> None:
    events: list[Event] = []
    apply(project.env, project.desired(MENU), reporter=events.append)
    assert len([event for event in events if isinstance(event, Warned)]) == 1
    assert not (foreign / "kept").exists()


def test_what_was_kept_before_is_never_overwritten(project: Project, foreign: Path) -> None:
    for text in ("first", "second", "third"):
        put(foreign, "bin/mytool", text)
        apply(project.env, project.desired(MENU))
        if text != "third":
            shutil.rmtree(foreign / ".lockenv")
            for name in ("bin", "lib", "lib64", "include"):
                (foreign / name).unlink()
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(foreign)], check=True)
    found = sorted((path.name, path.read_text()) for path in (foreign / "kept" / "bin").iterdir())
    assert found == [("mytool", "first"), ("mytool.2", "second"), ("mytool.3", "third")]


def test_a_package_may_bring_a_folder_of_that_name(project: Project, foreign: Path) -> None:
    wheel = make_wheel("hoard", "1.0", files={"{data}/data/kept/x": "1"})
    put(foreign, "bin/mytool")
    events: list[Event] = []
    apply(project.env, project.desired(wheel), reporter=events.append)
    assert (foreign / "kept-2" / "bin" / "mytool").exists()
    assert f"is kept in {foreign}/kept-2:" in [event.message for event in events if isinstance(event, Warned)][-1]
    assert kept_in(str(foreign), ["bin/mytool"]) == "kept-2"


@pytest.mark.parametrize("what", ["a file", "a link that leads out", "a link that leads nowhere"])
@pytest.mark.parametrize("where", ["kept/bin", f"kept/{SITE}"])
def test_what_people_keep_in_that_folder_is_in_no_stray_s_way(
    where: str, what: str, project: Project, foreign: Path
) -> None:
    outside = project.folder.parent / "outside"
    put(foreign, "bin/mytool")
    put(foreign, f"{SITE}/own.py")
    (foreign / where).parent.mkdir(parents=True)
    if what == "a file":
        (foreign / where).write_text("a note")
    else:
        (foreign / where).symlink_to(outside)
    if what == "a link that leads out":
        outside.mkdir()
    events: list[Event] = []
    apply(project.env, project.desired(MENU), reporter=events.append)
    assert (foreign / "kept-2" / "bin" / "mytool").read_text() == "mine"
    assert (foreign / "kept-2" / SITE / "own.py").read_text() == "mine"
    assert f"is kept in {foreign}/kept-2:" in [event.message for event in events if isinstance(event, Warned)][-1]
    assert os.path.lexists(foreign / where)
    assert not commit.leftovers(str(foreign))
    assert not outside.exists() or not list(outside.iterdir())


def test_what_a_kill_left_of_the_retired_environment_is_carried_over_by_the_next(
    project: Project, foreign: Path
) -> None:
    put(foreign, "bin/mytool")
    put(foreign, "share/data.csv")
    copy = project.folder / "copy"
    shutil.copytree(foreign, copy, symlinks=True)
    apply(project.env, project.desired(MENU))
    shutil.rmtree(foreign / "kept" / "bin")
    retired = copy.rename(places.old_beside(str(foreign)))
    (retired / "share" / "data.csv").unlink()  # as if that had been carried already
    commit.recover(str(foreign))
    assert (foreign / "kept" / "bin" / "mytool").exists()
    assert (foreign / "kept" / "share" / "data.csv").exists()
    assert not retired.exists()


def test_a_retired_environment_that_is_being_removed_has_no_strays_left(project: Project, foreign: Path) -> None:
    put(foreign, "bin/mytool")
    retired = project.folder / "retired"
    foreign.rename(retired)
    project.sync(MENU)
    keep_strays(str(retired), str(foreign))
    shutil.rmtree(retired / SITE / "tool-1.0.dist-info")  # its files are there still
    keep_strays(str(retired), str(foreign))
    assert not (foreign / "kept" / "lib").exists()
    assert (foreign / "kept" / "bin" / "mytool").exists()


def test_a_retired_environment_comes_back_where_the_new_one_was_removed(project: Project, foreign: Path) -> None:
    put(foreign, "bin/mytool")
    foreign.rename(places.new_beside(str(foreign)))
    commit.recover(str(foreign))
    assert (foreign / "bin" / "mytool").exists()


def test_an_environment_of_ours_has_no_strays(project: Project) -> None:
    project.sync(MENU)
    assert strays(str(project.env)) == []
    shutil.rmtree(project.env / ".lockenv")
    assert strays(str(project.env)) == []
