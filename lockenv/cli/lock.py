"""`lockenv lock`, and what `lockenv upgrade` shares with it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from lockenv.cli.locked import document, show
from lockenv.cli.options import add_build, add_json, add_lock, add_network, add_python, parser, session_of
from lockenv.operations.lock import lock
from lockenv.operations.question import Upgrade, names_to_upgrade
from lockenv.packages import canonicalize_name

_PYTHON = "the Python of this machine that must not be left out: a version, a command or a path"


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv lock`."""
    options = parser(
        "lock",
        "Resolve env.toml for all its targets and write the answer, with hashes, to pylock.toml (PEP 751).\n"
        "Versions that the old lock holds are kept where they still fit.",
        [
            "lockenv lock",
            "lockenv lock --check                            is it up to date? 0: yes, 1: no",
            "lockenv lock --upgrade                          the newest of everything",
            "lockenv lock --upgrade-package pandas           the newest pandas, and what must follow",
            "lockenv lock --upgrade-package 'pandas==2.3.1'  that one",
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
        help="let go of this package's version; NAME==V: take that one",
    )
    add_common(options)
    asked = options.parse_args(arguments)
    upgrade = Upgrade(everything=True) if asked.upgrade else names_to_upgrade(asked.upgrade_package)
    return run(asked, upgrade, check=asked.check)


def add_common(options: argparse.ArgumentParser) -> None:
    """The options of every command that makes a lock."""
    add_json(options)
    add_build(options)
    add_python(options, _PYTHON)
    add_lock(options)
    add_network(options)


def run(asked: argparse.Namespace, upgrade: Upgrade, *, check: bool = False) -> int:
    """Make the lock, and tell what became of it."""
    began = time.perf_counter()
    allowed = frozenset(map(canonicalize_name, asked.allow_build))
    with session_of(asked) as (session, screen):
        done = lock(session, upgrade=upgrade, check=check, allowed=allowed)
        verbose = session.settings.verbosity > 0
    if asked.json:
        screen.document(document(done, screen.warned))
    else:
        show(screen, done, upgrade, seconds=time.perf_counter() - began, verbose=verbose)
    return 0
