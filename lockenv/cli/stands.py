"""`lockenv lock` where there is nothing to do, or nothing new to find: with as few imports as can be.

What is not plain is left to `lockenv.cli.lock`, which says the same of a lock that stands or was made before.
"""

from __future__ import annotations

import os
import time

from lockenv.cli.already import project_of, settings_of
from lockenv.cli.plain import plain_of_lock
from lockenv.errors import LockenvError
from lockenv.operations.standing import standing

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockenv.project import Project
    from lockenv.settings import Settings


class _Place:
    """What of a session is needed to look for a note."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self.project, self.settings, self.cache = project, settings, settings.cache_dir
        self.environ = os.environ


def already(arguments: Sequence[str]) -> bool:
    """Say that the lock stands, if it does, or make it as before; else leave all to `lockenv.cli.lock`."""
    began = time.perf_counter()
    asked = plain_of_lock(arguments)
    if asked is None:
        return False
    try:
        settings = settings_of(asked)
        if settings.warnings or settings.verbosity:
            return False
        place = _Place(project_of(asked, settings), settings)
        said = standing(place)
        if said is None:
            return _as_before(place, began)
    except (LockenvError, OSError):
        return False
    if not settings.quiet:
        # Lazy: a lock that has to be made comes to its own.
        from lockenv.cli.screen import Screen, duration

        Screen(environ=os.environ).result(f"{said}, {duration(time.perf_counter() - began)}")
    return True


def _as_before(place: _Place, began: float) -> bool:
    """Make the lock what the same question came to before, if it still does, and tell the same of it."""
    # Lazy: a lock that stands needs none of this.
    from lockenv.cli.screen import Screen, duration
    from lockenv.cli.told import say_again
    from lockenv.operations.answered_before import answered, give

    answer = answered(place)
    if answer is None or not give(place, answer):
        return False
    screen = Screen(environ=os.environ, quiet=place.settings.quiet)
    for message, hint in answer.rests.warnings:
        screen.warn(message, hint)
    say_again(screen, answer.told.lines)
    screen.say(f"{answer.told.verdict}, {duration(time.perf_counter() - began)}")
    return True
