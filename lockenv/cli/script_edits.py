"""`lockenv add --script` and `lockenv remove --script`."""

from __future__ import annotations

import argparse

from lockenv.cli.locked import document, show_changed, verdict
from lockenv.cli.screen import Screen
from lockenv.errors import UsageError
from lockenv.graph import MAIN
from lockenv.operations.script_edits import EditedScript, add_to_script, remove_from_script
from lockenv.packages import canonicalize_name
from lockenv.session import Session

SCHEMA = 1  #: of the JSON document, which is that of `lockenv add`
#: Options that are about a project, by their names in the namespace.
_OF_A_PROJECT = ("environment", "lock", "env_dir", "index", "git", "rev", "path", "editable", "url")


def add_to(session: Session, screen: Screen, asked: argparse.Namespace) -> int:
    """Put requirements into a script's block."""
    _check_company(asked)
    done = add_to_script(
        session,
        asked.script,
        asked.requirements,
        bounds=session.settings.bounds,
        allowed=frozenset(map(canonicalize_name, asked.allow_build)),
    )
    return _show(screen, asked, done, verbose=session.settings.verbosity > 0)


def remove_from(session: Session, screen: Screen, asked: argparse.Namespace) -> int:
    """Take requirements out of a script's block."""
    _check_company(asked)
    allowed = frozenset(map(canonicalize_name, asked.allow_build))
    done = remove_from_script(session, asked.script, asked.names, allowed=allowed)
    return _show(screen, asked, done, verbose=session.settings.verbosity > 0)


def _check_company(asked: argparse.Namespace) -> None:
    """Refuse options that a script has no use for."""
    flags = {"env_dir": "--env"}
    given = [flags.get(name, f"--{name}") for name in _OF_A_PROJECT if getattr(asked, name, None)]
    given += ["--group"] if asked.group != MAIN else []
    if given:
        hint = "sources stand under [tool.lockenv.sources] in its block" if "--env" not in given else None
        raise UsageError(f"--script edits the block of a script, and {given[0]} is about a project", hint=hint)


def _show(screen: Screen, asked: argparse.Namespace, done: EditedScript, *, verbose: bool) -> int:
    if asked.json:
        lock = None
        if done.locked is not None:
            told = document(done.locked, ())
            lock = {key: said for key, said in told.items() if key not in {"schema", "warnings"}}
        lines = [{"sign": line.sign, "text": line.text} for line in done.lines]
        common = {"notes": [], "warnings": list(screen.warned)}
        screen.document(
            {"schema": SCHEMA, "path": done.path, "lines": lines, "lock": lock, "sync": None, **common}
        )
        return 0
    for line in done.lines:
        screen.say(f"{done.path}: {screen.change(line.sign, line.text)}")
    if done.locked is not None:
        show_changed(screen, done.locked, verbose=verbose)
        screen.say(verdict(done.locked))
    return 0
