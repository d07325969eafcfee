"""Every tool is told the same, in its own words, and learns nothing else of the machine."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from benchmarks.lock import manifests
from benchmarks.lock.manifests import Manifest
from benchmarks.lock.tools import TOOLS, Job, Place, environment, lay_out, packages_in, pins_in
from lockenv.manifest.read import read

MANIFEST = Manifest(
    name="lunch",
    python=">=3.11,<3.14",
    platforms=("linux-x86_64", "windows-x86_64"),
    dependencies=("menu[all]>=1", "plate ; python_version < '3.12'"),
    upgrade="plate",
    held="plate<2",
    allow_build=("menu",),
)
JOB = Job(
    manifest=MANIFEST,
    dependencies=MANIFEST.dependencies,
    index="http://127.0.0.1:1/simple/",
    python="/bin/python3",
)


@pytest.mark.parametrize("name", manifests.known())
def test_each_manifest_here_can_be_read_and_upgraded(name: str) -> None:
    (manifest,) = manifests.named([name])
    assert manifest.covers("3.11.7")
    assert manifest.held_dependencies[-1] == manifest.held
    assert manifests.project(manifest.held) == manifest.upgrade


def test_what_is_held_back_takes_the_place_of_what_was_asked_for() -> None:
    assert MANIFEST.held_dependencies == ("menu[all]>=1", "plate<2")


@pytest.mark.parametrize("tool", ["uv", "nab", "pdm", "poetry"])
def test_a_pyproject_asks_for_the_job_and_names_the_index(tool: str) -> None:
    files = TOOLS[tool].files(JOB)
    content = tomllib.loads(files["pyproject.toml"])
    assert content["project"]["dependencies"] == list(MANIFEST.dependencies)
    assert content["project"]["requires-python"] == MANIFEST.python
    assert JOB.index in files["pyproject.toml"]


def test_lockenv_can_read_its_manifest(tmp_path: Path) -> None:
    lay_out(TOOLS["lockenv"], Place(folder=tmp_path), JOB)
    manifest = read((tmp_path / "project" / "env.toml").read_text())
    assert [str(each) for each in manifest.dependencies] == [
        str(Requirement(each)) for each in MANIFEST.dependencies
    ]
    assert manifest.targets is not None
    assert (manifest.python, manifest.targets.platforms) == (SpecifierSet(MANIFEST.python), MANIFEST.platforms)
    assert manifest.build.allow == {"menu"}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_tool_sees_the_index_its_own_folders_and_nothing_of_ours(
    tool: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://leak.invalid/")
    monkeypatch.setenv("SECRET", "leak.invalid")
    found = environment(tool, Place(folder=tmp_path), JOB)  # type: ignore[arg-type]
    assert not any("leak.invalid" in value for value in found.values())
    assert not any("{" in value for value in found.values())
    assert found["PIP_INDEX_URL"] == JOB.index
    assert str(tmp_path / "cache") in found.values()
    assert found["HOME"] == str(tmp_path / "home")


def test_an_upgrade_names_the_package_last_where_there_is_such_a_thing() -> None:
    commands = {name: tool.command(JOB, upgrade=True) for name, tool in TOOLS.items()}
    assert {name for name, command in commands.items() if command is None} == {"nab", "pip"}
    assert all(command[-1] == "plate" for command in commands.values() if command)


@pytest.mark.parametrize(
    ("lock", "packages"),
    [
        (b'[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "a"\nversion = "2"\n', 2),
        (b'[[packages]]\nname = "a"\nversion = "1"\n[[packages]]\nname = "a"\nversion = "1"\n', 1),
        (b'[[package]]\nname = "me"\nsource = { virtual = "." }\n[[package]]\nname = "a"\nversion = "1"\n', 1),
        (b"", 0),
    ],
)
def test_packages_are_counted_by_name_and_version(lock: bytes, packages: int) -> None:
    assert packages_in(lock) == packages


def test_pins_of_a_list_of_requirements_are_counted() -> None:
    lock = b"# by hand\nmenu==1.0 \\\n    --hash=sha256:ab\n    # via -r requirements.in (menu==1)\nplate-set==2\n"
    assert pins_in(lock) == 2
    assert TOOLS["pip-tools"].packages is pins_in
