from __future__ import annotations

import base64
import csv
import hashlib
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lockenv.errors import InstallError, Refused, UsageError
from lockenv.events import WAITING, Event, StageFinished, StageStarted, Warned
from lockenv.files import FileLock
from lockenv.plan import Install, Remove, Replace
from lockenv.transaction import places, state
from lockenv.transaction.apply import apply, installed
from lockenv.transaction.link import LinkMode
from lockenv.tree import Text
from tests.fakes.environments import ICONS, MENU, MENU2, Project, desired, skeleton
from tests.fakes.wheels import make_wheel


def test_an_environment_is_made_where_nothing_stood(project: Project) -> None:
    applied = project.sync(MENU, ICONS)
    assert [(type(step), step.name) for step in applied.plan.steps] == [(Install, "icons"), (Install, "menu")]
    assert applied.generation == 1
    assert project.run("menu") == "menu 1\n"
    assert (project.env / "etc" / "icons.conf").read_text() == "set = 1\n"
    assert (project.env / "lib64" / "python").parent.resolve() == (project.env / "lib").resolve()
    assert (project.env / "include").is_dir()
    assert str((project.env / "bin").readlink()) == ".lockenv/current/bin"
    assert not (project.env / "pyvenv.cfg").is_symlink()
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_the_second_time_nothing_is_done(project: Project) -> None:
    project.sync(MENU)
    before = str((project.env / ".lockenv" / "current").readlink())
    applied = project.sync(MENU)
    assert not applied.changed
    assert applied.plan.is_empty
    assert [package.name for package in applied.plan.kept] == ["menu"]
    assert str((project.env / ".lockenv" / "current").readlink()) == before


def test_another_lock_that_comes_to_the_same_files_changes_the_record_only(project: Project) -> None:
    project.sync(MENU, ICONS)
    inode = (project.site / "menu.py").stat().st_ino
    other = replace(project.desired(MENU, ICONS), lock_digest="another", selection=("main", "group test"))
    applied = apply(project.env, other)
    assert not applied.changed
    assert applied.plan.is_empty
    assert applied.generation == 1
    assert (project.site / "menu.py").stat().st_ino == inode
    record = state.read_current(str(project.env))
    assert record is not None
    assert (record.lock_digest, record.selection) == ("another", ("main", "group test"))
    assert state.is_current(
        str(project.env), lock_digest="another", selection=other.selection, interpreter_id=other.interpreter_id
    )


def test_another_lock_with_the_same_packages_does_not_hide_what_differs(project: Project) -> None:
    project.sync(MENU, ICONS)
    requested = replace(project.desired(MENU, ICONS, requested=("menu",)), lock_digest="another")
    assert apply(project.env, requested).generation == 2
    (project.site / "menu.py").unlink()
    drifted = replace(project.desired(MENU, ICONS, requested=("menu",)), lock_digest="a third")
    assert apply(project.env, drifted).generation == 3
    assert project.run("menu") == "menu 1\n"
    activation = Text(path="bin/activate", content=b"another script\n")
    entries = (*drifted.entries, activation)
    assert apply(project.env, replace(drifted, lock_digest="a fourth", entries=entries)).generation == 4


def test_a_change_installs_replaces_and_removes(project: Project) -> None:
    project.sync(MENU, ICONS)
    applied = project.sync(MENU2)
    assert [(type(step), step.name) for step in applied.plan.steps] == [(Remove, "icons"), (Replace, "menu")]
    assert project.run("menu") == "menu 2\n"
    assert not (project.site / "icons").exists()
    assert not (project.env / "etc").is_symlink()
    assert [package.version for package in installed(project.env)] == ["2.0"]
    project.sync(MENU2, ICONS)
    assert (project.env / "etc" / "icons.conf").exists()


def test_the_previous_generation_is_kept_and_older_ones_go(project: Project) -> None:
    for wheel in (MENU, MENU2, ICONS, MENU):
        project.sync(wheel)
    assert places.generations(str(project.env)) == [3, 4]


def test_an_environment_may_be_empty(project: Project) -> None:
    assert project.sync().changed
    assert project.site.is_dir()
    assert project.why_not() is None


# What the installer records


def rows(project: Project, dist_info: str) -> dict[str, tuple[str, str]]:
    with (project.site / dist_info / "RECORD").open(newline="") as file:
        return {path: (hashed, size) for path, hashed, size in csv.reader(file)}


