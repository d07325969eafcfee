"""Scripts that say themselves what they need (PEP 723): their blocks, and the locks beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lockenv.api.projects import ProjectPath, StrPath, allowed, listed, opened

if TYPE_CHECKING:
    # Each function loads what it needs.
    from lockenv.operations.locked import Locked
    from lockenv.operations.script_edits import EditedScript


def lock_script(
    project: ProjectPath,
    script: StrPath,
    *,
    upgrade: Iterable[str] | bool = False,
    check: bool = False,
    allow_build: Iterable[str] = (),
) -> Locked:
    """Do for a script what `lock` does for a project; the lock stands beside the script.

    `project` is a folder from which a relative path begins; it need not have an ``env.toml``. `upgrade` is whether
    to let go of all versions, or of which packages'. Raises `UsageError` for a script that does not say what it
    needs, and what `lock` raises.
    """
    from lockenv.operations.question import upgrade_of
    from lockenv.operations.scripts import lock_script, script_at

    wish = upgrade_of(upgrade if isinstance(upgrade, bool) else listed(upgrade, "packages"))
    with opened(project) as session:
        found = script_at(os.fspath(script), folder=session.folder)
        return lock_script(session, found, upgrade=wish, check=check, allowed=allowed(allow_build))


def add_to_script(
    project: ProjectPath, script: StrPath, requirements: Iterable[str], *, allow_build: Iterable[str] = ()
) -> EditedScript:
    """Put requirements into the block of a script, which gets one if it has none, and lock it if it has a lock.

    Bounds are those of `add`. Raises `UsageError` and what `lock` raises; the script and its lock are then as they
    were.
    """
    from lockenv.operations.script_edits import add_to_script

    wanted = listed(requirements, "requirements")
    with opened(project) as session:
        bounds = session.settings.bounds
        return add_to_script(session, os.fspath(script), wanted, bounds=bounds, allowed=allowed(allow_build))


def remove_from_script(
    project: ProjectPath, script: StrPath, names: Iterable[str], *, allow_build: Iterable[str] = ()
) -> EditedScript:
    """Take requirements out of the block of a script, and lock it if it has a lock. Raises as `add_to_script`."""
    from lockenv.operations.script_edits import remove_from_script

    unwanted = listed(names, "names")
    with opened(project) as session:
        return remove_from_script(session, os.fspath(script), unwanted, allowed=allowed(allow_build))
