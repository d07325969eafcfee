"""Unit: a lock with nothing to do is answered without the parser, and as the parser would have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lockenv.cli.lock import main
from lockenv.cli.stands import already
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScratchProject:
    """A project whose locks are in order, which is where this process is."""
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0"))
        index.add(make_wheel("checks", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"], more='[environments.docs]\ndependencies = ["checks"]')
        for _ in range(2):
            made.run("lock", "--all").ok()
    for name in ("LOCKENV_PYTHON", "LOCKENV_VERBOSE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.folder)
    return made


def untimed(text: str) -> str:
    return re.sub(r", [\d.]+ m?s$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "arguments", [[], ["-q"], ["--offline"], ["--lock", "pylock.toml"], ["docs"], ["-e", "docs"], ["-C", "."]]
)
def test_both_ways_say_the_same(
    arguments: list[str], project: ScratchProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert already(arguments)
    quick = capsys.readouterr()
    assert main(arguments) == 0
    whole = capsys.readouterr()
    assert untimed(quick.out) == untimed(whole.out)
    assert (quick.err, whole.err) == ("", "")
    assert ("is up to date" in quick.out) == ("-q" not in arguments)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--check"], {}),
        (["--upgrade"], {}),
        (["--all"], {}),
        (["--json"], {}),
        (["-g", "test"], {}),
        (["--env", ".venv"], {}),
        (["--lock", "other.toml"], {}),
        (["nowhere"], {}),
        ([], {"LOCKENV_VERBOSE": "1"}),
        ([], {"LOCKENV_PYTHON": "3"}),
        ([], {"LOCKENV_TYPO": "1"}),
        ([], {"LOCKENV_HISTORY": "many"}),
    ],
)
def test_what_is_not_sure_is_left_to_the_whole_command(
    arguments: list[str],
    variables: dict[str, str],
    project: ScratchProject,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not already(arguments)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["env.toml", "pylock.toml"])
def test_a_file_that_changed_or_went_is_left_to_the_whole_command(name: str, project: ScratchProject) -> None:
    path = project.folder / name
    path.write_text(path.read_text() + "# a remark\n")
    assert not already([])
    path.unlink()
    assert not already([])


@pytest.mark.parametrize(
    "note", [b"", b"{}", b"lockenv standing 2\n", b"lockenv standing 2\n\xff\xff", b"\0" * 99]
)
def test_a_note_that_is_none_is_left_to_the_whole_command(note: bytes, project: ScratchProject) -> None:
    for path in (project.cache / "standing").iterdir():
        path.write_bytes(note)
    assert not already([])
    project.run("lock").ok()
