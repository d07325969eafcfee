"""The session that a command line asks for. Imports little: a sync that was planned before opens one, too."""

from __future__ import annotations

import os

from lockenv.cli.progress import Progress
from lockenv.cli.screen import Screen
from lockenv.errors import LockenvError, UsageError
from lockenv.light import contextmanager
from lockenv.session import open_session

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from lockenv.session import Session


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
        environment=_environment(arguments),
        report=progress,
    ) as session:
        # Variables and the configuration file have their say too.
        screen.quiet, progress.verbosity = session.settings.quiet, session.settings.verbosity
        try:
            yield session, screen
        except LockenvError as error:
            # Lazy: only an error needs it.
            from lockenv.operations.environments import told_for

            told = told_for(error, session.project)
            if told is error:
                raise
            raise told from None
        finally:
            progress.clear()


def _environment(arguments: argparse.Namespace) -> str:
    """The environment that a command line names, in one of two ways."""
    named, option = getattr(arguments, "named", None), getattr(arguments, "environment", "")
    several = [name for name in (named, option) if name]
    if len(set(several)) > 1 or (several and getattr(arguments, "all", False)):
        words = " and ".join([*(f"`{name}`" for name in several), *(["`--all`"] if arguments.all else [])])
        raise UsageError(f"{words} are not one environment", hint="name one, or take `--all`")
    return several[0] if several else ""
