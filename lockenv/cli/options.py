"""The options that commands share, and the session they make."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lockenv.cli.progress import Progress
from lockenv.cli.screen import Screen
from lockenv.session import Session, open_session


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


def parser(
    command: str, summary: str, examples: Sequence[str], *, usage: str | None = None
) -> argparse.ArgumentParser:
    """Make a command's parser with the options that all commands share."""
    made = argparse.ArgumentParser(
        prog=f"lockenv {command}",
        usage=usage,
        description=summary,
        epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    shared = made.add_argument_group("options for every command")
    shared.add_argument("-C", "--project", metavar="DIR", help="the folder with env.toml")
    shared.add_argument("--cache-dir", metavar="DIR", help="where downloads and unpacked wheels are kept")
    shared.add_argument("--offline", action="store_true", default=None, help="never use the network")
    shared.add_argument("-q", "--quiet", action="store_true", default=None, help="say nothing but errors")
    shared.add_argument("-v", "--verbose", action="count", dest="verbosity", help="say why (twice: requests too)")
    return made


def add_lock(to: argparse.ArgumentParser) -> None:
    """Let a command name its lock."""
    to.add_argument("--lock", metavar="FILE", help="the lock (default: pylock.toml beside env.toml)")


def add_env(to: argparse.ArgumentParser) -> None:
    """Let a command name its environment."""
    to.add_argument(
        "--env", metavar="DIR", dest="env_dir", help="the environment (default: .venv beside env.toml)"
    )


def add_python(to: argparse.ArgumentParser) -> None:
    """Let a command name its Python."""
    to.add_argument("-p", "--python", metavar="X", help="a version (3.12, '>=3.11,<3.13'), a command or a path")


@contextmanager
def session_of(arguments: argparse.Namespace) -> Iterator[tuple[Session, Screen]]:
    """Open the session that a command line asks for, with progress on its screen."""
    screen = Screen(environ=os.environ, quiet=bool(arguments.quiet))
    progress = Progress(screen, verbosity=arguments.verbosity or 0)
    flags = {name: value for name, value in vars(arguments).items() if value is not None}
    with open_session(
        flags,
        environ=os.environ,
        folder=os.getcwd(),  # noqa: PTH109
        lock=getattr(arguments, "lock", None),
        report=progress,
    ) as session:
        try:
            yield session, screen
        finally:
            progress.clear()