def test_record_is_complete_and_right(project: Project) -> None:
    wheel = make_wheel(
        "menu",
        "1.0",
        files={
            "menu.py": "",
            "a b.txt": "",
            "{data}/scripts/tool": "#!python -E\nprint('tool')\n",
            "{data}/scripts/shell": "#!/bin/sh\necho shell\n",
            "{data}/headers/menu.h": "",
            "{data}/data/share/doc": "",
            "{info}/RECORD.jws": "{}",
        },
        scripts={"menu": "menu:main"},
    )
    apply(
        project.env,
        desired(project.store, [wheel], project.scratch, requested=["menu"], direct_urls={"menu": "{}"}),
    )
    recorded = rows(project, "menu-1.0.dist-info")
    for path, (hashed, size) in recorded.items():
        if path != "menu-1.0.dist-info/RECORD":
            content = (project.site / path).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (hashed, size) == (f"sha256={digest}", str(len(content))), path
    assert recorded["menu-1.0.dist-info/RECORD"] == ("", "")
    present = {
        os.path.relpath(file, project.site)
        for top in ("bin", "lib", "include", "share")
        for file in (project.env / top).rglob("*")
        if file.is_file() and not (file.is_symlink() and file.name == "python")
    }
    assert set(recorded) == present
    info = project.site / "menu-1.0.dist-info"
    assert (info / "INSTALLER").read_text() == "lockenv\n"
    assert (info / "REQUESTED").read_bytes() == b""
    assert (info / "direct_url.json").read_text() == "{}"
    assert project.run("tool") == "tool\n"
    assert project.run("shell") == "shell\n"


def test_a_dependency_is_not_marked_as_requested(project: Project) -> None:
    project.sync(MENU)
    info = project.site / "menu-1.0.dist-info"
    assert sorted(path.name for path in info.iterdir()) == [
        "INSTALLER",
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
    ]


def test_scripts_work_in_folders_with_spaces_and_quotes_and_very_long_names(tmp_path: Path) -> None:
    for name in ("my project's", "x" * 150, 'a "b" $c `d`'):
        folder = tmp_path / name
        folder.mkdir()
        project = Project(folder)
        tool = make_wheel("tool", "1", files={"{data}/scripts/tool": "#!python\nprint('tool')\n"})
        project.sync(MENU, tool)
        assert project.run("menu") == "menu 1\n"
        assert project.run("tool") == "tool\n"


def test_a_path_that_no_script_can_hold_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with pytest.raises(UsageError, match="cannot hold"):
        apply(project.folder / "a\\b", project.desired(MENU))
    assert list(project.folder.iterdir()) == []


def test_an_entry_point_inside_a_class_is_called(project: Project) -> None:
    source = "class App:\n    @staticmethod\n    def run():\n        print('run')\n        return 0\n"
    project.sync(make_wheel("app", "1", files={"app.py": source}, scripts={"app": "app:App.run"}))
    assert project.run("app") == "run\n"


# Linking


@pytest.mark.parametrize("mode", ["hardlink", "copy", "auto"])
def test_every_link_mode_gives_the_same_content_and_times(project: Project, mode: LinkMode) -> None:
    project.sync(MENU, link_mode=mode)
    path = project.site / "menu.py"
    (stored,) = [stored for _, stored in project.desired(MENU).packages]
    source = stored.root / "menu.py"
    assert path.read_bytes() == source.read_bytes()
    assert path.stat().st_mtime_ns == source.stat().st_mtime_ns
    if mode != "auto":
        assert path.samefile(source) == (mode == "hardlink")
    assert bool(path.stat().st_mode & stat.S_IWUSR) == (not path.samefile(source))
    assert project.why_not(MENU) is None


def test_an_edit_through_one_environment_reaches_no_other_unseen(project: Project, tmp_path: Path) -> None:
    project.sync(MENU, link_mode="hardlink")
    edited = project.site / "menu.py"
    edited.chmod(0o644)
    edited.write_text("def main():\n    print('evil')\n")
    (tmp_path / "second").mkdir()
    second = Project(tmp_path / "second")
    second.store = project.store
    second.sync(MENU, link_mode="hardlink")
    assert second.run("menu") == "menu 1\n"
    assert project.why_not(MENU) == f"{project.site.relative_to(project.env)}/menu.py was changed"
    project.sync(MENU, link_mode="hardlink")
    assert project.run("menu") == "menu 1\n"


