"""`lockenv outdated`, and what `lockenv list --outdated` shows."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence

from lockenv.cli.markers import in_words
from lockenv.cli.options import add_json, add_lock, add_network, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.outdated import Outdated, Standing, outdated
from lockenv.packages import canonicalize_name
from lockenv.session import Session

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv outdated`."""
    options = parser(
        "outdated",
        "Show which packages of the lock have newer releases, and what holds them back. Nothing is changed.",
        [
            "lockenv outdated",
            "lockenv outdated --direct               only what env.toml names",
            "lockenv outdated --group test           only what this group needs",
            "lockenv outdated --exit-code            status 1 if any package is behind or withdrawn",
        ],
    )
    options.add_argument(
        "--group", metavar="G", action="append", default=[], dest="groups", help="what it needs. Repeatable"
    )
    options.add_argument("--direct", action="store_true", help="only what env.toml names")
    options.add_argument("--exit-code", action="store_true", help="status 1 if any is behind or withdrawn")
    add_json(options)
    add_lock(options)
    add_network(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        return run(session, screen, asked)


def run(
    session: Session, screen: Screen, asked: argparse.Namespace, *, only: Collection[str] | None = None
) -> int:
    """Ask and tell; `only` are the packages to be told of."""
    found = outdated(session, groups=getattr(asked, "groups", ()), direct=getattr(asked, "direct", False))
    standings = [one for one in found.standings if only is None or canonicalize_name(one.package.name) in only]
    if asked.json:
        screen.document(_document(found, standings))
    else:
        _show(screen, found, standings)
    wrong = any(one.behind or one.yanked is not None or one.gone for one in standings)
    return 1 if getattr(asked, "exit_code", False) and wrong else 0


def _show(screen: Screen, found: Outdated, standings: Sequence[Standing]) -> None:
    for one in standings:
        if one.yanked is not None or one.gone:
            screen.result(screen.paint(screen.out, "red", f"! {_withdrawn(one)}"))
    behind = [one for one in standings if one.behind]
    for one in behind:
        if one.movable:
            screen.result(screen.change("~", f"{_title(one)} -> {one.admitted}{_beyond(one)}"))
    for one in behind:
        if not one.movable:
            screen.result(f"  {_title(one)}, newest {one.newest}: {_why(one)}")
    screen.say(_verdict(found, standings, behind))


def _title(one: Standing) -> str:
    package = one.package
    where = f" ({in_words(str(package.marker))})" if package.marker is not None else ""
    return f"{package.name} {package.version}{where}"


def _withdrawn(one: Standing) -> str:
    if one.gone:
        return f"{_title(one)} is not on its index any more"
    return f"{_title(one)} was withdrawn (yanked){f': {one.yanked}' if one.yanked else ''}"


def _beyond(one: Standing) -> str:
    """What is said of a still newer release that the manifest does not admit."""
    return f"  (newest {one.newest}: {one.newest_held.why})" if one.newest_held is not None else ""


def _why(one: Standing) -> str:
    held = one.admitted_held or one.newest_held
    return held.why if held is not None else ""


def _verdict(found: Outdated, standings: Sequence[Standing], behind: Sequence[Standing]) -> str:
    count = f"{len(standings)} package{'' if len(standings) == 1 else 's'}"
    rest = f" ({found.elsewhere} from no index)" if found.elsewhere else ""
    if not behind:
        return f"{found.where}: no newer release of {count}{rest}"
    movable = sum(one.movable for one in behind)
    remedy = f"; `lockenv upgrade` may move {movable}" if movable else ", all held back"
    return f"{found.where}: newer releases of {len(behind)} of {count}{rest}{remedy}"


def _document(found: Outdated, standings: Sequence[Standing]) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "lock": found.where,
        "from-no-index": found.elsewhere,
        "packages": [_described(one) for one in standings],
    }


def _described(one: Standing) -> dict[str, object]:
    held = {
        name: None if found is None else {"by": found.by or None, "why": found.why}
        for name, found in (("newest-held", one.newest_held), ("admitted-held", one.admitted_held))
    }
    return {
        "name": one.package.name,
        "version": str(one.package.version),
        "marker": str(one.package.marker or ""),
        "direct": one.direct,
        "behind": one.behind,
        "newest": None if one.newest is None else str(one.newest),
        "admitted": None if one.admitted is None else str(one.admitted),
        **held,
        "yanked": one.yanked,
        "gone": one.gone,
    }
