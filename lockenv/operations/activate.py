"""The line that activates an environment, for the shell that somebody types in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lockenv.errors import UsageError
from lockenv.operations.absent import no_environment
from lockenv.python.activation import quote_csh, quote_fish, quote_powershell, quote_sh
from lockenv.session import Session
from lockenv.values import dataclass

_DEEPEST = 12  #: parents that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """How a shell is told: the script for it, the line that reads that, and what evaluates this line."""

    name: str
    script: str
    line: Callable[[str], str]
    evaluate: str


def _quote_cmd(path: str) -> str:
    return f'"{path}"'


_EVAL = 'eval "$(lockenv activate)"'
#: By the names of their programs.
SHELLS: Mapping[str, Shell] = {
    **{
        name: Shell(name=name, script="activate", line=lambda path: f". {quote_sh(path)}", evaluate=_EVAL)
        for name in ("bash", "zsh", "sh", "dash", "ksh")
    },
    "fish": Shell(
        name="fish",
        script="activate.fish",
        line=lambda path: f"source {quote_fish(path)}",
        evaluate="lockenv activate | source",
    ),
    **{
        name: Shell(
            name=name,
            script="activate.csh",
            line=lambda path: f"source {quote_csh(path)}",
            evaluate="eval `lockenv activate`",
        )
        for name in ("csh", "tcsh")
    },
    **{
        name: Shell(
            name=name,
            script="Activate.ps1",
            line=lambda path: f". {quote_powershell(path)}",
            evaluate="lockenv activate | Out-String | Invoke-Expression",
        )
        for name in ("pwsh", "powershell")
    },
    "cmd": Shell(
        name="cmd",
        script="activate.bat",
        line=lambda path: f"call {_quote_cmd(path)}",
        evaluate="for /f \"delims=\" %i in ('lockenv activate') do @%i",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """The line that activates, and the shell it is for."""

    line: str
    shell: Shell


def activation(session: Session, shell: str | None = None) -> Activation:
    """Say how the project's environment is activated, in `shell` or in the one that this process was called from.

    Raises `UsageError` where there is no environment, none for that shell, or no shell can be made out.
    """
    found = SHELLS[shell] if shell is not None else shell_of(session.environ, parents())
    env = Path(session.project.env)
    scripts = env / ("Scripts" if os.name == "nt" else "bin")
    if not (env / "pyvenv.cfg").is_file():
        raise no_environment(session.project, str(env))
    script = scripts / found.script
    if not script.is_file():
        msg = f"the environment at {env} has no script for {found.name}: {found.script}"
        raise UsageError(msg, hint="`lockenv sync` makes those of this system; `--shell` takes another")
    if not str(script).isprintable():
        # A path that a terminal would act upon, or that is no text.
        raise UsageError(f"{script} cannot be written as a line for a shell", hint="type it yourself")
    return Activation(line=found.line(str(script)), shell=found)


def shell_of(environ: Mapping[str, str], programs: Iterator[str]) -> Shell:
    """The shell that somebody types in: the nearest of the calling programs that is one, else `SHELL`.

    Raises `UsageError` where neither says.
    """
    for program in (*programs, environ.get("SHELL", "")):
        if (known := SHELLS.get(_program(program))) is not None:
            return known
    names = ", ".join(sorted(SHELLS))
    raise UsageError("it cannot be made out which shell this is", hint=f"say it: --shell {{{names}}}")


def _program(said: str) -> str:
    """A program's name, without the dash of a login shell and the `.exe` of Windows."""
    return said.strip().removeprefix("-").replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")


def parents() -> Iterator[str]:
    """The programs that called this one, the nearest first, as far as the system says."""
    number = os.getppid()
    for _ in range(_DEEPEST):
        if number <= 1:
            return
        found = _on_linux(number) or _by_ps(number)
        if found is None:
            return
        number, name = found
        yield name


def _on_linux(number: int) -> tuple[int, str] | None:
    """A process's parent and name, from /proc: ``4711 (bash) S 4710 …``; a name may hold anything."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        name, _, rest = text.partition("(")[2].rpartition(")")
        return int(rest.split()[1]), name
    except (OSError, ValueError, IndexError):
        return None


def _by_ps(number: int) -> tuple[int, str] | None:
    command = ["ps", "-o", "ppid=", "-o", "comm=", "-p", str(number)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout
        parent, _, name = said.strip().partition(" ")
        return int(parent), name
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