def test_a_file_that_changes_in_the_store_during_a_sync_is_noticed_before_the_flip(project: Project) -> None:
    project.sync(ICONS)
    want = project.desired(MENU)
    source = want.packages[0][1].root / "menu.py"
    source.chmod(0o644)
    source.write_text("evil")
    with pytest.raises(InstallError, match="was changed through another environment"):
        apply(project.env, want, link_mode="hardlink")
    assert project.why_not(ICONS) is None
    assert places.generations(str(project.env)) == [1]
    project.sync(MENU, link_mode="hardlink")
    assert project.run("menu") == "menu 1\n"


# What stands in the way


def fingerprint(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_an_environment_made_by_others_is_adopted(project: Project) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.env)], check=True)
    (project.site / "stray.py").write_text("")
    applied = project.sync(MENU)
    assert applied.changed
    assert project.run("menu") == "menu 1\n"
    assert not (project.site / "stray.py").exists()
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_an_empty_folder_is_taken(project: Project) -> None:
    project.env.mkdir()
    project.sync(MENU)
    assert project.run("menu") == "menu 1\n"


def test_a_folder_that_is_no_environment_is_refused_and_left_alone(project: Project) -> None:
    project.env.mkdir()
    (project.env / "thesis.txt").write_text("three years")
    with pytest.raises(UsageError, match="holds no virtual environment"):
        project.sync(MENU)
    assert fingerprint(project.folder) == {".venv/thesis.txt": b"three years"}


def test_a_file_in_the_environments_place_is_refused(project: Project) -> None:
    project.env.write_text("")
    before = fingerprint(project.folder)
    with pytest.raises(UsageError, match="not the folder of an environment"):
        project.sync(MENU)
    assert fingerprint(project.folder) == before


def test_a_collision_is_refused_before_anything_changes(project: Project) -> None:
    project.sync(MENU)
    rival = make_wheel("rival", "1.0", files={"menu.py": "other"})
    with pytest.raises(Refused, match="both menu and rival bring it"):
        project.sync(MENU, rival)
    assert project.why_not(MENU) is None


def test_another_interpreter_means_a_new_environment(project: Project) -> None:
    project.sync(MENU)
    want = replace(project.desired(MENU), interpreter_id="another")
    applied = apply(project.env, want)
    assert applied.reason == state.OTHER_PYTHON
    assert project.run("menu") == "menu 1\n"
    assert [path.name for path in project.folder.iterdir()] == [".venv"]


def test_changed_settings_of_the_environment_are_taken_over(project: Project) -> None:
    project.sync(MENU)
    entries = tuple(
        Text(path="pyvenv.cfg", content=entry.content + b"prompt = x\n")
        if isinstance(entry, Text) and entry.path == "pyvenv.cfg"
        else entry
        for entry in skeleton()
    )
    apply(project.env, replace(project.desired(MENU2), entries=entries))
    assert (project.env / "pyvenv.cfg").read_text().endswith("prompt = x\n")
    assert project.run("menu") == "menu 2\n"


def test_who_does_not_wait_is_told_who_holds_the_environment(project: Project) -> None:
    project.sync(MENU)
    with (
        FileLock(project.env / ".lockenv" / "lock"),
        pytest.raises(InstallError, match=rf"is being changed by process {os.getpid()}"),
    ):
        apply(project.env, project.desired(MENU2), wait=0)
    assert project.why_not(MENU) is None


def test_of_an_environment_that_was_not_there_no_reason_is_told(project: Project) -> None:
    assert project.sync().reason == ""
    (project.env / ".lockenv" / "current" / ".state").unlink()
    assert project.sync().reason == "there is no generation that lockenv knows"


# Waiting


def test_who_waits_says_for_whom_and_that_it_waits_and_no_more(project: Project) -> None:
    project.sync(MENU)
    lock = FileLock(Path(places.lock(str(project.env))))
    lock.acquire()
    events: list[Event] = []

    def tell(event: Event) -> None:
        events.append(event)
        if event == StageStarted(stage=WAITING):
            lock.release()

    apply(project.env, project.desired(MENU2), reporter=tell)
    warned, *rest = events
    assert isinstance(warned, Warned)
    assert warned.message.startswith(f"waiting: {project.env} is being changed by process {os.getpid()} (")
    assert rest[:2] == [StageStarted(stage=WAITING), StageFinished(stage=WAITING)]
