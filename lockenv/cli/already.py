"""`lockenv sync` where there is nothing to do: the answer to most syncs, given with as few imports as can be.

What is not plain (an option that is rarely used, a warning, an error, a difference) is left to `lockenv.cli.sync`,
which says the same of an environment that is right.
"""

# pathlib and argparse are among the heavy imports that are avoided here.
# ruff: noqa: PTH109, PTH118

from __future__ import annotations

import os
import time

from lockenv import settings as user_settings
from lockenv.cli.plain import plain
from lockenv.cli.verdict import verdict
from lockenv.errors import LockenvError
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.up_to_date import compares_content, up_to_date
from lockenv.operations.wish import Synced, Wish
from lockenv.project import Project, find_project, stated_env
from lockenv.sums import sha256
from lockenv.user_folders import cache_folder, config_file

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Sequence

    from lockenv.settings import Settings


def already(arguments: Sequence[str]) -> bool:
    """Say that nothing is to be done, if that is so; else say nothing, and let `lockenv.cli.sync` see to it."""
    began = time.perf_counter()
    asked = plain(arguments)
    if asked is None:
        return False
    try:
        told = _verdict(asked)
    except (LockenvError, OSError):
        return False
    if told:
        # Lazy: a sync that has something to do comes to its own.
        from lockenv.cli.screen import Screen, duration

        Screen(environ=os.environ).result(f"{told}, {duration(time.perf_counter() - began)}")
    return told is not None


def _verdict(asked: dict[str, object]) -> str | None:
    """What there is to say of an environment that is as it should be, which may be nothing; None for any other."""
    settings = settings_of(asked)
    odd = settings.warnings or settings.verbosity or settings.python is not None
    if odd or compares_content(os.environ, None):
        return None
    project = project_of(asked, settings)
    raw = bytes_of(project.lock)
    record = raw and up_to_date(
        project, lock_digest=sha256(raw).hexdigest(), selection=_wish(asked).selection, compiled=settings.compile
    )
    if not record:
        return None
    env, where = shown(project, project.env), shown(project, project.lock)
    done = Synced(env=env, lock=where, packages=len(record.packages), digest=record.digest)
    return "" if settings.quiet else verdict(done)


def settings_of(asked: dict[str, object]) -> Settings:
    """The settings that plain arguments ask for. Raises `UsageError`."""
    where = config_file(os.environ)
    try:
        with open(where, encoding="utf-8") as file:  # noqa: PTH123
            config = file.read()
    except OSError:
        config = None
    return user_settings.load(
        flags=asked, environ=os.environ, config=config, config_where=where, cache_default=cache_folder(os.environ)
    )


def project_of(asked: dict[str, object], settings: Settings) -> Project:
    """The project that plain arguments ask for."""
    here = os.getcwd()
    start = settings.project if settings.project is not None else find_project(here)
    lock, environment = asked.get("lock"), str(asked.get("environment", ""))
    return Project(
        os.path.join(here, start),
        lock=str(lock) if lock else None,
        env=stated_env(environment, flag=asked.get("env_dir"), setting=settings.env_dir),
        environment=environment,
    )


def _wish(asked: dict[str, object]) -> Wish:
    listed = {name: value for name in ("group", "extra") if isinstance(value := asked[name], tuple)}
    return Wish(groups=listed["group"], extras=listed["extra"], all_groups=bool(asked.get("all_groups")))
