"""Which command is meant, and what becomes of its errors."""

from __future__ import annotations

import os
import sys

from lockenv.errors import InstallError, InternalError, LockenvError, ResolutionImpossible

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Command -> (module, what it does). The modules are imported when their command is called, not before.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("lockenv.cli.init", "Write an env.toml to start from"),
    "add": ("lockenv.cli.add", "Add packages to env.toml, the lock and the environment"),
    "remove": ("lockenv.cli.remove", "Remove packages from env.toml, the lock and the environment"),
    "lock": ("lockenv.cli.lock", "Resolve env.toml into pylock.toml"),
    "upgrade": ("lockenv.cli.upgrade", "Lock newer versions, of all packages or of some"),
    "sync": ("lockenv.cli.sync", "Make the environment exactly what pylock.toml says"),
    "history": ("lockenv.cli.history", "Show the generations that the environment keeps"),
    "rollback": ("lockenv.cli.rollback", "Go back to an earlier generation of the environment"),
    "verify": ("lockenv.cli.verify", "Compare the environment, byte by byte, with the lock's wheels"),
    "run": ("lockenv.cli.run", "Run a command in the environment"),
    "activate": ("lockenv.cli.activate", "Write the line that activates the environment in your shell"),
    "import": ("lockenv.cli.import_", "Bring in requirements files, other tools' projects and locks"),
    "export": ("lockenv.cli.export", "Give out the lock or the manifest in other tools' formats"),
    "check": ("lockenv.cli.check", "Compare env.toml, the lock and the environment at a glance"),
    "tree": ("lockenv.cli.tree", "Show what the lock holds, by who requires whom"),
    "why": ("lockenv.cli.why", "Show why the lock holds a package"),
    "explain": ("lockenv.cli.explain", "Tell at full length why the last lock found no solution"),
    "diff": ("lockenv.cli.diff", "Show what is different between locks, revisions, generations"),
    "outdated": ("lockenv.cli.outdated", "Show what has newer releases, and what holds it back"),
    "list": ("lockenv.cli.list", "Show what is installed in the environment"),
    "git": ("lockenv.cli.git", "Let Git merge and compare locks by what they hold"),
    "completion": ("lockenv.cli.completion", "Write a script for your shell's Tab key"),
    "python": ("lockenv.cli.python", "Find the Pythons on this machine"),
    "cache": ("lockenv.cli.cache", "Show or clean the cache"),
}

#: What answers for a command that has nothing to do, before anything is imported that it would need.
_ALREADY = {"sync": "lockenv.cli.already", "lock": "lockenv.cli.stands"}

#: Options that take a value and may stand before the command.
_VALUED = frozenset({"--project", "-C", "--cache-dir", "--lock", "--env", "--environment", "-e", "--python", "-p"})

_HELP_TAIL = """\
Options for every command:
  -C, --project DIR   the folder with env.toml (default: here, or the nearest parent that has one)
      --cache-dir DIR where downloads and unpacked wheels are kept
      --offline       never use the network
  -q, --quiet         say nothing but errors
  -v, --verbose       say why (twice: every request too)
  -h, --help          help, also for each command: lockenv lock --help
  -V, --version       the version

Examples:
  lockenv init flask "pandas>=2.2"    start: writes env.toml
  lockenv lock                        pins everything, with hashes, in pylock.toml
  lockenv sync                        makes .venv exactly that
  lockenv run -- flask --version      uses it
"""


def run(arguments: Sequence[str]) -> int:
    """Run a command line, show its error if it has one, and give the exit status (DESIGN section 7)."""
    if arguments and arguments[0] == "help":
        arguments = [*arguments[1:2], "--help"]
    command, rest = _split(arguments)
    _open_what_is_closed()
    if command is None:
        return _answered(rest)
    if command in _ALREADY and _is_already(command, rest):
        return 0
    try:
        if command == "run":
            # It is soon another program; where it has more to do before, it hears of interrupts itself.
            return _run(command, rest)
        # Lazy: what is above does not need it.
        from lockenv.cli.interrupts import prompt_interrupts

        with prompt_interrupts(command):
            return _run(command, rest)
    except KeyboardInterrupt:
        from lockenv.cli.interrupts import last_words, status

        try:
            sys.stderr.write(last_words())
            sys.stderr.flush()
        except OSError:
            pass  # the terminal has gone, which may be why; `contextlib`, which would say so, takes long to import
        return status()


