"""`lockenv activate`: the line for the shell at hand, evaluated by the shells themselves."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockenv.errors import UsageError
from lockenv.operations.activate import SHELLS, parents, shell_of
from tests.cli.screens import check_screen
from tests.fakes.project import PATIENCE, ScratchProject, importable

#: How each shell evaluates the line, and runs what is in the environment then.
_SESSIONS = {
    "bash": (["--norc", "-c"], 'eval "$(lockenv activate)"; menu; deactivate; echo "left: $VIRTUAL_ENV"'),
    "zsh": (["-f", "-c"], 'eval "$(lockenv activate)"; menu; deactivate; echo "left: $VIRTUAL_ENV"'),
    "dash": (["-c"], 'eval "$(lockenv activate)"; menu; deactivate; echo "left: $VIRTUAL_ENV"'),
    "fish": (["--no-config", "-c"], "lockenv activate | source; menu; deactivate; echo left: $VIRTUAL_ENV"),
    # An alias is known from the next line on.
    "tcsh": (["-f"], "set prompt='> '\neval `lockenv activate`\nmenu\ndeactivate\necho left: $?VIRTUAL_ENV\n"),
}


def with_lockenv(project: ScratchProject) -> dict[str, str]:
    """Surroundings in which `lockenv` is on PATH."""
    programs = project.scratch / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "lockenv"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lockenv "$@"\n')
    program.chmod(0o755)
    return {**project.environ, **importable(), "PATH": f"{programs}:{project.environ['PATH']}"}


@pytest.mark.parametrize("shell", list(_SESSIONS))
@pytest.mark.parametrize("name", ["plain", "two words, a 'quote' & $HOME"])
def test_a_shell_is_in_the_environment_and_leaves_it(shell: str, name: str, synced: ScratchProject) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    options, line = _SESSIONS[shell]
    folder = synced.scratch / name
    shutil.copytree(synced.folder, folder, ignore=shutil.ignore_patterns(".venv"))
    synced.run_in(folder, "sync").ok()
    environ = with_lockenv(synced) | {"SHELL": "/bin/false"}
    done = subprocess.run(
        [program, *options, *([] if shell == "tcsh" else [line])],
        input=line,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    left = "left: 0" if shell == "tcsh" else "left:"
    assert [each.strip() for each in done.stdout.splitlines()] == ["menu 1.0 over dropdown 1.1", left], done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_the_line_for_each_shell(shell: str, synced: ScratchProject) -> None:
    ran = synced.run("activate", "--shell", shell)
    if shell == "cmd":
        assert (ran.status, ran.out) == (2, "")  # this is no Windows
        return
    path = shlex.split(ran.ok().out)[-1]
    assert path.startswith(str(synced.env))
    assert Path(path).is_file()
    assert ran.err == ""


def test_screens(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    runs = [project.run("activate", "--shell", "bash"), project.run("activate", "--shell", "nu")]
    project.run("sync").ok()
    runs += [project.run("activate", "--shell", "fish"), project.run("activate", "--shell", "cmd")]
    check_screen("activate", project, runs)


def test_another_environment_has_another_line(synced: ScratchProject) -> None:
    synced.run("sync", "--env", "other").ok()
    assert "/other/bin/activate" in synced.run("activate", "--shell", "sh", "--env", "other").ok().out


def test_on_a_terminal_it_is_said_that_nothing_is_activated_yet(synced: ScratchProject) -> None:
    main, end = os.openpty()
    process = synced.start("activate", "--shell", "zsh", stdout=end, environ={"TERM": "dumb"})
    os.close(end)
    _, err = process.communicate(timeout=PATIENCE)
    os.close(main)
    assert err == 'hint: nothing is activated yet: run `eval "$(lockenv activate)"`\n'


# ── which shell it is


def _programs(*names: str) -> Iterator[str]:
    return iter(names)


@pytest.mark.parametrize(
    ("programs", "environ", "expected"),
    [
        (["bash"], {}, "bash"),
        (["-zsh"], {"SHELL": "/bin/bash"}, "zsh"),
        (["uv", "make", "fish", "bash"], {}, "fish"),
        (["/usr/local/bin/fish"], {}, "fish"),
        (["C:\\Program Files\\PowerShell\\7\\pwsh.exe"], {}, "pwsh"),
        (["python3", "code"], {"SHELL": "/usr/bin/zsh"}, "zsh"),
        ([], {"SHELL": "/bin/tcsh"}, "tcsh"),
    ],
)
def test_the_nearest_shell_that_called_counts_and_then_what_shell_says(
    programs: list[str], environ: dict[str, str], expected: str
) -> None:
    assert shell_of(environ, _programs(*programs)).name == expected


def test_where_nothing_says_it_has_to_be_said() -> None:
    with pytest.raises(UsageError) as caught:
        shell_of({"SHELL": "/usr/bin/nu"}, _programs("nu", "init"))
    assert "--shell" in str(caught.value.hint)


def test_the_programs_that_called_are_named_the_nearest_first() -> None:
    names = list(parents())
    assert names
    assert all(names)


# ── `run --env-file`


def _told(project: ScratchProject, *arguments: str, **environ: str) -> str:
    code = "import os; print(*(os.environ.get(name) for name in ('FIRST', 'SECOND', 'VIRTUAL_ENV')))"
    return project.spawn("run", *arguments, "--", "python", "-c", code, **environ).ok().out.strip()


def test_variables_of_files_are_set_unless_they_are_set_already(synced: ScratchProject) -> None:
    synced.write(".env", "FIRST=one\nSECOND='two words'\nVIRTUAL_ENV=/elsewhere\n")
    synced.write("local.env", "export SECOND=local\n")
    env = str(synced.env)
    assert _told(synced) == f"None None {env}"
    assert _told(synced, "--env-file", ".env") == f"one two words {env}"
    assert _told(synced, "--env-file", ".env", "--env-file=local.env") == f"one local {env}"
    assert _told(synced, "--env-file", "local.env", "--env-file", ".env") == f"one two words {env}"
    assert _told(synced, "--env-file", ".env", FIRST="mine") == f"mine two words {env}"


def test_files_of_variables_that_cannot_be(synced: ScratchProject) -> None:
    synced.write(".env", "FINE=1\nWHERE=${HOME}/x\nnonsense\n")
    synced.write("latin.env", "A=\u00e9".encode("latin-1"))
    runs = [
        synced.spawn("run", "--env-file", ".env", "menu"),
        synced.spawn("run", "--env-file", "nowhere", "menu"),
        synced.spawn("run", "--env-file", "latin.env", "menu"),
        synced.spawn("run", "--env-file"),
    ]
    assert [ran.status for ran in runs] == [2, 2, 2, 2]
    check_screen("run-env-file", synced, runs)
