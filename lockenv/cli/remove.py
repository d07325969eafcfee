"""`lockenv remove`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lockenv.cli.add import add_group, add_shared, show
from lockenv.cli.options import parser, session_of
from lockenv.operations.remove import Removing, remove
from lockenv.packages import canonicalize_name


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv remove`."""
    options = parser(
        "remove",
        "Take packages out of env.toml, lock it, and bring the environment to that: all three, or nothing. What\n"
        "nothing else requires goes with them.",
        ["lockenv remove flask", "lockenv remove pytest --group test", "lockenv remove flask rich --no-sync"],
    )
    options.add_argument("names", nargs="+", metavar="NAME", help="a package that env.toml requires")
    add_group(options, "take them out of this group")
    add_shared(options)
    asked = options.parse_args(arguments)
    began = time.perf_counter()
    with session_of(asked) as (session, screen):
        if asked.script:
            # Lazy: most packages are for a project.
            from lockenv.cli.script_edits import remove_from

            return remove_from(session, screen, asked)
        wish = Removing(
            names=tuple(asked.names),
            group=asked.group,
            allowed=frozenset(map(canonicalize_name, asked.allow_build)),
            sync=not asked.no_sync,
        )
        done = remove(session, wish)
        show(screen, session, asked, done, seconds=time.perf_counter() - began)
    return 0
