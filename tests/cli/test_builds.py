"""Source distributions: locked with what they are built with, built where that is allowed, and only once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.building import built_with, requires_core, sdist
from tests.cli.refusals import check_refusal
from tests.cli.sourcing import packages, up_to_date
from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, ScratchProject, finished
from tests.fakes.sdists import Plan, source_files, source_sdist, source_tree
from tests.fakes.wheels import make_sdist, make_wheel


@pytest.fixture
def witness(project: ScratchProject) -> Path:
    """The file to which every call of a backend adds a line."""
    return project.scratch / "witness"


@pytest.fixture
def index(index: FakeIndex) -> FakeIndex:
    """An index with `core` 1.0 as an sdist alone, and what it is built with."""
    index.add(make_wheel("helper", "1.0"))
    return index


# Leave


@pytest.mark.parametrize("version", ["2.1", "2.2"], ids=["dynamic", "static"])
def test_an_sdist_counts_only_where_its_build_is_allowed(
    project: ScratchProject, index: FakeIndex, witness: Path, version: str
) -> None:
    index.add(sdist(witness=witness, metadata_version=version))
    requires_core(project, tables="")
    ran = project.run("lock")
    check_refusal(ran, 3, "core 1.0 is out: no wheels, and the source may not be built")
    assert 'hint: let it be built: `[build] allow = ["core"]`, or `lockenv lock --allow-build core`' in ran.err
    assert not witness.exists()
    requires_core(project)
    project.run("lock").ok()
    assert project.locked() == {"core": "1.0", "icons": "2.0"}


def test_static_metadata_are_read_and_not_built(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    assert witness.read_text().split() == ["get_requires_for_build_wheel"]
    assert index.count("/files/core-1.0.tar.gz") == 1


def test_dynamic_metadata_are_asked_of_the_build(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness, metadata_version="2.1"))
    requires_core(project)
    project.run("lock").ok()
    assert project.locked() == {"core": "1.0", "icons": "2.0"}
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}
    hooks = ["get_requires_for_build_wheel", "prepare_metadata_for_build_wheel", "build_wheel"]
    assert witness.read_text().split() == hooks
    assert index.count("/files/core-1.0.tar.gz") == 1


def test_an_older_release_with_wheels_is_taken_where_no_build_is_allowed(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(sdist())
    index.add(make_wheel("core", "0.9"))
    requires_core(project, tables="")
    project.run("lock").ok()
    assert project.locked() == {"core": "0.9"}


def test_leave_for_once(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project, tables="")
    project.run("lock", "--allow-build", "core").ok()
    before = project.lock.read_bytes()
    ran = project.run("sync")
    check_refusal(ran, 4, "core must be built", "core 1.0 has no wheels", 'allow = ["core"]', "--allow-build core")
    assert not project.env.exists()
    project.run("sync", "--allow-build", "core").ok()
    assert project.installed()["core"] == "1.0"
    assert project.lock.read_bytes() == before


def test_all_that_needs_leave_is_told_at_once(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    index.add(source_sdist("flags", "1.0", metadata_version="2.2"))
    requires_core(project, "flags", tables="")
    project.run("lock", "--allow-build", "core", "--allow-build", "flags").ok()
    check_refusal(project.run("sync"), 4, "core and flags must be built", 'allow = ["core", "flags"]')
    ran = project.run("sync", "--allow-build", "core")
    check_refusal(ran, 4, "flags must be built", 'allow = ["core", "flags"]', "`--allow-build flags`")


# Once, and with nothing to see


def test_what_was_built_is_not_built_again(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    project.run("sync").ok()
    assert up_to_date(project)
    index.forget_requests()
    project.run("sync", "--env", "other").ok()
    shutil.rmtree(project.cache / "wheels")
    project.run("sync", "--env", "third").ok()
    assert witness.read_text().split().count("build_wheel") == 1
    assert index.count("*core*") == index.count("*helper*") == 0


def test_other_settings_build_anew(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    project.run("sync").ok()
    project.run("sync", "--env", "other", CFLAGS="-O3").ok()
    assert witness.read_text().split().count("build_wheel") == 2


def test_offline_from_the_cache(project: ScratchProject, index: FakeIndex, witness: Path) -> None:
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    check_refusal(project.run("sync", "--offline"), 5, "--offline")
    project.run("sync").ok()
    shutil.rmtree(project.cache / "built")
    project.run("sync", "--env", "other", "--offline").ok()
    assert witness.read_text().split().count("build_wheel") == 2
    shutil.rmtree(project.cache / "built")
    shutil.rmtree(project.cache / "sources")
    check_refusal(project.run("sync", "--env", "third", "--offline"), 5, "core-1.0.tar.gz is not in the cache")


def test_a_build_sees_no_secrets_and_nothing_of_pip(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    secrets = {
        "LOCKENV_INDEX_ACME_PASSWORD": "hunter2",
        "PIP_INDEX_URL": "https://me:hunter2@example.com/simple",
        "UV_INDEX_ACME_PASSWORD": "hunter2",
        "GITHUB_TOKEN": "hunter2",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "HTTPS_PROXY": "http://me:hunter2@127.0.0.1:9",
        "PYTHONPATH": "/hunter2",
        "NO_PROXY": "127.0.0.1",
    }
    project.run("lock", **secrets).ok()
    project.run("sync", **secrets).ok()
    seen = built_with(project)
    assert "hunter2" not in json.dumps(seen)
    assert not [name for name in seen["environ"] if name.startswith(("PIP_", "LOCKENV_", "UV_"))]
    assert str(project.home) not in seen["environ"]["HOME"]
    assert seen["stdin"] == ""
    assert not any("site-packages" in path and str(project.cache) not in path for path in seen["path"])


# What goes wrong


def test_a_build_that_fails_leaves_everything_as_it_was(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist(plan={"fail": {"build_wheel": "no compiler here"}}))
    project.manifest(dependencies=["icons"])
    project.run("lock").ok()
    project.run("sync").ok()
    before = project.tree()
    requires_core(project)
    project.run("lock").ok()
    ran = project.run("sync")
    said = (
        "error: core 1.0 could not be built: `build_wheel` of its backend fake_backend failed with exit status 1"
    )
    assert ran.err.startswith(said)
    assert ran.status == 6
    assert "RuntimeError: no compiler here" in ran.err
    assert project.tree() == before
    log = Path(ran.err.split("all that it said is in ")[1].split()[0])
    assert "no compiler here" in log.read_text()


def test_metadata_that_cannot_be_built_end_the_lock(project: ScratchProject, index: FakeIndex) -> None:
    plan = {"fail": {"prepare_metadata_for_build_wheel": "no idea"}}
    index.add(sdist(metadata_version="2.1", plan=plan))
    requires_core(project)
    ran = project.run("lock")
    assert ran.status == 6
    assert "core 1.0 could not be built: `prepare_metadata_for_build_wheel` of its backend" in ran.err
    assert "RuntimeError: no idea" in ran.err
    assert not project.lock.exists()


@pytest.mark.parametrize(
    ("plan", "said"),
    [({"said_version": "1.1"}, "core 1.1, not core 1.0"), ({"said_name": "other"}, "other 1.0, not core 1.0")],
)
def test_a_wheel_of_something_else_is_refused(
    project: ScratchProject, index: FakeIndex, plan: dict[str, Any], said: str
) -> None:
    index.add(sdist(plan=plan))
    requires_core(project)
    project.run("lock").ok()
    check_refusal(project.run("sync"), 4, f"core 1.0 was built into {said}", "the source is not what it is called")
    assert not project.env.exists()


def test_a_wheel_that_requires_more_than_its_sdist_said_is_refused(
    project: ScratchProject, index: FakeIndex
) -> None:
    files = source_files("core", "1.0", requires=["icons", "checks"])
    index.add(make_sdist("core", "1.0", requires=["icons"], files=files))
    requires_core(project)
    project.run("lock").ok()
    assert "checks" not in project.locked()
    ran = project.run("sync")
    check_refusal(ran, 4, "what wheels require is not what their index or source said", "requires checks")


def test_a_hostile_sdist_is_refused(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist(files={"../../escaped": "x"}))
    requires_core(project)
    ran = project.run("lock")
    check_refusal(ran, 4, "core-1.0.tar.gz")
    assert not list(project.scratch.rglob("escaped"))


def test_another_sdist_behind_the_locked_url_is_refused(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    shutil.rmtree(project.cache)
    index.remove("core-1.0.tar.gz")
    index.add(sdist(plan={"tag": "py2.py3-none-any"}))
    check_refusal(project.run("sync"), 4, "core-1.0.tar.gz is not what it should be")
    assert not project.env.exists()


def test_ctrl_c_ends_the_backend_and_all_it_started(project: ScratchProject) -> None:
    folder = source_tree(project.folder / "libs/core", "core", "1.0", dynamic=[], plan={"waits": True})
    project.manifest(dependencies=["core"], more='[sources]\ncore = { path = "libs/core" }')
    project.run("lock").ok()
    _interrupt(project, "sync", folder, "_build/waiting")
    assert not project.env.exists()


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("kind", ["folder", "sdist"])
def test_ctrl_c_ends_a_lock_that_builds(
    project: ScratchProject, index: FakeIndex, kind: str, *, deaf: bool
) -> None:
    """What is not told by metadata alone is told by a wheel. The build of an sdist begins beside the search."""
    plan: Plan = {"waits": True, "deaf": deaf, "without": ["prepare_metadata_for_build_wheel"]}
    if kind == "folder":
        folder = source_tree(project.folder / "libs/core", "core", "1.0", plan=plan)
        project.manifest(dependencies=["core"], more='[sources]\ncore = { path = "libs/core" }')
        _interrupt(project, "lock", folder, "_build/waiting")
    else:
        index.add(source_sdist("core", "1.0", plan=plan))
        requires_core(project)
        _interrupt(project, "lock", project.cache, "built/work/*/source/core-1.0/_build/waiting")
    assert not project.lock.exists()


def _interrupt(project: ScratchProject, command: str, folder: Path, waiting: str) -> None:
    """Press Ctrl-C as soon as a backend says that it waits; see that nothing goes on."""
    with project.start(command, start_new_session=True) as process:
        running = _running(folder, waiting)
        process.send_signal(signal.SIGINT)
        ran = finished(process, (command,))
    assert ran.status == 130
    assert "interrupted" in ran.err
    for process_id in running:
        _has_ended(process_id)


def _running(folder: Path, waiting: str) -> list[int]:
    """The processes that a backend says it runs as, once it says so."""
    for _ in range(PATIENCE * 20):
        for path in folder.glob(waiting):
            found: list[int] = json.loads(path.read_text())
            return found
        time.sleep(0.05)
    raise AssertionError("the backend never began")


def _has_ended(process_id: int) -> None:
    for _ in range(PATIENCE * 20):
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{process_id}/stat").exists():
            state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "Z":
                return
        time.sleep(0.05)
    raise AssertionError(f"{process_id} still runs")


# The cache


def test_the_cache_counts_and_prunes_what_builds_need(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    project.run("sync").ok()
    size = project.run("cache", "size").ok().out
    assert "builds and sources  0 B" not in size
    project.run("cache", "prune").ok()
    project.run("sync", "--env", "other", "--offline").ok()
    project.run("cache", "prune", "--days", "0").ok()
    assert "builds and sources  0 B" in project.run("cache", "size").ok().out
    assert not list((project.cache / "sources").iterdir())
    assert up_to_date(project)
    project.run("sync", "--env", "third").ok()
    assert len(packages(project)) == 2


def test_damaged_lines_of_a_lock_stop_a_sync_and_no_lock(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    whole = project.lock.read_text()
    damaged = whole.replace('name = "helper"', "name = 3")
    assert damaged != whole
    project.write("pylock.toml", damaged)
    check_refusal(project.run("sync"), 2, "what core is built with cannot be read from the lock", "lockenv lock")
    project.run("lock", "--upgrade-package", "icons").ok()
    assert project.lock.read_text() == whole
