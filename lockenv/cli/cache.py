"""`lockenv cache dir`, `size`, `verify`, `prune` and `clean`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import add_json, parser, session_of
from lockenv.cli.screen import Screen, amount
from lockenv.operations.housekeeping import clean, prune, sizes, verify_store
from lockenv.session import Session

SCHEMA = 1  #: of the JSON document of `cache verify`


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv cache`."""
    options = parser(
        "cache",
        "Show or clean the cache: unpacked wheels, index pages, metadata, builds. All of it can be made again.",
        ["lockenv cache dir", "lockenv cache verify", "lockenv cache prune --days 30", "lockenv cache clean"],
        usage="lockenv cache {dir,size,verify,prune,clean} [options]",
    )
    options.add_argument(
        "action",
        choices=["dir", "size", "verify", "prune", "clean"],
        help="where it is; how big; hash all wheels and take out bad ones; take out what is old, or everything",
    )
    add_json(options)
    options.add_argument(
        "--days", type=float, default=30.0, metavar="N", help="prune: what was not used for N days (default: 30)"
    )
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        match asked.action:
            case "dir":
                screen.result(session.settings.cache_dir)
            case "size":
                found = sizes(session)
                screen.table(
                    [
                        ("unpacked wheels", amount(found.store)),
                        ("pages and metadata", amount(found.index)),
                        ("builds and sources", amount(found.builds)),
                        ("together", amount(found.together)),
                    ]
                )
            case "verify":
                return _verify(session, screen, as_json=asked.json)
            case "clean":
                freed = clean(session)
                screen.say(f"freed {amount(freed)} in {session.settings.cache_dir}")
            case _:
                freed = prune(session, older_than_days=asked.days)
                screen.say(f"freed {amount(freed)} in {session.settings.cache_dir}")
    return 0


def _verify(session: Session, screen: Screen, *, as_json: bool) -> int:
    found = verify_store(session)
    if as_json:
        bad = [{"wheel": one.wheel, "sha256": one.entry, "files": list(one.files)} for one in found.bad]
        screen.document({"schema": SCHEMA, "wheels": found.wheels, "removed": bad})
    else:
        for one in found.bad:
            files = f"{one.files[0]} and {len(one.files) - 1} more" if len(one.files) > 1 else one.files[0]
            screen.say(screen.change("-", f"{one.wheel or one.entry} ({files})"))
        told = f", {len(found.bad)} bad ones removed" if found.bad else ", all as they were unpacked"
        screen.say(f"{found.wheels} wheels in {session.settings.cache_dir}{told}")
    return 1 if found.bad else 0
