"""`lockenv python list` and `lockenv python find`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockenv.cli.options import add_json, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.choose import all_pythons, project_python
from lockenv.python.interpreter import Interpreter, RefusedInterpreter

SCHEMA = 1  #: of the JSON documents


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv python`."""
    options = parser(
        "python",
        "Find the Pythons on this machine: on PATH, of pyenv, uv and Conda, and in the usual places.",
        ["lockenv python list", "lockenv python find", "lockenv python find '>=3.11,<3.13'"],
        usage="lockenv python {list,find} [REQUEST] [options]",
    )
    options.add_argument("action", choices=["list", "find"], help="list all, or find the one to use")
    options.add_argument("python", nargs="?", metavar="REQUEST", help="find: a version, range, command or path")
    add_json(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        if asked.action == "find":
            _show(screen, [project_python(session)], asked)
        else:
            _show(screen, all_pythons(session), asked)
    return 0


def _show(screen: Screen, found: Sequence[Interpreter | RefusedInterpreter], asked: argparse.Namespace) -> None:
    if asked.json:
        screen.document({"schema": SCHEMA, "pythons": [_described(one) for one in found]})
    elif asked.action == "find":
        screen.result(str(found[0].path))
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
