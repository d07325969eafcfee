"""`[sources]`: folders of the project, from the manifest through the lock into the environment."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.sourcing import core_tree, direct_url, entry, manifest, up_to_date
from tests.fakes.project import ScratchProject
from tests.fakes.repositories import Repository
from tests.fakes.sdists import calls, source_tree
from tests.fakes.wheels import make_wheel


def test_a_folder_that_says_all_is_locked_by_what_it_says(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core" }')
    assert "+ core from libs/core\n" in project.run("lock").ok().out
    # Only what its backend needs can nobody else tell.
    assert calls(folder) == ["get_requires_for_build_wheel"]
    package = entry(project, "core")
    assert package["directory"] == {"path": "libs/core"}
    assert "version" not in package
    assert package["tool"]["lockenv"]["requires"] == ["icons"]
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}
    assert direct_url(project, "core") == {"url": folder.as_uri(), "dir_info": {}}
    assert calls(folder) == ["get_requires_for_build_wheel", "build_wheel"]


def test_a_folder_whose_metadata_are_dynamic_is_asked_while_locking(project: ScratchProject) -> None:
    folder = core_tree(project)
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    assert calls(folder) == ["get_requires_for_build_wheel", "prepare_metadata_for_build_wheel"]
    assert entry(project, "core")["tool"]["lockenv"]["requires"] == ["icons"]
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}


def test_an_edit_of_an_editable_folder_shows_at_once(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core", editable = true }')
    project.run("lock").ok()
    assert entry(project, "core")["directory"] == {"path": "libs/core", "editable": True}
    project.run("sync").ok()
    assert project.python("import core; print(core.version)") == "1.0"
    assert direct_url(project, "core")["dir_info"] == {"editable": True}
    (folder / "src/core.py").write_text("version = 'edited'\n")
    assert project.python("import core; print(core.version)") == "edited"
    assert up_to_date(project)
    assert calls(folder).count("build_editable") == 1


def test_a_backend_that_cannot_be_editable_is_an_error_that_says_so(project: ScratchProject) -> None:
    core_tree(project, dynamic=[], plan={"without": ["build_editable"]})
    manifest(project, 'core = { path = "libs/core", editable = true }')
    project.run("lock").ok()
    check_refusal(project.run("sync"), 6, "core cannot be installed as editable", "leave out `editable = true`")


def _edit(folder: Path) -> None:
    (folder / "src/core.py").write_text("version = 'edited'\n")


def _add(folder: Path) -> None:
    (folder / "src/more.py").write_text("")


def _delete(folder: Path) -> None:
    (folder / "README").unlink()


def _rename(folder: Path) -> None:
    (folder / "README").rename(folder / "READ.ME")


def _make_executable(folder: Path) -> None:
    (folder / "README").chmod(0o755)


def _edit_in_disguise(folder: Path) -> None:
    """Same size, same time."""
    path = folder / "src/core.py"
    before = path.stat()
    path.write_text(path.read_text().replace("1.0", "2.0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [_edit, _add, _delete, _rename, _make_executable, _edit_in_disguise])
def test_a_change_of_a_folder_is_noticed_by_the_next_sync(project: ScratchProject, change: Any) -> None:
    folder = core_tree(project, dynamic=[], files={"README": "core\n"})
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    assert up_to_date(project)
    change(folder)
    project.run("lock", "--check").ok()
    ran = project.run("sync").ok()
    assert "already" not in ran.out
    assert calls(folder).count("build_wheel") == 2
    assert project.python("import core; print(core.version)") in (folder / "src/core.py").read_text()
    assert up_to_date(project)


def test_what_builds_leave_in_a_folder_is_no_change(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    for path in (
        "build/lib/core.py",
        "dist/core-1.0.tar.gz",
        "src/core.egg-info/PKG-INFO",
        "src/__pycache__/x.pyc",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("")
    assert up_to_date(project)


def test_a_folder_that_was_only_touched_is_not_built_again(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    (folder / "src/core.py").touch()
    assert up_to_date(project)
    assert calls(folder).count("build_wheel") == 1


def test_what_was_built_is_used_by_the_next_environment(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    project.run("sync", "--env", "other", "--offline").ok()
    assert calls(folder).count("build_wheel") == 1


def test_a_folder_that_declares_something_else_makes_the_lock_stale(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    before = project.tree()
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text.replace('["icons"]', '["checks"]'))
    said = "libs/core has changed what it declares"
    check_refusal(project.run("lock", "--check"), 1, said)
    check_refusal(project.run("sync"), 2, said, "lockenv lock")
    assert project.tree() == before
    project.run("lock").ok()
    plan = json.loads((folder / "_build/plan.json").read_text())
    plan["metadata"] = plan["metadata"].replace("icons", "checks")
    (folder / "_build/plan.json").write_text(json.dumps(plan))
    project.run("sync").ok()
    assert project.installed() == {"checks": "3.1", "core": "1.0"}


@pytest.mark.parametrize("line", ["Requires-Dist: checks\n", ""], ids=["more", "fewer"])
def test_requirements_that_only_a_build_tells_are_compared_after_it(project: ScratchProject, line: str) -> None:
    folder = core_tree(project)
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    before = project.tree()
    plan = json.loads((folder / "_build/plan.json").read_text())
    old = "Requires-Dist: icons\n"
    plan["metadata"] = plan["metadata"].replace(old, old + line if line else "")
    (folder / "_build/plan.json").write_text(json.dumps(plan))
    check_refusal(project.run("sync"), 2, "the lock is out of date", "libs/core: ", "lockenv lock")
    assert project.tree() == before
    project.run("lock").ok()
    project.run("sync").ok()
    assert ("checks" in project.installed(), "icons" in project.installed()) == (bool(line), bool(line))


def test_a_folder_may_lie_beside_the_project(project: ScratchProject) -> None:
    folder = core_tree(project, "../libs/core")
    manifest(project, 'core = { path = "../libs/core" }')
    project.run("lock").ok()
    assert entry(project, "core")["directory"] == {"path": "../libs/core"}
    assert str(project.scratch) not in project.lock.read_text()
    project.run("sync").ok()
    _edit(folder)
    assert not up_to_date(project)


def test_the_project_s_own_folder_is_a_source(project: ScratchProject) -> None:
    core_tree(project, ".", dynamic=[])
    manifest(project, 'core = { path = ".", editable = true }')
    project.run("lock").ok()
    assert entry(project, "core")["directory"] == {"path": ".", "editable": True}
    project.run("sync").ok()
    assert up_to_date(project)


def test_paths_count_from_a_lock_that_lies_elsewhere(project: ScratchProject) -> None:
    core_tree(project)
    make_wheel("icons", "3.0").write_to(project.folder)
    manifest(project, 'core = { path = "libs/core" }', 'icons = { path = "icons-3.0-py3-none-any.whl" }')
    (project.folder / "locks").mkdir()
    project.run("lock", "--lock", "locks/pylock.toml").ok()
    text = (project.folder / "locks/pylock.toml").read_text()
    assert 'directory = {path = "../libs/core"}' in text
    assert 'archive = {path = "../icons-3.0-py3-none-any.whl"' in text
    project.run("sync", "--lock", "locks/pylock.toml").ok()
    assert project.installed() == {"core": "1.0", "icons": "3.0"}


def test_a_folder_within_a_folder(project: ScratchProject) -> None:
    core_tree(project, "libs/all/core")
    manifest(project, 'core = { path = "libs/all", subdirectory = "core" }')
    project.run("lock").ok()
    assert entry(project, "core")["directory"] == {"path": "libs/all", "subdirectory": "core"}
    project.run("sync").ok()
    assert project.installed()["core"] == "1.0"
    assert direct_url(project, "core")["subdirectory"] == "core"
    _edit(project.folder / "libs/all/core")
    assert not up_to_date(project)


def test_a_commit_is_noticed_where_a_version_may_be_made_of_it(project: ScratchProject) -> None:
    repository = Repository(project.folder / "libs")
    folder = core_tree(project)
    repository.commit({})
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    assert up_to_date(project)
    repository.commit({"elsewhere": "x"})
    project.run("sync").ok()
    assert calls(folder).count("build_wheel") == 2
    repository.git("tag", "v2")
    project.run("sync").ok()
    assert calls(folder).count("build_wheel") == 3
    assert up_to_date(project)


def test_a_folder_that_is_not_there(project: ScratchProject) -> None:
    manifest(project, 'core = { path = "libs/core" }')
    check_refusal(project.run("lock"), 2, "there is no libs/core", "check its `path`")


def test_a_folder_that_has_gone_since(project: ScratchProject) -> None:
    folder = core_tree(project)
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    shutil.rmtree(folder)
    check_refusal(project.run("sync"), 2, "libs/core has changed what it declares")
    check_refusal(project.run("lock"), 2, "there is no libs/core")


def test_a_folder_without_a_project(project: ScratchProject) -> None:
    (project.folder / "libs/core").mkdir(parents=True)
    manifest(project, 'core = { path = "libs/core" }')
    check_refusal(project.run("lock"), 2, "libs/core holds no project")


@pytest.mark.parametrize("dynamic", [[], ["version"]], ids=["static", "dynamic"])
def test_a_folder_with_another_project(project: ScratchProject, dynamic: list[str]) -> None:
    source_tree(project.folder / "libs/core", "other", "1.0", dynamic=dynamic)
    manifest(project, 'core = { path = "libs/core" }')
    check_refusal(project.run("lock"), 2, "[sources] takes core from what is other", "call it `other`")


def test_a_folder_with_broken_metadata(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text.replace('"1.0"', '"one"'))
    manifest(project, 'core = { path = "libs/core" }')
    check_refusal(project.run("lock"), 2, "core", "project.version is 'one'", "mend it there")


def test_a_folder_for_another_python(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(f"{text}requires-python = '>=4'\n")
    manifest(project, 'core = { path = "libs/core" }')
    check_refusal(project.run("lock"), 3, "core", ">=4")


# Versions, which a lock does not hold of folders


def test_a_requirement_that_a_folder_does_not_meet_makes_the_lock_stale(project: ScratchProject) -> None:
    core_tree(project, dynamic=[])
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    lines = '[sources]\ncore = { path = "libs/core" }'
    project.manifest(dependencies=["core<2"], more=lines)
    project.run("lock", "--check").ok()
    project.manifest(dependencies=["core>=2"], more=lines)
    said = "env.toml requires `core>=2`, the lock holds core 1.0"
    check_refusal(project.run("lock", "--check"), 1, said)
    check_refusal(project.run("sync"), 2, said)
    check_refusal(project.run("lock"), 3, "core")


def test_a_version_that_only_a_build_tells_is_compared_after_it(project: ScratchProject) -> None:
    folder = core_tree(project)
    project.manifest(dependencies=["core<2"], more='[sources]\ncore = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    plan = json.loads((folder / "_build/plan.json").read_text())
    (folder / "_build/plan.json").write_text(json.dumps({**plan, "version": "1.5"}))
    project.run("sync").ok()
    assert project.installed()["core"] == "1.5"
    (folder / "_build/plan.json").write_text(json.dumps({**plan, "version": "2.0"}))
    check_refusal(project.run("sync"), 2, "libs/core: is core 2.0 now, and core<2 is required")
    assert project.installed()["core"] == "1.5"
    check_refusal(project.run("lock"), 3, "core")


def test_a_build_that_writes_into_its_folder_comes_to_rest(project: ScratchProject) -> None:
    """Such as those that write down the version they have found."""
    folder = core_tree(project)
    backend = folder / "_build/fake_backend.py"
    writes = "    open(os.path.join(HERE, '..', 'src', '_version.py'), 'w').write('x = 1')\n"
    backend.write_text(backend.read_text().replace("def sources():\n", f"def sources():\n{writes}"))
    manifest(project, 'core = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    project.run("sync").ok()
    before = len(calls(folder))
    assert up_to_date(project)
    assert up_to_date(project)
    assert len(calls(folder)) == before
    project.run("lock", "--check").ok()


def test_a_lock_for_a_python_that_is_not_here_is_made_with_another(project: ScratchProject) -> None:
    core_tree(project)
    lines = '[targets]\nplatforms = ["linux-x86_64"]\n[sources]\ncore = { path = "libs/core" }'
    project.manifest(dependencies=["core"], python="==3.15.*", more=lines)
    project.run("lock").ok()
    assert entry(project, "core")["tool"]["lockenv"]["requires"] == ["icons"]
