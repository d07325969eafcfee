"""`lockenv lock`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lockenv.cli.options import add_lock, add_network, add_python, parser, session_of
from lockenv.cli.screen import Screen, duration
from lockenv.operations.changes import Change
from lockenv.operations.lock import Locked, lock
from lockenv.operations.question import Upgrade, names_to_upgrade
from lockenv.targets import summary


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv lock`."""
    options = parser(
        "lock",
        "Resolve env.toml and write the answer, with hashes, to pylock.toml (PEP 751).\n"
        "Versions that the old lock holds are kept where they still fit.",
        [
            "lockenv lock",
            "lockenv lock --check",
            "lockenv lock --upgrade-package pandas",
            "lockenv lock --python 3.12",
        ],
    )
    options.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if the lock is out of date"
    )
    options.add_argument("-U", "--upgrade", action="store_true", help="let go of every version the old lock holds")
    options.add_argument(
        "-P",
        "--upgrade-package",
        metavar="NAME",
        action="append",
        default=[],
        help="let go of this package's version",
    )
    add_python(options)
    add_lock(options)
    add_network(options)
    asked = options.parse_args(arguments)
    began = time.perf_counter()
    upgrade = Upgrade(everything=True) if asked.upgrade else names_to_upgrade(asked.upgrade_package)
    with session_of(asked) as (session, screen):
        done = lock(session, upgrade=upgrade, check=asked.check)
    _show(screen, done, time.perf_counter() - began)
    return 0


def _show(screen: Screen, done: Locked, seconds: float) -> None:
    for change in done.changes:
        screen.say(_line(screen, change))
    packages = "1 package" if len(done.packages) == 1 else f"{len(done.packages)} packages"
    what = "locks" if done.written else "is up to date:"
    screen.say(f"{done.path} {what} {packages} for {summary(done.targets)}, {duration(seconds)}")


def _line(screen: Screen, change: Change) -> str:
    before, after = (" and ".join(one.version for one in entries) for entries in (change.before, change.after))
    if not change.before:
        return screen.change("+", f"{change.name} {after}")
    if not change.after:
        return screen.change("-", f"{change.name} {before}")
    return screen.change("~", f"{change.name} {before} -> {after}")
