"""`lockenv sync`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, assert_never

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
    session_of,
)
from lockenv.cli.screen import Screen, duration
from lockenv.cli.verdict import verdict
from lockenv.errors import UsageError
from lockenv.operations.sync import sync
from lockenv.operations.wish import Synced, Wish
from lockenv.project import DEFAULT

if TYPE_CHECKING:
    from lockenv.plan import Plan
    from lockenv.session import Session

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv sync`."""
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
    asked = options.parse_args(arguments)
    began = time.perf_counter()
    with session_of(asked) as (session, screen):
        wish = Wish(
            groups=tuple(asked.group),
            extras=tuple(asked.extra),
            all_groups=asked.all_groups,
            seed=asked.seed,
            allow_build=tuple(asked.allow_build),
            only_hosts=tuple(asked.only_host),
            verify=asked.verify,
            compile=session.settings.compile,
            manifest=asked.manifest,
        )
        documents: dict[str, object] = {}
        for one in _sessions(session, asked):
            done = sync(one, wish)
            if asked.json:
                documents[one.project.environment or DEFAULT] = _document(screen, done)
            else:
                _show(screen, done, time.perf_counter() - began)
            began = time.perf_counter()
        if asked.json:
            screen.document({"schema": SCHEMA, "environments": documents} if asked.all else documents.popitem()[1])
    return 0


def _document(screen: Screen, done: Synced) -> dict[str, object]:
    # Lazy: hardly any sync is for a machine.
    from lockenv.cli.documents import synced

    return synced(done, screen.warned)


def _sessions(session: Session, asked: argparse.Namespace) -> Iterable[Session]:
    """A session for each environment that is meant."""
    if not asked.all:
        return (session,)
    if asked.manifest:
        raise UsageError("--all is for all environments, and --manifest names one file", hint="leave one out")
    # Lazy: most projects have one environment.
    from lockenv.operations.environments import each

    return each(session)


def _show(screen: Screen, done: Synced, seconds: float) -> None:
    if done.plan is not None and not screen.quiet:
        show_steps(screen, done.plan)
        show_startup(screen, done)
        if done.plan.is_empty and done.reason:
            screen.say(f"rebuilt: {done.reason}")
    screen.say(f"{verdict(done)}, {duration(seconds)}")


def show_startup(screen: Screen, done: Synced) -> None:
    """Write one line for each new start-up file."""
    for one in done.startup:
        # It runs, or has a say, in every start of Python: worth a line of its own (docs/decisions/0018).
        screen.say(screen.change("~" if one.known else "+", f"start-up file {one.file} from {one.package}"))


def show_steps(screen: Screen, plan: Plan) -> None:
    """Write one line a package that came, went or changed."""
    # Lazy: an environment that is already right has no steps.
    from lockenv.plan import Install, Remove, Replace

    for step in plan.steps:
        match step:
            case Install(wanted=wanted):
                screen.say(screen.change("+", f"{wanted.name} {wanted.version}"))
            case Remove(installed=installed):
                screen.say(screen.change("-", f"{installed.name} {installed.version}"))
            case Replace(installed=installed, wanted=wanted) if installed.version == wanted.version:
                # What others installed has no hash that could be compared.
                why = "another file" if installed.sha256 else "installed anew"
                screen.say(screen.change("~", f"{wanted.name} {wanted.version} ({why})"))
            case Replace(installed=installed, wanted=wanted):
                screen.say(screen.change("~", f"{wanted.name} {installed.version} -> {wanted.version}"))
            case _:
                assert_never(step)
