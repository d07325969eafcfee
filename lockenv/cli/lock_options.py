"""What can be asked of `lockenv lock`, and with it of `lockenv upgrade`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockenv.cli.options import (
    add_all,
    add_build,
    add_json,
    add_limits,
    add_lock,
    add_named,
    add_network,
    add_python,
    parser,
)

_PYTHON = "the Python of this machine that must not be left out: a version, a command or a path"


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Read all arguments that there are. Those that are plain are read quicker (`lockenv.cli.plain`)."""
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
            "lockenv lock docs                               [environments.docs], to pylock.docs.toml",
            "lockenv lock --all                              all environments, or none of them",
            "lockenv lock --script report.py                 to pylock.report.toml, which `run report.py` obeys",
        ],
    )
    add_named(options)
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
    return options.parse_args(arguments)


def add_common(options: argparse.ArgumentParser) -> None:
    """The options of every command that makes a lock."""
    add_all(options, "lock all environments of env.toml; if one has no solution, no lock is written")
    options.add_argument(
        "--script", metavar="FILE", help="a script that says what it needs (PEP 723); its lock stands beside it"
    )
    add_json(options)
    add_build(options)
    add_limits(options)
    add_python(options, _PYTHON)
    add_lock(options)
    add_network(options)
