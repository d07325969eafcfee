"""`lockenv upgrade`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.lock import run
from lockenv.cli.lock_options import add_common
from lockenv.cli.options import parser
from lockenv.operations.question import Upgrade, names_to_upgrade


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv upgrade`."""
    options = parser(
        "upgrade",
        "Lock newer versions: of the named packages, and of others only where these make them move; of all\n"
        "packages if none is named. env.toml stays as it is, and so does the environment until `lockenv sync`.",
        [
            "lockenv upgrade                  the newest of everything that env.toml admits",
            "lockenv upgrade pandas           the newest pandas",
            "lockenv upgrade 'pandas==2.3.1'  that one",
        ],
    )
    options.add_argument(
        "packages", nargs="*", metavar="NAME", help="a package of the lock; NAME==V: take that one"
    )
    add_common(options)
    asked = options.parse_args(arguments)
    named = names_to_upgrade(asked.packages) if asked.packages else Upgrade(everything=True)
    return run(asked, named)
