"""`lockenv completion`: what Tab offers, asked of the shells themselves."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lockenv.cli.completions.grammar import grammar, shared
from lockenv.cli.main import COMMANDS
from tests.fakes.project import PATIENCE, ScratchProject, importable

_SHELLS = ("bash", "zsh", "fish", "powershell")


@pytest.fixture
def known(project: ScratchProject) -> ScratchProject:
    """A project with names to be completed, and `lockenv` on PATH."""
    project.manifest(
        dependencies=["menu>=1", "Trends [fast]"],
        groups={"test": ["checks"], "docs": []},
        more='[environments.gpu]\ndependencies = ["icons"]\n',
    )
    project.write("pylock.toml", '[[packages]]\nname = "menu"\n\n[[packages]]\nname = "meson-python"\n')
    programs = project.scratch / "programs"
    programs.mkdir()
    program = programs / "lockenv"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lockenv "$@"\n')
    program.chmod(0o755)
    project.environ["PATH"] = f"{programs}:{project.environ['PATH']}"
    project.environ |= importable()
    return project


def _bash(line: str) -> str:
    words = shlex.split(line.replace("=", " = "), posix=True) + ([""] if line.endswith((" ", "=")) else [])
    row = " ".join(map(shlex.quote, words))
    return f'COMP_WORDS=({row}); COMP_CWORD={len(words) - 1}; _lockenv; printf "%s\\n" "${{COMPREPLY[@]}}"'


def _zsh(line: str) -> str:
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    row = " ".join(map(shlex.quote, words))
    return f"words=({row}); CURRENT={len(words)}; _lockenv"


#: What stands for zsh's own parts of completion, which work only while somebody types.
_ZSH_STUBS = """
compdef() {}
compset() { : }
compadd() { print -l -- ${(P)2} }
_describe() { print -l -- ${${(P)@[-1]}%%:*} }
_files() { print -l -- FILES $@ }
_command_names() { print PROGRAMS }
_normal() { print -- NORMAL $CURRENT $words }
"""

_ASK: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "bash": ("", _bash),
    "zsh": (_ZSH_STUBS, _zsh),
    "fish": ("", lambda line: f"complete -C {shlex.quote(line)}"),
}


def _run(project: ScratchProject, shell: str, code: str) -> str:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    quiet = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
    done = subprocess.run(
        [program, *quiet, code],
        cwd=project.folder,
        env=project.environ,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def offered(project: ScratchProject, shell: str, line: str) -> set[str]:
    """What a shell offers behind a line, without what does not begin as its last word does."""
    prelude, ask = _ASK[shell]
    script = project.write(f"completion.{shell}", project.run("completion", shell).ok().out)
    shown = _run(project, shell, f"{prelude}\nsource {shlex.quote(str(script))}\n{ask(line)}").splitlines()
    words = {each.split("\t")[0] for each in shown if each}
    last = "" if line.endswith(" ") else line.rsplit(maxsplit=1)[-1]
    words = {word.removeprefix(f"{last.partition('=')[0]}=") for word in words}
    return {word for word in words if word.startswith(last.rpartition("=")[2])}


@pytest.mark.parametrize("shell", list(_ASK))
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lockenv sy", {"sync"}),
        ("lockenv -C . sy", {"sync"}),
        ("lockenv sync --gr", {"--group"}),
        ("lockenv sync --group ", {"test", "docs"}),
        ("lockenv sync --group=te", {"test"}),
        ("lockenv sync --group test --link-mode ", {"auto", "clone", "hardlink", "copy"}),
        ("lockenv why me", {"menu", "meson-python"}),
        ("lockenv upgrade menu mes", {"meson-python"}),
        ("lockenv remove ", {"menu", "Trends", "checks"}),
        ("lockenv lock -e ", {"default", "gpu"}),
        ("lockenv python ", {"list", "find", "pin"}),
        ("lockenv python find ", set()),
        ("lockenv add --bounds m", {"major", "minor"}),
        ("lockenv why --target ", set()),
        ("lockenv frobnicate ", set()),
    ],
)
def test_tab(known: ScratchProject, shell: str, line: str, words: set[str]) -> None:
    assert offered(known, shell, line) == words


@pytest.mark.parametrize("shell", list(_ASK))
def test_every_command_is_offered(known: ScratchProject, shell: str) -> None:
    assert offered(known, shell, "lockenv ") == set(COMMANDS)


@pytest.mark.parametrize("shell", list(_ASK))
def test_another_project_has_other_names(known: ScratchProject, shell: str) -> None:
    known.write("inner/env.toml", '[env]\npython = ">=3.9"\n[groups]\nlint = []\n')
    assert offered(known, shell, "lockenv sync -C inner --group ") == {"lint"}
    assert offered(known, shell, "lockenv sync -C nowhere --group ") == set()


def test_files_and_folders_are_the_shell_s(known: ScratchProject) -> None:
    (known.folder / "two words").mkdir()
    (known.folder / "two.lock").touch()
    assert offered(known, "bash", "lockenv lock --lock tw") == {"two words", "two.lock"}
    assert offered(known, "bash", "lockenv sync --env tw") == {"two words"}
    assert offered(known, "fish", "lockenv lock --lock tw") == {"two words/", "two.lock"}
    assert offered(known, "fish", "lockenv sync --env tw") == {"two words/"}
    assert offered(known, "zsh", "lockenv lock --lock ") == {"FILES"}
    assert offered(known, "zsh", "lockenv sync --env ") == {"FILES", "-/"}


def test_behind_run_stands_another_command(known: ScratchProject) -> None:
    assert "lockenv" in offered(known, "bash", "lockenv run -- locke")
    (known.folder / "a file").touch()
    assert offered(known, "bash", "lockenv run cat a") == {"a file"}
    assert offered(known, "zsh", "lockenv run -- ") == {"PROGRAMS"}
    assert offered(known, "zsh", "lockenv run cat a") == set()
    assert "lockenv" in offered(known, "fish", "lockenv run locke")
    assert offered(known, "bash", "lockenv run --ver") == {"--verified"}
    groups = offered(known, "bash", "lockenv sync --group ")
    assert offered(known, "bash", "lockenv run --group ") == groups != set()


def test_names_that_a_shell_might_take_for_more_are_left_out(known: ScratchProject) -> None:
    known.write("env.toml", '[groups]\n"$(touch owned)" = []\n"a b" = []\nfine = []\n')
    for shell in _ASK:
        if shutil.which(shell) is not None:
            assert offered(known, shell, "lockenv sync --group ") == {"fine"}
    assert not (known.folder / "owned").exists()


@pytest.mark.parametrize("text", ["", "[env", "env = 1\n", '[env]\ndependencies = [1]\ngroups = "x"\n'])
@pytest.mark.parametrize("kind", ["groups", "environments", "requirements", "packages", "whatever"])
def test_where_nothing_can_be_read_tab_is_silent(project: ScratchProject, kind: str, text: str) -> None:
    project.write("env.toml", text)
    ran = project.run("completion", "words", kind, "sync", "--group").ok()
    assert (set(ran.out.split()) - {"default"}, ran.err) == (set(), "")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ([], ["docs", "test"]),
        (["sync", "-C"], ["docs", "test"]),
        (["-C=inner", "sync"], ["lint"]),
        (["-C", "inner"], ["lint"]),
    ],
)
def test_names_are_those_of_the_project_that_is_typed(
    known: ScratchProject, typed: list[str], names: list[str]
) -> None:
    known.write("inner/env.toml", '[env]\npython = ">=3.9"\n[groups]\nlint = []\n')
    found = known.run("completion", "words", "groups", *typed).ok().out.split()
    assert found == names


@pytest.mark.parametrize("shell", _SHELLS)
def test_a_script_names_every_option_of_every_command(project: ScratchProject, shell: str) -> None:
    text = project.run("completion", shell).ok().out
    for command in grammar(COMMANDS):
        for option in command.options:
            long = option.flags[-1] if shell != "fish" else f"-l {option.flags[-1][2:]}"
            assert long in text


def test_powershell_tells_small_letters_from_capitals(project: ScratchProject) -> None:
    text = project.run("completion", "powershell").ok().out
    assert "switch -CaseSensitive" in text
    assert "'lock:-P' { 'packages' }" in text
    assert "'lock:-p' { 'nothing' }" in text
    assert text.count("{") == text.count("}")
    assert text.count("(") == text.count(")")


def test_what_stands_before_a_command_is_what_all_commands_take() -> None:
    flags = {flag for option in shared(grammar(COMMANDS)) for flag in option.flags}
    assert {"-C", "--project", "--cache-dir", "--offline", "-q", "-v", "--help"} <= flags
    assert "--lock" not in flags


def test_zsh_completes_while_somebody_types(known: ScratchProject) -> None:
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("there is no zsh here")
    script = known.write("completion.zsh", known.run("completion", "zsh").ok().out)
    lines = [
        "autoload -U compinit && compinit -u -D",
        f"source {shlex.quote(str(script))}",
        # What is typed before is shown again, so that this must not stand in it.
        "lockenv() { if [[ $1 == completion ]]; then command lockenv $@; else print GO'T':$*; fi }",
        "lockenv sync --gro\tte\tx",
    ]
    shown = _typed([zsh, "-f", "-i"], lines, known.environ | {"TERM": "dumb", "PS1": "> "}, known.folder, "GOT:")
    assert "GOT:sync --group test x" in shown


def _typed(command: list[str], lines: list[str], environ: Mapping[str, str], folder: Path, until: str) -> str:
    """Type lines at a terminal, and give what it shows up to the line that holds `until`."""
    terminal, end = os.openpty()
    # zsh edits lines only on a terminal that is its own.
    own = (
        "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", own, *command],
        stdin=end,
        stdout=end,
        stderr=end,
        cwd=folder,
        env=dict(environ),
        start_new_session=True,
    )
    os.close(end)
    shown, deadline = "", time.monotonic() + PATIENCE

    def wait_for(mark: str) -> None:
        nonlocal shown
        while mark not in shown:
            ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, shown
            shown += os.read(terminal, 4096).decode(errors="replace")
        seen.append(shown[: shown.index(mark) + len(mark)])
        shown = shown[shown.index(mark) + len(mark) :]

    seen: list[str] = []
    try:
        wait_for("> ")
        for number, line in enumerate(lines[:-1]):
            # Typed too early, a Tab is no question: the next line waits for the end of this one, and its prompt.
            os.write(terminal, f"{line}; print DON'E'{number}\r".encode())
            wait_for(f"DONE{number}")
            wait_for("> ")
        os.write(terminal, f"{lines[-1]}\r".encode())
        wait_for(until)
        wait_for("\n")
    finally:
        child.kill()
        child.wait()
        os.close(terminal)
    return "".join(seen)
