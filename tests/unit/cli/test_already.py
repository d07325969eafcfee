"""Unit: a sync with nothing to do is answered without the parser, and as the parser would have it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lockenv.cli.already import already
from lockenv.cli.plain import plain
from lockenv.cli.sync import main
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

NOTHING: dict[str, object] = {"group": (), "extra": ()}


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [
        ([], {}),
        (["-q", "--offline", "--all-groups"], {"quiet": True, "offline": True, "all_groups": True}),
        (["-g", "test", "--group=docs"], {"group": ("test", "docs")}),
        (["-C", "there", "--cache-dir=here"], {"project": "there", "cache_dir": "here"}),
        (["--lock", "a.toml", "--env", "b"], {"lock": "a.toml", "env_dir": "b"}),
        (["--lock", "a.toml", "--lock=b.toml"], {"lock": "b.toml"}),
        (["docs"], {"environment": "docs"}),
        (["-q", "docs", "-g", "test"], {"environment": "docs", "quiet": True, "group": ("test",)}),
        (["-e", "docs"], {"environment": "docs"}),
        (["--environment=docs"], {"environment": "docs"}),
    ],
)
def test_plain_arguments_are_read(arguments: list[str], flags: dict[str, object]) -> None:
    assert plain(arguments) == NOTHING | flags


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ["-v"],
            ["--verify"],
            ["-gtest"],
            ["-C=there"],
            ["--group"],
            ["--group="],
            ["--env", "-x"],
            ["here", "there"],
            ["-e", "here", "there"],
            ["--all"],
            [""],
            ["a=b"],
            ["--"],
        ),
        *(["--quiet=yes"], ["--help"], ["--python", "3.12"], ["--manifest", "x"], ["--seed"], ["-qq"]),
    ],
)
def test_all_others_are_left_to_the_parser(arguments: list[str]) -> None:
    assert plain(arguments) is None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScratchProject:
    """A project that is in order, which is where this process is."""
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0"))
        index.add(make_wheel("checks", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"], groups={"test": ["checks"]})
        made.run("lock").ok()
        made.run("sync").ok()
    for name in ("CI", "LOCKENV_PYTHON", "LOCKENV_VERBOSE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.folder)
    return made


def untimed(text: str) -> str:
    return re.sub(r", [\d.]+ m?s$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["-q"], ["--offline"], ["--lock", "pylock.toml"], ["--env", ".venv"]])
def test_both_ways_say_the_same(
    arguments: list[str], project: ScratchProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert already(arguments)
    quick = capsys.readouterr()
    assert main(arguments) == 0
    whole = capsys.readouterr()
    assert untimed(quick.out) == untimed(whole.out)
    assert (quick.err, whole.err) == ("", "")
    assert ("already exactly" in quick.out) == ("-q" not in arguments)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["-g", "test"], {}),
        (["--env", "other"], {}),
        (["--lock", "other.toml"], {}),
        (["--history", "many"], {}),
        ([], {"CI": "1"}),
        ([], {"LOCKENV_VERBOSE": "1"}),
        ([], {"LOCKENV_PYTHON": "3"}),
        ([], {"LOCKENV_COMPILE": "1"}),
        ([], {"LOCKENV_TYPO": "1"}),
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


def test_drift_is_left_to_the_whole_command(project: ScratchProject) -> None:
    next(project.env.glob("lib/python*/site-packages/menu.py")).unlink()
    assert not already([])
