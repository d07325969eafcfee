"""What stands where an environment is to be, and whether lockenv may put one there."""

# ruff: noqa: PTH112, PTH113, PTH114, PTH120, PTH208

from __future__ import annotations

import os
import stat

from lockenv.errors import UsageError
from lockenv.transaction import places


def behind_link(env: str) -> str:
    """Follow a link that stands in an environment's place, as people make it who keep environments elsewhere.

    Behind it may be nothing yet, an empty folder, or an environment that lockenv made: what others made is not
    replaced through a link, which a project may bring along. Raises `UsageError`. Any other path is given back.
    """
    if not os.path.islink(env):
        return env
    target = os.path.realpath(env)
    try:
        found = os.lstat(target)
        if stat.S_ISLNK(found.st_mode):
            raise _circle(env)
    except OSError:
        if os.path.isdir(os.path.dirname(target)):
            return target
        raise UsageError(
            f"{env} is a link that leads nowhere: there is no {os.path.dirname(target)}",
            hint="make that folder, or remove the link",
        ) from None
    if stat.S_ISDIR(found.st_mode) and (is_ours(target) or not os.listdir(target)):
        return target
    raise UsageError(
        f"{env} is a link to {target}, which is neither empty nor an environment that lockenv made",
        hint=f"remove the link, or have it replaced with `--env {target}`",
    )


def _circle(env: str) -> UsageError:
    import shlex  # Lazy: hardly ever does one

    return UsageError(f"{env} is a link that leads in a circle", hint=f"remove it: `rm {shlex.quote(env)}`")


def check_place(env: str) -> None:
    """Raise `UsageError` unless an environment may stand here: nothing, an empty folder, or an environment."""
    try:
        found = os.lstat(env)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        kind = "a link" if stat.S_ISLNK(found.st_mode) else "a file"
        raise UsageError(
            f"{env} is {kind}, not the folder of an environment", hint="remove it, or give another `--env DIR`"
        )
    if is_ours(env) or os.path.isfile(f"{env}/pyvenv.cfg") or not os.listdir(env):
        return
    raise UsageError(
        f"{env} is a folder that holds no virtual environment; lockenv leaves it alone",
        hint="give another `--env DIR`, or move the folder away",
    )


def check_readable(env: str) -> None:
    """Raise `UsageError` for an environment into which its own owner cannot look: modes forbid it, or a circle."""
    if os.path.islink(env) and os.path.islink(os.path.realpath(env)):
        raise _circle(env)
    for place in (env, places.home(env), places.current(env)):
        try:
            os.scandir(place).close()
        except (FileNotFoundError, NotADirectoryError):
            return
        except PermissionError as error:
            import shlex  # Lazy: as above

            raise UsageError(
                f"{place} cannot be looked into: {error.strerror}",
                hint=f"if it is yours, `chmod u+rwx {shlex.quote(place)}`, and run it again",
            ) from None


def is_ours(env: str) -> bool:
    """Whether lockenv made this environment, in whatever condition it is now."""
    return os.path.isdir(places.home(env)) and not os.path.islink(env) and not os.path.islink(places.home(env))
