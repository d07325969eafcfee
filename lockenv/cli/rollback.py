"""`lockenv rollback`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lockenv.cli.documents import rolled_back
from lockenv.cli.options import add_change, add_env, add_json, parser, session_of
from lockenv.cli.screen import duration
from lockenv.cli.sync import show_steps
from lockenv.operations.files import shown
from lockenv.operations.history import rollback


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv rollback`."""
    options = parser(
        "rollback",
        "Make an earlier generation of the environment current again, if it still is what it was.\n"
        "The lock stays as it is: the next sync makes what the lock says.",
        ["lockenv rollback", "lockenv rollback 17     (lockenv history lists them)"],
    )
    options.add_argument("number", nargs="?", type=int, metavar="N", help="which one (default: the one before)")
    add_json(options)
    add_env(options)
    add_change(options)
    asked = options.parse_args(arguments)
    began = time.perf_counter()
    with session_of(asked) as (session, screen):
        done = rollback(session, asked.number)
        env = shown(session.project, session.project.env)
    if asked.json:
        screen.document(rolled_back(done, env, screen.warned))
        return 0
    show_steps(screen, done.plan)
    packages = "1 package" if done.packages == 1 else f"{done.packages} packages"
    screen.say(
        f"{env} is generation {done.after} again, not {done.before} ({packages}),"
        f" {duration(time.perf_counter() - began)}"
    )
    return 0
