"""`lockenv list`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import add_env, add_json, parser, session_of
from lockenv.operations.look import installed_in
from lockenv.python.installed import BrokenDistribution, Installed, InstalledDistribution

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv list`."""
    options = parser("list", "Show what is installed in the environment.", ["lockenv list", "lockenv list --json"])
    add_json(options)
    add_env(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        found = installed_in(session)
        if asked.json:
            packages = [_described(one) for one in found]
            screen.document({"schema": SCHEMA, "environment": session.project.env, "packages": packages})
        elif found:
            screen.table([_row(one) for one in found])
        else:
            screen.note("the environment is empty")
    return 0


def _row(one: Installed) -> tuple[str, str, str]:
    if isinstance(one, BrokenDistribution):
        return one.name, "?", f"(broken: {one.problem})"
    foreign = not isinstance(one, InstalledDistribution) or one.installer not in {"lockenv", ""}
    installer = one.installer if isinstance(one, InstalledDistribution) else "an old installer"
    return one.name, one.version, f"(installed by {installer})" if foreign else ""


def _described(one: Installed) -> dict[str, object]:
    described: dict[str, object] = {"name": one.name}
    if not isinstance(one, BrokenDistribution):
        described["version"] = one.version
    if isinstance(one, InstalledDistribution):
        described |= {"installer": one.installer, "requested": one.requested}
    if isinstance(one, BrokenDistribution):
        described["problem"] = one.problem
    return described
