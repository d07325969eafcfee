"""`lockenv list`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import add_env, add_json, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.files import shown
from lockenv.operations.look import installed_in, recorded
from lockenv.packages import canonicalize_name
from lockenv.python.installed import BrokenDistribution, Installed, InstalledDistribution
from lockenv.session import Session

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv list`."""
    options = parser(
        "list",
        "Show what is installed in the environment.",
        ["lockenv list", "lockenv list --json", "lockenv list --outdated", "lockenv list --digest"],
    )
    options.add_argument(
        "--outdated", action="store_true", help="what of it has newer releases, as `lockenv outdated` tells"
    )
    options.add_argument(
        "--digest", action="store_true", help="just the environment's digest; status 1 if its files have changed"
    )
    add_json(options)
    add_env(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        if asked.digest:
            return _show_digest(session, screen, as_json=asked.json)
        found = installed_in(session)
        if asked.outdated:
            # Lazy: it needs an index.
            from lockenv.cli.outdated import run

            return run(session, screen, asked, only={canonicalize_name(one.name) for one in found})
        if asked.json:
            packages = [_described(one) for one in found]
            screen.document({"schema": SCHEMA, "environment": session.project.env, "packages": packages})
        elif found:
            screen.table([_row(one) for one in found])
        else:
            screen.note("the environment is empty")
    return 0


def _show_digest(session: Session, screen: Screen, *, as_json: bool) -> int:
    found = recorded(session)
    if as_json:
        told = {"digest": found.digest, "exact": found.drift is None, "drift": found.drift}
        screen.document({"schema": SCHEMA, "environment": session.project.env, **told})
    elif found.drift is None:
        screen.data(found.digest)
    if found.drift is not None:
        env = shown(session.project, session.project.env)
        screen.warn(
            f"{env} is not {found.digest} any more: {found.drift}",
            hint="`lockenv verify` tells all that differs, `lockenv sync` mends it",
        )
    return 0 if found.drift is None else 1


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
