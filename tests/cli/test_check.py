"""`lockenv check`: three lines that say what is the case and what to run."""

from __future__ import annotations

import json
import shutil

import pytest

from lockenv.transaction import places
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject


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
