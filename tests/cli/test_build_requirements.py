"""What source distributions are built with: resolved, locked, used again, kept until it is to move."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.building import ALLOW, PLATFORMS, build_lines, built_with, requires_core, sdist
from tests.cli.refusals import check_refusal
from tests.cli.screens import check_screen
from tests.cli.sourcing import entry, manifest
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.sdists import source_files, source_sdist, source_tree
from tests.fakes.wheels import make_sdist, make_wheel
from tests.unit.python.pythons import installed_python as python_of


@pytest.fixture
def witness(project: ScratchProject) -> Path:
    """The file to which every call of a backend adds a line."""
    return project.scratch / "witness"


@pytest.fixture
def index(index: FakeIndex) -> FakeIndex:
    """An index with `core` 1.0 as an sdist alone, and what it is built with."""
    index.add(make_wheel("helper", "1.0"))
    return index


def test_what_a_build_asks_for_is_locked_and_used_again(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("more", "5", requires=["checks"]))
    index.add(sdist(plan={"build_requires": ["more>=4"], "imports": ["helper", "more", "checks"]}))
    requires_core(project)
    project.run("lock").ok()
    table = entry(project, "core")["tool"]["lockenv"]
    assert table["build-requires"] == ["helper", "more>=4"]
    assert build_lines(project) == [
        ("checks", "3.1", "checks-3.1-py3-none-any.whl", ""),
        ("helper", "1.0", "helper-1.0-py3-none-any.whl", ""),
        ("more", "5", "more-5-py3-none-any.whl", ""),
    ]
    assert all(line["hashes"]["sha256"] and line["size"] for line in table["build"])
    index.add(make_wheel("helper", "2.0"))
    index.add(make_wheel("checks", "9.0"))
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "1.0", "more": "5", "checks": "3.1"}
    # They are not installed.
    assert project.installed() == {"core": "1.0", "icons": "2.0"}


def test_one_artifact_a_line(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    lines = project.lock.read_text().splitlines()
    (line,) = [line for line in lines if "helper-1.0" in line]
    assert line.startswith("    {")
    assert line.endswith("},")


def test_only_targets_that_build_count_for_what_it_is_built_with(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("core", "1.0", tag="py3-none-win_amd64", requires=["icons"]))
    index.add(sdist())
    for tag in ("manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"):
        index.add(make_wheel("helper", "2.0", tag=f"py3-none-{tag}"))
    requires_core(project, tables=ALLOW + PLATFORMS)
    project.run("lock").ok()
    package = entry(project, "core")
    assert [wheel["url"].rpartition("/")[2] for wheel in package["wheels"]] == ["core-1.0-py3-none-win_amd64.whl"]
    assert package["sdist"]["hashes"]
    assert [file for _, _, file, _ in build_lines(project)] == [
        "helper-2.0-py3-none-macosx_11_0_arm64.whl",
        "helper-2.0-py3-none-manylinux_2_17_x86_64.whl",
    ]


def test_where_targets_differ_each_has_its_own(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    for tag in ("manylinux_2_17_x86_64", "macosx_11_0_arm64"):
        index.add(make_wheel("helper", "2.0", tag=f"py3-none-{tag}"))
    requires_core(project, tables=ALLOW + PLATFORMS)
    project.run("lock").ok()
    assert [(version, marker) for _, version, _, marker in build_lines(project)] == [
        ("1.0", 'sys_platform == "win32"'),
        ("2.0", 'sys_platform != "win32"'),
        ("2.0", 'sys_platform != "win32"'),
    ]
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "2.0"}


def test_where_every_target_has_a_wheel_nothing_is_asked(
    project: ScratchProject, index: FakeIndex, witness: Path
) -> None:
    index.add(make_wheel("core", "1.0", requires=["icons"]))
    index.add(sdist(witness=witness))
    requires_core(project)
    project.run("lock").ok()
    assert "build" not in entry(project, "core")["tool"]["lockenv"]
    project.run("sync").ok()
    assert not witness.exists()


def test_no_binary_builds_what_has_wheels(project: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("core", "1.0", requires=["icons"]))
    index.add(sdist())
    requires_core(project, tables=f"{ALLOW}[resolution]\nno-binary = ['core']\n")
    project.run("lock").ok()
    assert "wheels" not in entry(project, "core")
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "1.0"}


def test_a_build_requirement_without_a_wheel(project: ScratchProject, index: FakeIndex) -> None:
    index.add(source_sdist("odd", "1.0"))
    index.add(sdist(build_system_requires=["odd"]))
    requires_core(project)
    ran = project.run("lock")
    check_refusal(ran, 6, "core cannot be built, because what it is built with cannot be had as wheels", "odd")
    assert not project.lock.exists()


def test_a_build_requirement_that_is_not_there(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist(build_system_requires=["nowhere"]))
    requires_core(project)
    check_refusal(project.run("lock"), 6, "core cannot be built", "no index knows `nowhere`")


def test_what_a_package_is_built_with_is_not_told_as_the_manifests_own_wish(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(source_sdist("odd", "1.0"))
    index.add(make_wheel("rare", "1.0", tag="py3-none-manylinux_2_17_x86_64"))
    source_tree(project.folder / "own", "own", "7.0", build_system_requires=["helper>=9", "icons"])
    runs = []
    for requirement in ("odd", "nowhere", "helper>=3", "rare"):
        core = sdist(build_system_requires=[requirement])
        index.add(core)
        requires_core(project, tables=ALLOW + PLATFORMS)
        runs.append(project.run("lock"))
        index.remove(core.filename)
    project.manifest(dependencies=["own"], more="[sources]\nown = { path = 'own' }\n")
    runs.append(project.run("lock"))
    check_screen("build-requirements", project, runs)
    for ran in runs:
        check_refusal(ran, 6, " asks for ", "[build-system]", "ask for another version of `")
        assert "your manifest" not in ran.err
        assert "relax" not in ran.err


def test_an_optional_target_that_cannot_build_is_told(project: ScratchProject, index: FakeIndex) -> None:
    index.remove("helper-1.0-py3-none-any.whl")
    index.add(make_wheel("helper", "2.0", tag="py3-none-manylinux_2_17_x86_64"))
    index.add(sdist())
    requires_core(project)
    ran = project.run("lock").ok()
    assert "warning: core cannot be built on windows-x86_64" in ran.err
    project.run("sync").ok()
    requires_core(project, tables=ALLOW + PLATFORMS)
    check_refusal(project.run("lock"), 6, "core cannot be built", "helper")


def test_a_name_of_sources_is_not_taken_from_an_index_for_a_build(
    project: ScratchProject, index: FakeIndex
) -> None:
    source_tree(project.folder / "helper", "helper", "7.0")
    index.add(sdist())
    manifest(project, 'helper = { path = "helper" }', dependencies=("core",), more=ALLOW)
    check_refusal(project.run("lock"), 6, "helper, which [sources] does not take from an index", "publish it")


def test_wheels_of_a_folder_serve_builds(project: ScratchProject, index: FakeIndex) -> None:
    (project.folder / "wheelhouse").mkdir()
    for built in (sdist(), make_wheel("helper", "1.0"), make_wheel("icons", "2.0")):
        built.write_to(project.folder / "wheelhouse")
    requires_core(project, tables=f"{ALLOW}[[index]]\nname = 'wheels'\nurl = 'wheelhouse'\n")
    project.run("lock").ok()
    (line,) = entry(project, "core")["tool"]["lockenv"]["build"]
    assert line["path"] == "wheelhouse/helper-1.0-py3-none-any.whl"
    project.run("sync", "--offline").ok()
    assert built_with(project)["with"] == {"helper": "1.0"}
    assert index.count() == 0


# The same again


def test_a_lock_is_the_same_with_a_cold_cache_and_another_builder(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(sdist(metadata_version="2.1"))
    tables = f"{ALLOW}{PLATFORMS}"
    project.manifest(dependencies=["core"], python=">=3.8,<3.14", more=tables)
    project.run("lock", "--python", str(python_of("3.11"))).ok()
    first = project.lock.read_bytes()
    project.lock.unlink()
    project.run("lock", "--python", str(python_of("3.11"))).ok()
    assert project.lock.read_bytes() == first
    shutil.rmtree(project.cache)
    project.lock.unlink()
    project.run("lock", "--python", str(python_of("3.8"))).ok()
    assert project.lock.read_bytes() == first
    project.run("lock", "--upgrade").ok()
    assert project.lock.read_bytes() == first


def test_what_a_package_is_built_with_is_kept_until_it_is_upgraded(
    project: ScratchProject, index: FakeIndex
) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    index.add(make_wheel("helper", "2.0"))
    index.add(make_wheel("checks", "4.0"))
    requires_core(project, "checks")
    project.run("lock").ok()
    project.run("lock", "--upgrade-package", "checks").ok()
    project.run("lock", "--upgrade-package", "core").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "1.0")]
    project.run("lock", "--upgrade-package", "helper").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "2.0")]
    project.run("lock", "--upgrade-package", "helper==1.0").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "1.0")]
    project.run("lock", "--upgrade").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "2.0")]
    project.run("sync").ok()
    assert built_with(project)["with"] == {"helper": "2.0"}


def test_what_is_kept_gives_way_where_it_no_longer_fits(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    requires_core(project)
    project.run("lock").ok()
    index.add(make_wheel("helper", "2.0"))
    index.add(make_wheel("helper", "3.0"))
    index.add(sdist("1.1", build_system_requires=["helper>=2"]))
    project.run("lock", "--upgrade-package", "core").ok()
    assert project.locked()["core"] == "1.1"
    assert [line[:2] for line in build_lines(project)] == [("helper", "3.0")]


def test_builds_know_the_cut_off(project: ScratchProject, index: FakeIndex) -> None:
    index.add(sdist())
    index.add(make_wheel("helper", "2.0"), upload_time="2026-06-01T00:00:00Z")
    requires_core(project, tables=f"{ALLOW}[resolution]\nexclude-newer = '2026-03-01'\n")
    project.run("lock").ok()
    assert [line[:2] for line in build_lines(project)] == [("helper", "1.0")]


def test_a_backend_that_asks_for_more_elsewhere_is_told(project: ScratchProject, index: FakeIndex) -> None:
    """What a backend asks for may depend on the Python that asks."""
    ours, theirs = python_of("3.11"), python_of("3.12")
    files = source_files("core", "1.0", requires=["icons"], build_system_requires=["helper"])
    files["_build/fake_backend.py"] = files["_build/fake_backend.py"].replace(
        'return list(PLAN.get("build_requires", []))', 'return ["checks"] if sys.version_info >= (3, 12) else []'
    )
    index.add(make_sdist("core", "1.0", requires=["icons"], files=files))
    project.manifest(dependencies=["core"], python=">=3.11,<3.13", more=ALLOW)
    project.run("lock", "--python", str(ours)).ok()
    ran = project.run("sync", "--python", str(theirs))
    check_refusal(ran, 2, "core asks for checks", "the lock has none", "lockenv lock --upgrade-package core")
    project.run("lock", "--upgrade-package", "core", "--python", str(theirs)).ok()
    project.run("sync", "--python", str(theirs)).ok()
