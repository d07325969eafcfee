"""`sync --dry-run`: what would come, go and change is shown, and nothing is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with two packages."""
    with FakeIndex() as made:
        for version in ("1.0", "2.0"):
            made.add(make_wheel("menu", version))
        made.add(make_wheel("icons", "1.0"))
        made.add(make_wheel("checks", "1.0"))
        yield made


@pytest.fixture
def project(tmp_path: Path, index: FakeIndex) -> ScratchProject:
    """A project that is locked, and not synced."""
    made = ScratchProject(tmp_path, index_url=index.url)
    made.manifest(dependencies=["menu<2", "icons"], groups={"test": ["checks"]})
    made.run("lock").ok()
    return made


def test_what_would_come_is_shown_and_does_not_come(project: ScratchProject, index: FakeIndex) -> None:
    before = len(index.requests)
    shown = project.run("sync", "--dry-run").ok().out
    assert shown == "+ icons 1.0\n+ menu 1.0\n.venv: 2 packages would come, go or change; nothing was done\n"
    assert not project.env.exists()
    assert len(index.requests) == before


def test_what_would_go_and_change_is_shown_and_stays(project: ScratchProject) -> None:
    project.run("sync", "--group", "test").ok()
    tree = project.tree()
    project.manifest(dependencies=["menu>=2"], groups={"test": ["checks"]})
    project.run("lock").ok()
    shown = project.run("sync", "--dry-run").ok().out
    assert shown.splitlines() == [
        "- checks 1.0",
        "- icons 1.0",
        "~ menu 1.0 -> 2.0",
        ".venv: 3 packages would come, go or change; nothing was done",
    ]
    assert project.tree() == tree


def test_where_nothing_would_change_that_is_said(project: ScratchProject) -> None:
    project.run("sync").ok()
    shown = project.run("sync", "--dry-run").ok().out
    assert shown == ".venv: it has the packages of pylock.toml; nothing was done\n"


def test_machines_are_told_the_same(project: ScratchProject) -> None:
    told = json.loads(project.run("sync", "--dry-run", "--json").ok().out)
    assert told["dry-run"] is True
    assert told["changes"] == [
        {"name": "icons", "before": None, "after": "1.0"},
        {"name": "menu", "before": None, "after": "1.0"},
    ]


def test_a_stale_lock_is_refused_as_a_sync_would(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu>=2"])
    refused = project.run("sync", "--dry-run")
    assert refused.status == project.run("sync").status != 0
    assert "out of date" in refused.err
