"""`lockenv explain`: the last lock that could not be made, at full length."""

from __future__ import annotations

import json

import pytest

from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def failed(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project whose last lock found no solution."""
    index.add(make_wheel("banner", "1.0", requires=["icons<2"]))
    index.add(make_wheel("banner", "0.9", requires=["icons<2"]), yanked="it was drawn badly")
    index.add(make_wheel("dropdown", "1.2"), requires_python=">=3.99")
    project.manifest(dependencies=["banner", "dropdown>=1.1"])
    assert project.run("lock").status == 3
    return project


def test_explain(failed: ScratchProject) -> None:
    runs = [failed.run("explain")]
    failed.manifest(dependencies=["menu"])
    runs.append(failed.run("explain"))
    failed.run("lock").ok()
    runs.append(failed.run("explain"))
    check_screen("explain", failed, runs)
    assert [ran.status for ran in runs] == [0, 0, 2]


def test_explain_asks_no_index(failed: ScratchProject, index: FakeIndex) -> None:
    before = len(index.requests)
    failed.run("explain").ok()
    assert len(index.requests) == before


def test_the_document_of_explain(failed: ScratchProject) -> None:
    document = json.loads(failed.run("explain", "--json").ok().out)
    assert (document["schema"], document["changed"]) == (1, False)
    assert document["impossible"]["conflicts"]
    seen = {one["name"]: {v["version"]: v["out"] for v in one["versions"]} for one in document["seen"]}
    assert seen["dropdown"] == {"1.2": "needs Python >=3.99", "1.1": None, "1.0": None}
    assert seen["banner"]["0.9"] == "withdrawn (yanked): it was drawn badly"


def test_what_the_cache_has_lost_and_what_is_damaged(failed: ScratchProject) -> None:
    (note,) = (failed.cache / "failures").iterdir()
    failed.write("env.toml", "[env\n")
    assert "what was seen" not in failed.run("explain").ok().out
    note.write_text('{"format": 1}')
    assert failed.run("explain").status == 2
    failed.run("cache", "clean").ok()
    assert not note.exists()


def test_an_unknown_name_was_not_seen(project: ScratchProject) -> None:
    project.manifest(dependencies=["meun"])
    assert project.run("lock").status == 3
    assert "meun: nothing" in project.run("explain").ok().out


def test_another_kind_of_error_is_no_want_of_versions(failed: ScratchProject, index: FakeIndex) -> None:
    kept = failed.run("explain").ok().out
    index.fail("/simple/banner/", status=500)
    failed.run("cache", "prune", "--days", "0").ok()
    assert failed.run("lock").status == 5
    assert failed.run("explain").ok().out.splitlines()[0] == kept.splitlines()[0]
