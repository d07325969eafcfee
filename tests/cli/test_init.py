"""`lockenv init`: what it offers, and what it asks where somebody is there to answer."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.screens import check_screen
from tests.fakes.project import PATIENCE, ScratchProject, plain

CTRL_C = "^C"
PYPROJECT = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["menu"]\n'


def env_toml(project: ScratchProject) -> str:
    return (project.folder / "env.toml").read_text(encoding="utf-8")


def talk(project: ScratchProject, *answers: str, arguments: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run `init` on a terminal, type a line at each question; give the exit status and what the screen showed."""
    ours, theirs = pty.openpty()
    with project.start(
        "init", *arguments, stdin=theirs, stdout=theirs, stderr=theirs, environ={"TERM": "dumb"}
    ) as process:
        os.close(theirs)
        shown, waiting = "", list(answers)
        while select.select([ours], [], [], PATIENCE)[0]:
            try:
                shown += os.read(ours, 4096).decode()
            except OSError:  # the other end is closed
                break
            if waiting and shown.endswith("]: "):
                _type(process, ours, waiting.pop(0))
        status = process.wait(PATIENCE)
    os.close(ours)
    assert not waiting, f"{waiting} were not asked for:\n{shown}"
    return status, plain(shown).replace("\r\n", "\n")


def _type(process: subprocess.Popen[str], terminal: int, text: str) -> None:
    if text == CTRL_C:  # nobody's terminal, which would make a signal of it
        process.send_signal(signal.SIGINT)
    else:
        os.write(terminal, text.encode())


def test_on_a_terminal_it_asks_and_enter_takes_what_is_proposed(project: ScratchProject) -> None:
    status, shown = talk(project, "\n", "\n", "\n")
    assert status == 0
    assert "Name [forecast]: \n" in shown
    assert f"Python [>={sys.version_info.major}.{sys.version_info.minor}]: \n" in shown
    assert shown.endswith(f"wrote {project.folder}/env.toml\nnext: `lockenv add NAME` for what you need\n")
    assert 'name = "forecast"' in env_toml(project)
    assert "dependencies = []" in env_toml(project)


def test_on_a_terminal_answers_are_taken(project: ScratchProject) -> None:
    status, _ = talk(project, "café shop\n", ">=3.11,<3.14\n", "menu, 'icons < 3'\n")
    assert status == 0
    assert 'name = "café shop"\npython = ">=3.11,<3.14"\ndependencies = [\n    "menu",\n    "icons < 3",\n]' in (
        env_toml(project)
    )
    project.run("lock").ok()


def test_an_answer_that_is_wrong_writes_nothing(project: ScratchProject) -> None:
    status, shown = talk(project, "\n", "three\n", "\n")
    assert status == 2
    assert "cannot be `three`" in shown
    assert project.files() == []


def test_ctrl_c_writes_nothing(project: ScratchProject) -> None:
    status, shown = talk(project, "\n", CTRL_C)
    assert status == 130
    assert "interrupted" in shown
    assert project.files() == []


def test_who_has_said_what_is_wanted_is_not_asked(project: ScratchProject) -> None:
    for arguments in (("menu",), ("--bare",), ("--name", "x"), ("-q",)):
        status, _ = talk(project, arguments=arguments)
        assert status == 0
        (project.folder / "env.toml").unlink()


def test_a_bare_manifest_is_just_that(project: ScratchProject) -> None:
    project.write("pyproject.toml", PYPROJECT)
    ran = project.run("init", "--bare", "--requires-python", ">=3.11").ok()
    assert env_toml(project) == '[env]\nname = "forecast"\npython = ">=3.11"\ndependencies = []\n'
    assert "pyproject" not in ran.out


def test_what_lies_there_is_told(project: ScratchProject) -> None:
    project.write("pyproject.toml", PYPROJECT)
    project.write("uv.lock", 'version = 1\nrequires-python = ">=3.11"\n')
    project.write("requirements.txt", "menu\n")
    runs = [project.run("init", "--requires-python", ">=3.11"), project.run("import", "pyproject.toml")]
    check_screen("init-offers", project, runs)


@pytest.mark.parametrize("text", ["", "[tool.ruff]\nline-length = 100\n", "[build-system]\nrequires = []\n"])
def test_a_pyproject_that_names_no_packages_is_no_offer(project: ScratchProject, text: str) -> None:
    project.write("pyproject.toml", text)
    assert "there is" not in project.run("init").ok().out


def test_on_a_terminal_what_lies_there_is_brought_in(project: ScratchProject) -> None:
    project.write("requirements.txt", "menu==1.0\nicons==2.0\n")
    project.write("Pipfile", '[packages]\nchecks = "*"\n')
    status, shown = talk(project, "no\n", "\n")
    assert status == 0
    assert "There is Pipfile. Bring it in? [yes]: no\n" in shown
    assert "There is requirements.txt. Bring it in? [yes]: \n" in shown
    assert '"menu",' in env_toml(project)
    assert project.locked()["icons"] == "2.0"


def test_an_environment_of_somebody_else_is_offered_and_our_own_is_not(project: ScratchProject) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.env)], check=True, timeout=PATIENCE)
    ran = project.run("init").ok()
    assert "there is the environment .venv: `lockenv import --from-env .venv` brings it in\n" in ran.out
    (project.folder / "env.toml").unlink()
    project.manifest(dependencies=["icons"])
    project.run("lock").ok()
    project.run("sync").ok()
    (project.folder / "env.toml").unlink()
    assert ".venv" not in project.run("init").ok().out


def test_nothing_is_replaced(project: ScratchProject, tmp_path: Path) -> None:
    project.write("env.toml", "mine")
    status, shown = talk(project)
    assert (status, env_toml(project)) == (2, "mine")
    assert "exists already" in shown
