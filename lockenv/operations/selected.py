"""What of its lock an environment was made with, as its record tells, and the sync that asks for it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lockenv.errors import UsageError
from lockenv.lockfile.select import Selection, check_selection
from lockenv.manifest.words import quoted
from lockenv.operations.environments import told_for
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import parse_lock
from lockenv.packages import canonicalize_name
from lockenv.project import Project
from lockenv.transaction import state

_WORDS = {"all groups": "--all-groups", "seed": "--seed"}


def sync_again(selection: Sequence[str], python: str | None = None) -> str:
    """The sync that asks for a recorded selection again."""
    options = [_WORDS.get(text) or "--{} {}".format(*text.partition(" ")[::2]) for text in selection]
    named = [] if python is None else ["--python", shlex.quote(python)]
    return " ".join(["lockenv sync", *options, *named])


def refuse_without(groups: Sequence[str], project: Project) -> None:
    """Raise `UsageError` where the environment was made without one of the groups, or nobody knows.

    `LockError` where a group could only be looked up in the lock, and that cannot be read.
    """
    about = shown(project, project.env)
    record = state.read_current(project.env)
    if record is None:
        message = f"{about} was not made by lockenv, so nobody knows its groups"
        raise told_for(UsageError(message, hint="run `lockenv sync`, which makes it anew"), project)
    has = {name for kind, _, name in (text.partition(" ") for text in record.selection) if kind == "group"}
    lacking = [name for name in dict.fromkeys(map(canonicalize_name, groups)) if name not in has]
    if not lacking:
        return
    _check_that_they_exist(lacking, project)
    if "all groups" not in record.selection:
        again = sync_again([*record.selection, *(f"group {name}" for name in lacking)])
        message = f"{about} was made without the group{'s' * (len(lacking) > 1)} {', '.join(map(quoted, lacking))}"
        raise told_for(UsageError(message, hint=f"run `{again}`"), project)


def _check_that_they_exist(groups: Sequence[str], project: Project) -> None:
    raw, where = bytes_of(project.lock), shown(project, project.lock)
    if raw is not None:
        check_selection(parse_lock(raw, where), Selection(groups=frozenset(groups)), where=where)
