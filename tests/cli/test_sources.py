"""`[sources]`: files of the project, and what holds of all sources."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.refusals import check_refusal
from tests.cli.sourcing import core_tree, direct_url, entry, manifest, up_to_date
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.sdists import source_sdist, source_tree
from tests.fakes.wheels import make_wheel

# Files


def test_a_wheel_by_its_path(project: ScratchProject) -> None:
    built = make_wheel("core", "1.0", requires=["icons"])
    built.write_to(project.folder)
    manifest(project, f'core = {{ path = "{built.filename}" }}')
    project.run("lock").ok()
    package = entry(project, "core")
    assert package["version"] == "1.0"
    assert package["archive"] == {"path": built.filename, "hashes": {"sha256": built.sha256}}
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}
    assert direct_url(project, "core") == {
        "url": (project.folder / built.filename).as_uri(),
        "archive_info": {"hashes": {"sha256": built.sha256}},
    }
    assert up_to_date(project)


def test_an_sdist_by_its_path_needs_no_leave(project: ScratchProject) -> None:
    built = source_sdist("core", "1.0", requires=["icons"])
    built.write_to(project.folder)
    manifest(project, f'core = {{ path = "{built.filename}" }}')
    project.run("lock").ok()
    assert entry(project, "core")["archive"] == {"path": built.filename, "hashes": {"sha256": built.sha256}}
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0"}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_another_file_in_its_place_makes_the_lock_stale(project: ScratchProject, kind: str) -> None:
    make: Any = make_wheel if kind == "wheel" else source_sdist
    first, second = make("core", "1.0", requires=["icons"]), make("core", "1.0", requires=["checks"])
    first.write_to(project.folder)
    manifest(project, f'core = {{ path = "{first.filename}" }}')
    project.run("lock").ok()
    project.run("sync").ok()
    second.write_to(project.folder)
    said = f"{first.filename} is not the file that was locked"
    check_refusal(project.run("lock", "--check"), 1, said)
    check_refusal(project.run("sync"), 2, said)
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"checks": "3.1", "core": "1.0"}


def test_a_file_that_is_nothing(project: ScratchProject) -> None:
    project.write("core.txt", "core")
    manifest(project, 'core = { path = "core.txt" }')
    check_refusal(project.run("lock"), 2, "core.txt is no project's folder, archive of sources or wheel")


# What holds of all


def test_rules_for_what_indexes_list_do_not_count_for_sources(project: ScratchProject) -> None:
    source_tree(project.folder / "libs/core", "core", "1.0.dev3")
    make_wheel("flags", "2.0rc1").write_to(project.folder)
    manifest(
        project,
        'core = { path = "libs/core" }',
        'flags = { path = "flags-2.0rc1-py3-none-any.whl" }',
        more=(
            "[resolution]\nexclude-newer = '2026-02-01'\nprereleases = 'disallow'\n"
            "only-binary = [':all:']\nstrategy = 'lowest'\n"
        ),
    )
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0.dev3", "flags": "2.0rc1"}


def test_a_source_that_breaks_a_requirement_is_told(project: ScratchProject) -> None:
    core_tree(project)
    project.manifest(dependencies=["core>=2"], more='[sources]\ncore = { path = "libs/core" }')
    check_refusal(project.run("lock"), 3, "core", ">=2", "1.0")


def test_a_source_counts_where_other_packages_require_it(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("shop", "1.0", requires=["core"]))
    index.add(make_wheel("core", "9.0"))
    core_tree(project)
    project.manifest(dependencies=["shop"], more='[sources]\ncore = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"core": "1.0", "icons": "2.0", "shop": "1.0"}


def test_a_source_that_nothing_requires_is_not_looked_at(project: ScratchProject) -> None:
    project.manifest(dependencies=["icons"], more='[sources]\ncore = { path = "nowhere" }')
    project.run("lock").ok()
    assert project.locked() == {"icons": "2.0"}


def test_an_extra_of_a_source(project: ScratchProject) -> None:
    folder = core_tree(project, dynamic=[])
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(f"{text}[project.optional-dependencies]\npretty = ['checks']\n")
    plan = json.loads((folder / "_build/plan.json").read_text())
    plan["metadata"] += "Provides-Extra: pretty\nRequires-Dist: checks ; extra == 'pretty'\n"
    (folder / "_build/plan.json").write_text(json.dumps(plan))
    project.manifest(dependencies=["core[pretty]"], more='[sources]\ncore = { path = "libs/core" }')
    project.run("lock").ok()
    project.run("sync").ok()
    assert project.installed() == {"checks": "3.1", "core": "1.0", "icons": "2.0"}
