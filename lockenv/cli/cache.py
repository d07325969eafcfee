"""`lockenv cache dir`, `size`, `verify`, `prune` and `clean`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockenv.cli.options import add_json, parser, session_of
from lockenv.cli.screen import Screen, amount
from lockenv.operations.housekeeping import clean, prune, sizes, verify_store
from lockenv.session import Session

SCHEMA = 1  #: of the JSON documents


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
        folder = session.settings.cache_dir
        match asked.action:
            case "dir":
                if asked.json:
                    screen.document({"schema": SCHEMA, "folder": folder})
                else:
                    screen.data(folder)
            case "size":
                _size(session, screen, as_json=asked.json)
            case "verify":
                return _verify(session, screen, as_json=asked.json)
            case "clean":
                _freed(screen, asked, folder, clean(session))
            case _:
                _freed(screen, asked, folder, prune(session, older_than_days=asked.days))
    return 0


def _freed(screen: Screen, asked: argparse.Namespace, folder: str, freed: int) -> None:
    if asked.json:
        screen.document({"schema": SCHEMA, "folder": folder, "freed": freed})
    else:
        screen.say(f"freed {amount(freed)} in {folder}")


def _size(session: Session, screen: Screen, *, as_json: bool) -> None:
    found = sizes(session)
    parts = {"store": found.store, "index": found.index, "builds": found.builds, "together": found.together}
    if as_json:
        screen.document({"schema": SCHEMA, "folder": session.settings.cache_dir, "bytes": parts})
    else:
        titles = ("unpacked wheels", "pages and metadata", "builds and sources", "together")
        screen.table([(title, amount(size)) for title, size in zip(titles, parts.values(), strict=True)])


def _verify(session: Session, screen: Screen, *, as_json: bool) -> int:
    found = verify_store(session)
    if as_json:
        bad = [{"wheel": one.wheel, "sha256": one.entry, "files": list(one.files)} for one in found.bad]
        screen.document({"schema": SCHEMA, "wheels": found.wheels, "removed": bad})
    else:
        for one in found.bad:
            files = f"{one.files[0]} and {len(one.files) - 1} more" if len(one.files) > 1 else one.files[0]
            screen.say(screen.change("-", f"{one.wheel or one.entry} ({files})"))
        told = f", {len(found.bad)} bad removed" if found.bad else ", all as they were unpacked"
        screen.say(f"{found.wheels} wheels in {session.settings.cache_dir}{told}")
    return 1 if found.bad else 0
