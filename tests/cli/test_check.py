"""`lockenv check`: three lines that say what is the case and what to run."""

from __future__ import annotations

import json
import shutil

import pytest

from lockenv.transaction import places
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.unit.python.pythons import installed_python


def test_check(project: ScratchProject) -> None:
    runs = [project.run("check")]
    project.manifest(dependencies=["menu"], groups={"test": ["checks"]})
    runs.append(project.run("check"))
    project.run("lock").ok()
    runs.append(project.run("check"))
    project.run("sync", "--group", "test").ok()
    runs.append(project.run("check"))
    (project.env / "lib" / f"python{SERIES}" / "site-packages" / "icons.py").unlink()
    runs.append(project.run("check"))
    project.manifest(dependencies=["menu", "icons<2"])
    runs += [project.run("check"), project.run("check", "-v")]
    project.run("lock").ok()
    runs.append(project.run("check"))
    project.write("env.toml", "[env]\npyton = 3\n")
    runs += [project.run("check"), project.run("check", "-v")]
    (project.folder / "env.toml").unlink()
    runs.append(project.run("check"))
    project.lock.write_text("lock-version = 1")
    runs.append(project.run("check"))
    check_screen("check", project, runs)
    assert [ran.status for ran in runs] == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]


def test_check_asks_no_index(synced: ScratchProject, index: FakeIndex) -> None:
    shutil.rmtree(synced.cache)
    before = len(index.requests)
    synced.run("check").ok()
    assert len(index.requests) == before


def test_check_changes_nothing(synced: ScratchProject) -> None:
    synced.write("pylock.toml", synced.lock.read_text(encoding="utf-8").replace("icons", "icon"))
    before = synced.tree(), synced.lock.read_bytes()
    assert synced.run("check").status == 1
    assert (synced.tree(), synced.lock.read_bytes()) == before


def test_the_document_of_check(synced: ScratchProject) -> None:
    document = json.loads(synced.run("check", "--json").ok().out)
    assert (document["schema"], document["ok"]) == (1, True)
    shutil.rmtree(synced.env)
    ran = synced.run("check", "--json")
    assert ran.status == 1
    document = json.loads(ran.out)
    assert [document[part]["ok"] for part in ("manifest", "lock", "environment")] == [True, True, False]
    assert document["environment"]["remedy"] == "lockenv sync"


@pytest.mark.parametrize("selection", [("--all-groups",), ("--group", "test", "--seed"), ()])
def test_the_remedy_asks_for_what_was_asked_for(synced: ScratchProject, selection: tuple[str, ...]) -> None:
    synced.run("sync", *selection).ok()
    synced.run("check").ok()
    synced.write("pylock.toml", synced.lock.read_text(encoding="utf-8") + "\n")
    said = synced.run("check").out
    assert said.rstrip().endswith(f"run `{' '.join(['lockenv', 'sync', *selection])}`")


def test_an_environment_without_our_record(synced: ScratchProject) -> None:
    for path in (synced.env / ".lockenv").glob("g-*"):
        (path / places.STATE).unlink()
    assert "no  .venv was not made by lockenv; run `lockenv sync`\n" in synced.run("check").out


def test_quiet_says_nothing_and_answers_by_its_status(synced: ScratchProject) -> None:
    ran = synced.run("check", "-q")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_no_sync_is_offered_that_would_be_refused(synced: ScratchProject) -> None:
    held = synced.lock.read_text(encoding="utf-8")
    synced.write("pylock.toml", f"<<<<<<< HEAD\n{held}=======\n{held}>>>>>>> side\n")
    ran = synced.run("check")
    assert ran.status == 1
    assert ran.out.splitlines()[1:] == [
        "no  pylock.toml has a merge conflict; run `lockenv lock`",
        "--  .venv cannot be judged before pylock.toml can be read",
    ]


def test_an_environment_of_another_python_than_is_asked_for(project: ScratchProject) -> None:
    other = "3.9" if SERIES != "3.9" else "3.10"
    executable = installed_python(other)
    project.environ["PATH"] = f"{project.environ['PATH']}:{executable.parent}"
    project.manifest(dependencies=["menu"], python=">=3.9")
    project.run("lock").ok()
    project.run("sync").ok()
    project.write(".python-version", f"{other}\n")
    ran = project.run("check")
    assert ran.status == 1
    assert ran.out.splitlines()[2].startswith(f"no  .venv has Python {SERIES}.")
    assert ran.out.splitlines()[2].endswith("is asked for; run `lockenv sync`")
    project.run("sync").ok()
    project.run("check").ok()
    asked = project.run("check", "--python", SERIES)
    assert asked.out.rstrip().endswith(f"is asked for; run `lockenv sync --python {SERIES}`")
    project.run("check", "--python", str(executable)).ok()


def test_what_a_sync_would_leave_alone_is_no_other_python(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"], python=">=3.9")
    project.write(".python-version", "3.98\n")
    project.run("lock").ok()
    project.run("sync").ok()
    assert "already exactly" in project.run("sync").out
    project.run("check").ok()
