"""`lockenv export`: the lock given out, and taken by those it is for."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.screens import check_screen
from tests.cli.test_import import made_with_pip, run_pip
from tests.fakes.index import FakeIndex
from tests.fakes.project import SERIES, ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def given(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A locked project with a group and a package for one platform only."""
    index.add(make_wheel("winterm", "1.0"))
    project.manifest(dependencies=["menu", 'winterm ; sys_platform == "win32"'], groups={"test": ["checks"]})
    project.run("lock").ok()
    return project


def test_requirements_constraints_and_pyproject(given: ScratchProject) -> None:
    runs = [
        given.run("export", "requirements"),
        given.run("export", "requirements", "--no-hashes", "--group", "test"),
        given.run("export", "requirements", "--target", "windows-x86_64", "--no-hashes"),
        given.run("export", "constraints", "--all-groups"),
        given.run("export", "pyproject"),
    ]
    check_screen("export", given, runs)


def test_what_is_refused(given: ScratchProject) -> None:
    runs = [
        given.run("export", "requirements", "--group", "tset"),
        given.run("export", "requirements", "--target", "linux-x86_46"),
        given.run("export", "requirements", "--target", "linux-x86_64:2.7"),
        given.run("export", "requirements", "--target", "linux-x86_64:x"),
        given.run("export", "requirements", "-C", "elsewhere"),
    ]
    check_screen("export-refused", given, runs)


def test_a_file_is_written_and_a_lock_that_is_behind_is_told(given: ScratchProject) -> None:
    given.manifest(dependencies=["menu"])
    ran = given.run("export", "requirements", "-o", "requirements.txt", "-C", str(given.folder))
    assert ran.err.startswith("warning: env.toml has changed since the lock was made")


def test_pip_installs_exported_requirements_with_their_hashes(
    given: ScratchProject, index: FakeIndex, tmp_path: Path
) -> None:
    env, file = tmp_path / "theirs", tmp_path / "requirements.txt"
    given.run("export", "requirements", "--group", "test", "-o", str(file)).ok()
    made_with_pip(env, index, "--require-hashes", "-r", str(file))
    assert run_pip(env, "freeze").split() == ["checks==3.1", "dropdown==1.1", "icons==2.0", "menu==1.0"]


@pytest.mark.parametrize("more", [(), ("--no-hashes",), ("--target", "here")])
def test_a_manifest_comes_back_from_its_requirements(
    given: ScratchProject, index: FakeIndex, more: tuple[str, ...]
) -> None:
    index.add(make_wheel("icons", "3.0"))
    given.manifest(dependencies=["menu", "checks<4", "icons!=3.0"])
    given.run("lock").ok()
    wanted, locked = given.folder / "env.toml", given.lock.read_text(encoding="utf-8")
    text = given.run("export", "requirements", *more).ok().out
    wanted.unlink()
    given.lock.unlink()
    given.write("requirements.txt", text)
    given.run("import", "requirements.txt").ok()
    manifest = tomllib.loads(wanted.read_text(encoding="utf-8"))
    # Bounds become versions, which the lock keeps.
    assert manifest["env"] == {"python": f"=={SERIES}.*", "dependencies": ["checks", "icons", "menu"]}
    assert versions(given.lock.read_text(encoding="utf-8")) == versions(locked)


def test_another_index_is_asked_alone_or_beside_the_default_one(project: ScratchProject) -> None:
    with FakeIndex() as own:
        own.add(make_wheel("acme", "1.0"))
        declared = f'[[index]]\nname = "own"\nurl = "{own.url}"\nexplicit = true\npackages = ["acme"]\n'
        project.manifest(dependencies=["acme"], more=declared)
        project.run("lock").ok()
        alone = project.run("export", "requirements", "--no-hashes").ok()
        project.manifest(dependencies=["acme", "icons"], more=declared)
        project.run("lock").ok()
        hashed = project.run("export", "requirements").ok()
        bare = project.run("export", "requirements", "--no-hashes").ok()
    assert (f"--index-url {own.url}" in alone.out.splitlines(), alone.err) == (True, "")
    assert (f"--extra-index-url {own.url}" in hashed.out.splitlines(), hashed.err) == (True, "")
    assert bare.err.startswith("warning: pip asks the default index, ")
    assert "(dependency confusion): export with hashes" in bare.err


def versions(lock: str) -> list[tuple[str, str]]:
    """The packages of a lock."""
    return [(package["name"], package["version"]) for package in tomllib.loads(lock)["packages"]]


@pytest.mark.parametrize("arguments", [("--target", "here"), ()])
def test_a_lock_for_one_use_is_synced_without_asking_for_groups(
    given: ScratchProject, arguments: tuple[str, ...]
) -> None:
    given.run(
        "export", "pylock", "--group", "test", "-o", str(given.folder / "pylock.deploy.toml"), *arguments
    ).ok()
    given.run("sync", "--lock", str(given.folder / "pylock.deploy.toml")).ok()
    assert [line.split()[0] for line in given.run("list").out.splitlines()] == [
        "checks",
        "dropdown",
        "icons",
        "menu",
    ]


def test_a_bill_of_materials_is_the_same_each_time_and_says_who_requires_whom(given: ScratchProject) -> None:
    text = given.run("export", "cyclonedx").ok().out
    assert text == given.run("export", "cyclonedx").out
    document = json.loads(text)
    assert [one["purl"] for one in document["components"]] == [
        "pkg:pypi/dropdown@1.1",
        "pkg:pypi/icons@2.0",
        "pkg:pypi/menu@1.0",
        "pkg:pypi/winterm@1.0",
    ]
    depends = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert depends["pkg:pypi/menu@1.0"] == ["pkg:pypi/dropdown@1.1"]
    assert depends["environment"] == ["pkg:pypi/menu@1.0", "pkg:pypi/winterm@1.0"]


def test_a_bill_of_materials_is_valid_by_its_schema(given: ScratchProject) -> None:
    pytest.importorskip("jsonschema")
    schema = pytest.importorskip("cyclonedx.schema")
    validation = pytest.importorskip("cyclonedx.validation.json")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    for arguments in ((), ("--all-groups", "--target", "windows-x86_64")):
        error = validator.validate_str(given.run("export", "cyclonedx", *arguments).ok().out)
        assert error is None, str(error)[:500]


def test_an_environment_file_comes_back_as_it_went(given: ScratchProject) -> None:
    text = given.run("export", "conda", "--target", f"linux-x86_64:{SERIES}").ok().out
    (given.folder / "environment.yml").write_text(text, encoding="utf-8")
    ran = given.run("import", "environment.yml", "--force").ok()
    assert "3 versions are as before" in ran.out
    assert f'python = "=={SERIES}.*"' in (given.folder / "env.toml").read_text(encoding="utf-8")
    assert [line.split(" ")[0] for line in given.run("lock", "--check").out.splitlines()] == ["pylock.toml"]


def test_a_dockerfile_syncs_in_a_layer_of_its_own(given: ScratchProject) -> None:
    text = given.run("export", "dockerfile", "--group", "test").ok().out
    lines = text.splitlines()
    assert f"ARG IMAGE=python:{SERIES}-slim" in lines
    assert lines.index("COPY pylock.toml ./") < next(
        number for number, line in enumerate(lines) if "lockenv sync" in line
    )
    assert "--group test" in text
    assert lines.index("USER app") > lines.index("COPY . .")
