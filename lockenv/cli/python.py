"""`lockenv python list`, `lockenv python find` and `lockenv python pin`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockenv.cli.options import add_json, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.errors import UsageError
from lockenv.operations.choose import all_pythons, project_python
from lockenv.operations.pythons import pin_python
from lockenv.python.interpreter import Interpreter, RefusedInterpreter
from lockenv.session import Session

SCHEMA = 1  #: of the JSON documents


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv python`."""
    options = parser(
        "python",
        "Find the Pythons on this machine: on PATH, of pyenv, uv and Conda, and in the usual places.\n"
        "`pin` writes a version into `.python-version`, which says with which Python the project is worked on.",
        [
            "lockenv python list",
            "lockenv python find",
            "lockenv python find '>=3.11,<3.13'",
            "lockenv python pin 3.12",
        ],
        usage="lockenv python {list,find,pin} [REQUEST] [options]",
    )
    options.add_argument(
        "action", choices=["list", "find", "pin"], help="list all, find the one to use, or pin one"
    )
    options.add_argument(
        "python", nargs="?", metavar="REQUEST", help="find: a version, range, command or path; pin: a version"
    )
    add_json(options)
    asked = options.parse_args(arguments)
    pinned = asked.python if asked.action == "pin" else None
    if asked.action == "pin":
        if pinned is None:
            raise UsageError("`lockenv python pin` needs a version", hint="say `lockenv python pin 3.12`")
        # It is looked for once the manifest has admitted it.
        asked.python = None
    with session_of(asked) as (session, screen):
        if pinned is not None:
            _pin(session, screen, pinned, as_json=asked.json)
        elif asked.action == "find":
            _show(screen, [project_python(session)], asked)
        else:
            _show(screen, all_pythons(session), asked)
    return 0


def _pin(session: Session, screen: Screen, text: str, *, as_json: bool) -> None:
    done = pin_python(session, text)
    found = done.interpreter
    if as_json:
        python = None if found is None else _described(found)
        said = {"file": done.file, "version": done.version, "before": done.before or None, "python": python}
        screen.document({"schema": SCHEMA, **said})
    else:
        before = f", no longer {done.before}" if done.before not in {"", done.version} else ""
        which = f" ({found.path})" if found is not None else ""
        screen.say(f"{done.file} says {done.version}{before}{which}")
    if found is None:
        hint = "`lockenv python list` shows those that are here"
        screen.warn(f"no Python on this machine is {done.version}", hint)


def _show(screen: Screen, found: Sequence[Interpreter | RefusedInterpreter], asked: argparse.Namespace) -> None:
    if asked.json:
        screen.document({"schema": SCHEMA, "pythons": [_described(one) for one in found]})
    elif asked.action == "find":
        screen.data(str(found[0].path))
    elif found:
        screen.table([_row(one) for one in found])
    else:
        screen.note("no Python was found")


def _row(one: Interpreter | RefusedInterpreter) -> tuple[str, str, str]:
    if isinstance(one, RefusedInterpreter):
        return "-", str(one.path), f"(refused: {one.reason})"
    kinds = [one.implementation] if one.implementation != "cpython" else []
    kinds += ["free-threaded"] if one.free_threaded else []
    kinds += ["debug"] if one.debug else []
    return one.version, str(one.path), f"({', '.join(kinds)})" if kinds else ""


def _described(one: Interpreter | RefusedInterpreter) -> dict[str, object]:
    if isinstance(one, RefusedInterpreter):
        return {"path": str(one.path), "refused": one.reason}
    return {
        "path": str(one.path),
        "version": one.version,
        "implementation": one.implementation,
        "free-threaded": one.free_threaded,
        "debug": one.debug,
    }
