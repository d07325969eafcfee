"""`lockenv run`: the shortest way from here to there, with as few imports as can be."""

# pathlib and argparse are among the heavy imports that are avoided here.
# ruff: noqa: PTH109, PTH113, PTH118

from __future__ import annotations

import os
import sys

from lockenv.errors import LockenvError, UsageError
from lockenv.project import Project, find_project, stated_env

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HELP = """\
usage: lockenv run [-C DIR] [-e NAME | --env DIR] [-g G] [--env-file FILE] [--verified | --against FILE]
                   [--] COMMAND [ARGUMENT ...]
       lockenv run [-p X] [--verified] [--script] SCRIPT.py [ARGUMENT ...]

Run a command in the environment: its bin folder comes first on PATH and VIRTUAL_ENV is set. The exit
status is the command's own. Nothing is resolved or installed.

A file SCRIPT.py is run by Python. One that says itself what it needs, in a `# /// script` block (PEP 723), runs
in a locked environment of its own: made the first time, kept in the cache, found again at once.

options:
  -C, --project DIR  the folder with env.toml
  -e, --environment NAME
                     the environment of that name in env.toml
      --env DIR      the environment (default: .venv beside env.toml)
  -g, --group G      start nothing if the environment was made without this group. Repeatable
      --env-file FILE
                     variables from a file of NAME=value lines; what is set already stays. Repeatable
      --verified     first compare the environment with its lock, byte by byte; start nothing if it differs
      --against FILE the same, with a document that `lockenv sync --manifest FILE` wrote
  -p, --python X     the Python for a script with such a block: a version, a command or a path
      --script       the next word is a script with such a block, whatever its name ends in (for `#!` lines)
  -h, --help         this text

examples:
  lockenv run -- python -c "import flask"
  lockenv run --group test pytest -x
  lockenv run report.py --year 2026
"""
_VALUED = {
    "-C": "project",
    "--project": "project",
    "-e": "environment",
    "--environment": "environment",
    "--env": "env",
    "--cache-dir": "cache_dir",
    "--against": "against",
    "-p": "python",
    "--python": "python",
    "--env-file": "env_files",
    "-g": "groups",
    "--group": "groups",
}
#: Those that can be given more than once: their values are kept together.
_REPEATED = frozenset({"env_files", "groups"})
#: Settings that count where a script's environment has to be made, and the value that each gets.
_SWITCHES = {
    "-q": ("quiet", "yes"),
    "--quiet": ("quiet", "yes"),
    "-v": ("verbosity", "1"),
    "--verbose": ("verbosity", "1"),
    "-vv": ("verbosity", "2"),
    "--offline": ("offline", "yes"),
}


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv run`. On POSIX the command takes this process's place, so signals reach it directly."""
    options, command = _split(list(arguments))
    if command is None:
        # Lazy: only help needs it.
        from lockenv.cli.folding import fitted

        sys.stdout.write(fitted(HELP))
        return 0
    if not command:
        raise UsageError("there is no command to run", hint="write it behind `--`: lockenv run -- python -V")
    files = _from_files(_each(options, "env_files"))
    script = command[0] if _is_script(command[0], options) else None
    own = _environment_of_script(script, options) if script is not None else None
    if own is not None:
        return _become([_python(own), *command], _environment(own, files), own)
    if "python" in options:
        hint = "`lockenv sync --python X` makes the project's environment with another"
        raise UsageError("--python is for a script that says what it needs; an environment has its own", hint=hint)
    folder = options.get("project") or os.environ.get("LOCKENV_PROJECT") or find_project(os.getcwd())
    name = options.get("environment", "")
    stated = options.get("env") or os.environ.get("LOCKENV_ENV")
    project = Project(folder, env=stated_env(name, flag=options.get("env"), setting=stated), environment=name)
    env = project.env
    if not os.path.isfile(os.path.join(env, "pyvenv.cfg")) and not _restored(env):
        raise _missing(folder, env, name)
    if groups := _each(options, "groups"):
        # Lazy: few commands ask for any.
        from lockenv.operations.selected import refuse_without

        refuse_without(groups, project)
    if "verified" in options or "against" in options:
        # Lazy: this is the other command, with all that it takes.
        from lockenv.cli.interrupts import prompt_interrupts
        from lockenv.cli.verify import refuse_drift

        flags = {"project": folder, "env_dir": env, "cache_dir": options.get("cache_dir")}
        with prompt_interrupts("run"):
            refuse_drift(flags, against=options.get("against"), environment=name)
    return _become(command if script is None else [_python(env), *command], _environment(env, files), env)


def _is_script(command: str, options: Mapping[str, str]) -> bool:
    """Whether a command is the name of a file that Python is to run."""
    return "script" in options or (command.endswith(".py") and os.path.isfile(command))


def _environment_of_script(script: str, options: Mapping[str, str]) -> str | None:
    """The environment that a script asks for (PEP 723), unless another is named; None where it asks for none."""
    if "script" in options and "groups" in options:
        raise UsageError("--group is for the project's environment; a script's own has no groups")
    if "script" not in options and not {"env", "environment", "against", "groups"}.isdisjoint(options):
        return None
    # Lazy: most commands are no scripts.
    from lockenv.cli.script import environment_of

    flags: dict[str, object] = {name: name in options or None for name in ("offline", "quiet")}
    flags |= {name: options.get(name) for name in ("cache_dir", "python")}
    flags["verbosity"] = int(options.get("verbosity", "0")) or None
    return environment_of(script, flags, required="script" in options, verified="verified" in options)


def _python(env: str) -> str:
    return os.path.join(env, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def _missing(folder: str, env: str, name: str) -> LockenvError:
    # Lazy: only an error needs it.
    from lockenv.operations.absent import no_environment
    from lockenv.operations.environments import told_for

    project = Project(folder, environment=name)
    return told_for(no_environment(project, env), project)


def _restored(env: str) -> bool:
    """Whether the environment is there after all, once what a dead sync cut in the midst is set right."""
    from lockenv.transaction.commit import restore  # rarely needed

    restore(env)
    return os.path.isfile(os.path.join(env, "pyvenv.cfg"))


def _split(arguments: list[str]) -> tuple[dict[str, str], list[str] | None]:
    """Take our options off the front; what follows belongs to the command. None for the command: help is asked."""
    options: dict[str, str] = {}
    while arguments:
        argument = arguments.pop(0)
        name, equals, value = argument.partition("=")
        if argument == "--":
            break
        if argument in {"-h", "--help"}:
            return options, None
        if name in _VALUED:
            if not equals and not arguments:
                raise UsageError(f"{name} needs a value")
            value = value if equals else arguments.pop(0)
            key = _VALUED[name]
            options[key] = _together(options.get(key, ""), value) if key in _REPEATED else value
        elif argument == "--verified":
            options["verified"] = "yes"
        elif argument == "--script":
            options["script"] = "yes"
        elif argument in _SWITCHES:
            options[_SWITCHES[argument][0]] = _SWITCHES[argument][1]
        elif argument.startswith("-"):
            raise UsageError(
                f"`lockenv run` has no option {argument}",
                hint="see `lockenv run --help`; the command's own options stand behind it",
            )
        else:
            return options, [argument, *arguments]
    return options, arguments


def _together(before: str, value: str) -> str:
    """The values of an option so far, and one more: none holds a NUL."""
    return f"{before}\0{value}"


def _each(options: Mapping[str, str], name: str) -> list[str]:
    """All values of an option that can be given more than once."""
    return [value for value in options.get(name, "").split("\0") if value]


def _from_files(files: Iterable[str]) -> dict[str, str]:
    """The variables of files; what a later one says counts."""
    found: dict[str, str] = {}
    for file in files:
        # Lazy: most commands are given none.
        from lockenv.formats.dotenv import read
        from lockenv.operations.files import bytes_of

        raw = bytes_of(file)
        if raw is None:
            raise UsageError(f"there is no file {file}", hint="--env-file names a file of NAME=value lines")
        try:
            found |= read(raw.decode("utf-8"), where=file)
        except UnicodeDecodeError:
            raise UsageError(f"{file} is not UTF-8 text") from None
    return found


def _environment(env: str, files: Mapping[str, str]) -> dict[str, str]:
    # What is set already stays, as the one who types has the last word.
    variables = {name: value for name, value in {**files, **os.environ}.items() if name != "PYTHONHOME"}
    variables["VIRTUAL_ENV"] = env
    scripts = os.path.join(env, "Scripts" if os.name == "nt" else "bin")
    variables["PATH"] = os.pathsep.join(filter(None, (scripts, variables.get("PATH", os.defpath))))
    return variables


def _own(command: str, env: str) -> str | None:
    """Find the environment's own command, whole or not: a broken one must not give way to another of its name."""
    path = os.path.join(env, "bin", command)
    return path if os.sep not in command and os.path.lexists(path) else None


def _become(command: Sequence[str], environment: dict[str, str], env: str) -> int:
    sys.stdout.flush()
    try:
        if os.name == "nt":
            # Windows has no exec that keeps the console; a child does.
            import subprocess

            return subprocess.run(command, env=environment, check=False).returncode
        os.execvpe(_own(command[0], env) or command[0], list(command), environment)  # noqa: S606
    except FileNotFoundError:
        if own := _own(command[0], env):
            gone = f"{own} cannot be started: the Python that it was made for is gone"
            raise UsageError(gone, hint="run `lockenv sync`") from None
        hint = f"`lockenv list` shows the packages; does one of them bring `{command[0]}`?"
        raise UsageError(f"there is no command `{command[0]}` in {env} or on PATH", hint=hint) from None
    except PermissionError:
        raise UsageError(f"`{command[0]}` is not executable") from None
