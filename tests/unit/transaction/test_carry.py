"""A whole environment is replaced: what goes is told, and what is people's own stays."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lockenv.errors import InstallError, UsageError
from lockenv.events import Event, Noted, Warned
from lockenv.plan import Install, Remove, Replace
from lockenv.transaction.apply import Applied, apply
from tests.fakes.environments import ICONS, MENU, MENU2, Project
from tests.fakes.wheels import BuiltFile, make_wheel

OPT = make_wheel("opt", "1.0", files={"{data}/data/opt/set": "1"})
SHARED = make_wheel("shared", "1.0", files={"{data}/data/share/set": "1"})


def put(project: Project, name: str, version: str) -> None:
    """Install a distribution as another tool would have recorded it."""
    info = project.site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("")


def made_by_venv(project: Project) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.env)], check=True)


def people(env: Path) -> None:
    (env / "notes.txt").write_text("mine")
    (env / "drafts").mkdir()
    (env / "drafts" / "first.txt").write_text("once")
    (env / "latest").symlink_to("drafts/first.txt")


def still_there(env: Path) -> bool:
    return (env / "notes.txt").read_text() == "mine" and (env / "latest").read_text() == "once"


def steps(applied: Applied) -> list[tuple[type, str]]:
    return [(type(step), step.name) for step in applied.plan.steps]


def test_adopting_an_environment_says_what_goes_and_who_made_it(project: Project) -> None:
    made_by_venv(project)
    for name, version in (("menu", "1.0"), ("Old_Thing", "3"), ("icons", "0.9")):
        put(project, name, version)
    (project.site / "ancient-2.0-py3.8.egg-info").write_text("")
    (project.site / "broken-4.dist-info").mkdir()
    events: list[Event] = []
    applied = apply(project.env, project.desired(MENU, ICONS), reporter=events.append)
    assert steps(applied) == [
        (Remove, "ancient"),
        (Remove, "broken"),
        (Replace, "icons"),
        (Replace, "menu"),
        (Remove, "old-thing"),
    ]
    assert [step.installed.version for step in applied.plan.steps if not isinstance(step, Install)] == [
        "2.0",
        "4",
        "0.9",
        "1.0",
        "3",
    ]
    assert [event.message for event in events if isinstance(event, Warned)] == [
        f"replacing the environment at {project.env}, which venv made (5 packages)"
    ]


@pytest.mark.parametrize("key", ["uv", "virtualenv"])
def test_the_maker_is_named(project: Project, key: str) -> None:
    project.env.mkdir()
    (project.env / "pyvenv.cfg").write_text(f"home = /usr/bin\n{key} = 1.0\n")
    put(project, "menu", "1.0")
    events: list[Event] = []
    apply(project.env, project.desired(MENU), reporter=events.append)
    (warned,) = [event.message for event in events if isinstance(event, Warned)]
    assert warned.endswith(f"which {key} made (1 package)")


def test_nobody_is_warned_where_nothing_of_others_is_replaced(project: Project) -> None:
    events: list[Event] = []
    apply(project.env, project.desired(MENU), reporter=events.append)
    apply(project.env, project.desired(MENU2), reporter=events.append)
    shutil.rmtree(project.env / ".lockenv")
    (project.env / "pyvenv.cfg").write_text("home = /usr/bin\nlockenv = 1.0\n")
    apply(project.env, project.desired(MENU2), reporter=events.append)
    apply(project.env, replace(project.desired(MENU), interpreter_id="another"), reporter=events.append)
    assert not [event for event in events if isinstance(event, Warned)]


def test_peoples_own_things_stay_when_an_environment_is_adopted(project: Project) -> None:
    made_by_venv(project)
    people(project.env)
    for name in (".lock", "CACHEDIR.TAG"):
        (project.env / name).write_text("")
    (project.env / "man").mkdir()
    events: list[Event] = []
    apply(project.env, project.desired(MENU), reporter=events.append)
    assert still_there(project.env)
    assert not any((project.env / name).exists() for name in (".lock", "CACHEDIR.TAG", "man"))
    assert Noted(message="not part of the environment, and kept: drafts, latest, notes.txt") in events
    assert project.run("menu") == "menu 1\n"
    assert project.why_not(MENU) is None
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_peoples_own_things_stay_with_another_interpreter(project: Project) -> None:
    project.sync(MENU, ICONS, OPT)
    people(project.env)
    applied = apply(project.env, replace(project.desired(MENU), interpreter_id="another"))
    assert steps(applied) == [(Remove, "icons"), (Remove, "opt")]
    assert still_there(project.env)
    assert not (project.env / "opt").is_symlink()


def test_peoples_own_things_stay_when_settings_were_edited_or_the_record_is_lost(project: Project) -> None:
    project.sync(MENU)
    people(project.env)
    (project.env / "pyvenv.cfg").write_text("home = /evil\n")
    assert project.sync(MENU).changed
    assert still_there(project.env)
    (project.env / ".lockenv" / "current" / ".state").unlink()
    assert steps(project.sync(MENU)) == [(Replace, "menu")]
    assert still_there(project.env)


def test_what_stands_in_the_way_is_refused_by_name_and_nothing_changes(project: Project) -> None:
    project.sync(MENU)
    for name in ("opt", "other"):
        (project.env / name).mkdir()
    with pytest.raises(UsageError, match=r"cannot keep there: opt$") as refusal:
        project.sync(MENU, OPT)
    assert "move opt out" in (refusal.value.hint or "")
    assert project.why_not(MENU) is None
    (project.env / "opt").rmdir()
    project.sync(MENU, OPT)
    assert (project.env / "opt" / "set").read_text() == "1"
    assert (project.env / "other").is_dir()


@pytest.mark.parametrize("wheel", [MENU2, SHARED], ids=["in nobody's way", "in a package's way"])
def test_a_folder_with_a_usual_name_that_lockenv_did_not_make_is_not_lost(
    project: Project, wheel: BuiltFile
) -> None:
    project.sync(MENU)
    (project.env / "share").mkdir()
    (project.env / "share" / "thesis.txt").write_text("three years")
    with pytest.raises(UsageError, match="cannot keep there: share"):
        apply(project.env, replace(project.desired(wheel), interpreter_id="another"))
    assert (project.env / "share" / "thesis.txt").read_text() == "three years"
    assert project.why_not(MENU) is None


def test_what_a_kill_left_beside_comes_back(project: Project) -> None:
    made_by_venv(project)
    beside = project.folder / ".venv.lockenv-new"
    (beside / ".lockenv").mkdir(parents=True)
    (beside / "bin").symlink_to(".lockenv/current/bin")
    (beside / "opt").symlink_to(".lockenv/current/opt")
    people(beside)
    project.sync(MENU)
    assert still_there(project.env)
    assert not (project.env / "opt").is_symlink()
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_what_a_kill_left_beside_is_never_removed_for_want_of_room(project: Project) -> None:
    project.sync(MENU)
    (project.env / "notes.txt").write_text("newer")
    beside = project.folder / ".venv.lockenv-new"
    beside.mkdir()
    people(beside)
    with pytest.raises(UsageError, match=r"notes\.txt"):
        project.sync(MENU2)
    assert (beside / "notes.txt").read_text() == "mine"
    assert (project.env / "notes.txt").read_text() == "newer"
    (beside / "notes.txt").rename(project.env / "older notes.txt")
    project.sync(MENU2)
    assert (project.env / "latest").read_text() == "once"
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_a_failure_before_the_swap_takes_nothing_away(project: Project) -> None:
    made_by_venv(project)
    people(project.env)
    want = project.desired(MENU)
    (want.packages[0][1].root / "menu.py").unlink()
    with pytest.raises(InstallError, match="was not changed"):
        apply(project.env, want)
    assert still_there(project.env)
    assert not (project.env / ".lockenv").exists()