def _is_already(command: str, arguments: Sequence[str]) -> bool:
    """Whether a command has nothing to do, and has said so."""
    # Lazy: other commands do not need it.
    module = __import__(_ALREADY[command], fromlist=["already"])
    try:
        done: bool = module.already(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _flush_or_forget()
        return True
    return done


def _run(command: str, rest: Sequence[str]) -> int:
    try:
        # What `importlib.import_module` does, which would have to be imported first.
        module = __import__(COMMANDS[command][0], fromlist=["main"])
        status = _ended(module.main, rest)
        sys.stdout.flush()
    except LockenvError as error:
        return _show(error, command, rest)
    except BrokenPipeError:
        # The reader has gone (`lockenv list | head`): no message.
        _flush_or_forget()
        return 0
    except Exception as error:  # noqa: BLE001 - the last place where a person can be spared a traceback
        _trace(error, rest)
        _flush_or_forget()
        return _show(_told(error), command, rest)
    return int(status)


def _ended(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """The status of a command. With `--help` its parser ends the program, before all of the text is written."""
    try:
        return main(arguments)
    except SystemExit as end:
        if end.code:
            raise
        return 0


def _open_what_is_closed() -> None:
    """Give a program that was started without stdout or stderr (`>&-`) somewhere to write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end


def _flush_or_forget() -> None:
    """Let what could not be written to stdout not fail a second time when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(error: LockenvError, command: str, arguments: Sequence[str]) -> int:
    # Lazy: screens need their own imports.
    from lockenv.cli.screen import Screen

    screen = Screen(environ=os.environ)
    screen.error(error)
    if isinstance(error, ResolutionImpossible) and _wants_more(arguments):
        for line in error.derivation():
            screen.note(line)
    if "--json" in arguments and command != "run":
        from lockenv.cli.errors import document

        screen.document(document(error))
    return error.exit_status


def _wants_more(arguments: Sequence[str]) -> bool:
    return not {"-v", "-vv", "-vvv", "--verbose"}.isdisjoint(arguments)


def _trace(error: Exception, arguments: Sequence[str]) -> None:
    """Show where an error came from that nobody below has put into words: with `-vv`."""
    if sum(argument.count("v") for argument in arguments if argument in {"-v", "-vv", "-vvv"}) > 1:
        import traceback

        traceback.print_exception(error)


def _told(error: Exception) -> LockenvError:
    if isinstance(error, OSError):
        return _refusal_of_the_system(error)
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":  # it has no number
        return InstallError(
            "the system refuses another thread (can't start new thread)",
            hint="raise the limit (`ulimit -u`), or end some programs, and run it again",
        )
    return _bug(error)


def _bug(error: Exception) -> InternalError:
    return InternalError(
        f"lockenv met what it did not foresee: {type(error).__name__}: {error}",
        hint="this is a bug; run it again with -vv and report what that shows",
    )


def _refusal_of_the_system(error: OSError) -> InstallError:
    where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    return InstallError(
        f"{where}{error.strerror or error}", hint="mend that and run it again; -vv shows where it came from"
    )


def _split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Find the command; options before it move behind it, where its own parser takes them."""
    skip = False
    for position, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument in _VALUED:
            skip = True
        elif not argument.startswith("-"):
            if argument in COMMANDS:
                return argument, [*arguments[:position], *arguments[position + 1 :]]
            return None, list(arguments)
    return None, list(arguments)


def _answered(arguments: Sequence[str]) -> int:
    """Answer what names no command. As with commands, a reader who has gone is no failure."""
    try:
        status = _without_command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        _flush_or_forget()
        return 0
    except OSError as error:
        _flush_or_forget()
        return _show(_refusal_of_the_system(error), "", arguments)
    return status


def _without_command(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        # Lazy: only help needs it.
        from lockenv.cli.folding import fitted

        sys.stdout.write(fitted(_help()))
        return 0
    if "-V" in arguments or "--version" in arguments:
        from lockenv import __version__

        sys.stdout.write(f"lockenv {__version__}\n")
        return 0
    from difflib import get_close_matches

    wrong = next((argument for argument in arguments if not argument.startswith("-")), None)
    if wrong is None:
        sys.stderr.write("error: there is no command  [usage]\nhint: see `lockenv --help`\n")
        return 2
    sys.stderr.write(f"error: `{wrong}` is not a command of lockenv  [usage]\n")
    close = get_close_matches(wrong, COMMANDS, n=1)
    sys.stderr.write(f"hint: did you mean `lockenv {close[0]}`?\n" if close else "hint: see `lockenv --help`\n")
    return 2


def _help() -> str:
    lines = [
        "lockenv: a Python environment as a pure function of a committed lock file",
        "",
        "Usage: lockenv COMMAND [OPTIONS]",
        "",
        "Commands:",
        *(f"  {name:<12}{summary}" for name, (_, summary) in COMMANDS.items()),
        "",
    ]
    return "\n".join(lines) + "\n" + _HELP_TAIL
