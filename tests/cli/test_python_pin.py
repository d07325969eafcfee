"""`lockenv python pin`: one line in `.python-version`, if the manifest admits it."""

from __future__ import annotations

import json

from tests.cli.screens import check_screen
from tests.fakes.project import SERIES, ScratchProject


def pinned(project: ScratchProject) -> str | None:
    file = project.folder / ".python-version"
    return file.read_text(encoding="utf-8") if file.exists() else None


def test_a_pin_is_written_and_followed(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"], python=">=3.8")
    ran = project.run("python", "pin", SERIES).ok()
    assert pinned(project) == f"{SERIES}\n"
    assert ran.out.startswith(f".python-version says {SERIES} (")
    assert ran.err == ""
    assert project.run("python", "find").ok().out.strip() in ran.out


def test_what_is_no_pin(project: ScratchProject) -> None:
    project.manifest(python=">=3.8,<3.90")
    runs = [
        project.run("python", "pin", "3.99"),
        project.run("python", "pin", ">=3.9"),
        project.run("python", "pin", "./python"),
        project.run("python", "pin"),
    ]
    check_screen("python-pin", project, runs)
    assert pinned(project) is None


def test_a_python_that_is_not_there_is_pinned_with_a_word(project: ScratchProject) -> None:
    project.manifest(python=">=3.8")
    project.write(".python-version", f"{SERIES}\n# a comment\n3.9\n")
    ran = project.run("python", "pin", "3.98").ok()
    assert ran.out == f".python-version says 3.98, no longer {SERIES}\n"
    assert "warning: no Python on this machine is 3.98\n" in ran.err
    assert pinned(project) == "3.98\n"


def test_the_same_pin_is_not_written_again(project: ScratchProject) -> None:
    project.manifest(python=">=3.8")
    project.write(".python-version", f"{SERIES}  # as in CI\n")
    project.run("python", "pin", SERIES).ok()
    assert pinned(project) == f"{SERIES}  # as in CI\n"


def test_a_pin_without_a_manifest_and_as_a_document(project: ScratchProject) -> None:
    document = json.loads(project.run("python", "pin", SERIES, "--json").ok().out)
    assert document["schema"] == 1
    assert (document["file"], document["version"], document["before"]) == (".python-version", SERIES, None)
    assert document["python"]["version"].startswith(SERIES)


def test_a_pin_that_cannot_be_written_leaves_the_old_one(project: ScratchProject) -> None:
    project.manifest(python=">=3.8")
    (project.folder / ".python-version").mkdir()
    ran = project.run("python", "pin", SERIES)
    assert ran.status == 6
    assert ".python-version cannot be written" in ran.err
    assert project.files() == [".python-version", "env.toml"]
