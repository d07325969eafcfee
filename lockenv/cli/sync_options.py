"""What can be asked of `lockenv sync`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from lockenv.cli.options import (
    add_all,
    add_build,
    add_change,
    add_env,
    add_json,
    add_limits,
    add_lock,
    add_named,
    add_network,
    add_python,
    parser,
)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Read all arguments that there are. Those that are plain are read quicker (`lockenv.cli.plain`)."""
    options = parser(
        "sync",
        "Make the environment exactly what pylock.toml says: install, replace, remove, leave nothing else.\n"
        "It is built aside and put in place by one rename; whatever goes wrong, the old one stays.",
        [
            "lockenv sync",
            "lockenv sync --group test",
            "lockenv sync --all-groups --python 3.12",
            "lockenv sync --lock pylock.toml --env /opt/app     (needs no env.toml)",
            "lockenv sync docs                                  (.venv-docs, of [environments.docs])",
        ],
    )
    add_named(options)
    add_all(options, "all environments of env.toml, one after the other")
    options.add_argument("-g", "--group", metavar="G", action="append", default=[], help="add a dependency group")
    options.add_argument(
        "--extra", metavar="X", action="append", default=[], help="add an extra, of a lock that others made"
    )
    options.add_argument("--all-groups", action="store_true", help="add every dependency group")
    options.add_argument("--seed", action="store_true", help="add pip, from the Python itself")
    options.add_argument(
        "--link-mode", choices=["auto", "clone", "hardlink", "copy"], help="how files come from the store"
    )
    options.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        help="compare content too, not only sizes and times, and rebuild what differs (default: where CI is set)",
    )
    options.add_argument("--compile", action=argparse.BooleanOptionalAction, help="write bytecode for all modules")
    options.add_argument("--manifest", metavar="FILE", help="write what is installed, for `verify --against FILE`")
    options.add_argument(
        "--dry-run", action="store_true", help="show what would come, go and change, and do nothing"
    )
    add_json(options)
    add_change(options)
    add_build(options)
    add_limits(options)
    options.add_argument(
        "--only-host",
        metavar="HOST",
        action="append",
        default=[],
        help="refuse files from any host but these, whatever the lock says",
    )
    add_python(options)
    add_lock(options)
    add_env(options)
    add_network(options)
    return options.parse_args(arguments)
