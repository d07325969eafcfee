"""`lockenv history`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lockenv.cli.options import add_env, add_json, parser, session_of
from lockenv.operations.history import history, python_of
from lockenv.transaction.history import Generation

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv history`."""
    options = parser(
        "history",
        "Show the generations that the environment keeps; * is the current one.",
        ["lockenv history", "lockenv history --json", "lockenv rollback 17"],
    )
    add_json(options)
    add_env(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        found = history(session)
        if asked.json:
            generations = [_described(one) for one in found]
            screen.document({"schema": SCHEMA, "environment": session.project.env, "generations": generations})
        else:
            screen.table([_row(one) for one in found])
    return 0


def _row(one: Generation) -> tuple[str, ...]:
    mark = "*" if one.current else ""
    if not one.made:
        return mark, str(one.number), "", "", "", "", f"damaged: {one.problem}"
    made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.made))
    packages = "1 package" if len(one.packages) == 1 else f"{len(one.packages)} packages"
    whole = "whole" if one.problem is None else f"damaged: {one.problem}"
    return mark, str(one.number), made, packages, python_of(one), f"lock {one.lock_digest[:12]}", whole


def _described(one: Generation) -> dict[str, object]:
    return {
        "number": one.number,
        "current": one.current,
        "made": one.made,
        "whole": one.problem is None,
        "problem": one.problem,
        "python": python_of(one),
        "lock": one.lock_digest,
        "selection": list(one.selection),
        "packages": [{"name": package.name, "version": package.version} for package in one.packages],
    }
