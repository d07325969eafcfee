"""`lockenv cache dir`, `size` and `prune`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import parser, session_of
from lockenv.cli.screen import amount
from lockenv.operations.housekeeping import prune, sizes


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv cache`."""
    options = parser(
        "cache",
        "Show or clean the cache: unpacked wheels, index pages, metadata, builds. All of it can be made again.",
        ["lockenv cache dir", "lockenv cache size", "lockenv cache prune --days 30"],
        usage="lockenv cache {dir,size,prune} [options]",
    )
    options.add_argument("action", choices=["dir", "size", "prune"], help="where it is, how big, or clean it")
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
            case _:
                freed = prune(session, older_than_days=asked.days)
                screen.say(f"freed {amount(freed)} in {session.settings.cache_dir}")
    return 0
