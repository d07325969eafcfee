"""`lockenv add`, and what `lockenv remove` shares with it."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence

from lockenv.cli.documents import edited
from lockenv.cli.locked import show_changed, verdict
from lockenv.cli.options import (
    add_build,
    add_change,
    add_env,
    add_json,
    add_limits,
    add_lock,
    add_network,
    add_python,
    parser,
    session_of,
)
from lockenv.cli.screen import Screen, duration
from lockenv.cli.sync import show_startup
from lockenv.cli.verdict import verdict as sync_verdict
from lockenv.graph import MAIN
from lockenv.operations.add import Adding, add
from lockenv.operations.amendment import Edited
from lockenv.packages import canonicalize_name
from lockenv.session import Session
from lockenv.settings import BOUNDS


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv add`."""
    options = parser(
        "add",
        "Put packages into env.toml, lock it, and bring the environment to that: all three, or nothing.\n"
        "Versions that the old lock holds are kept where they fit. A name alone gets bounds from the version.",
        [
            "lockenv add flask                         (writes flask>=3.1,<4)",
            "lockenv add 'httpx[http2]>=0.28' rich",
            "lockenv add pytest --group test",
            "lockenv add torch --index pytorch-cpu",
            "lockenv add plotlib --git https://git.example.com/plotlib.git --rev v2.1.0",
            "lockenv add forecast-core --path libs/core --editable",
            "lockenv add rich --script report.py",
        ],
    )
    options.add_argument("requirements", nargs="+", metavar="REQ", help="a requirement (PEP 508), or a name alone")
    add_group(options, "put them into this group")
    options.add_argument(
        "--bounds",
        choices=BOUNDS,
        help="what a name alone gets: up to the next major version (default), the next minor one, a lower bound, "
        "the exact version, nothing",
    )
    where = options.add_argument_group("where from")
    where.add_argument("--index", metavar="NAME", help="an index that env.toml declares")
    where.add_argument("--git", metavar="URL", help="a repository")
    where.add_argument("--rev", metavar="R", help="its tag, branch or commit")
    where.add_argument("--path", metavar="P", help="a folder, wheel or sdist")
    where.add_argument("--editable", action="store_true", help="install the folder so that edits count at once")
    where.add_argument("--url", metavar="URL", help="a file")
    add_shared(options)
    asked = options.parse_args(arguments)
    began = time.perf_counter()
    with session_of(asked) as (session, screen):
        if asked.script:
            # Lazy: most packages are for a project.
            from lockenv.cli.script_edits import add_to

            return add_to(session, screen, asked)
        done = add(
            session,
            Adding(
                requirements=tuple(asked.requirements),
                group=asked.group,
                bounds=session.settings.bounds,
                index=asked.index,
                git=asked.git,
                rev=asked.rev,
                path=asked.path,
                editable=asked.editable,
                url=asked.url,
                folder=os.getcwd(),  # noqa: PTH109
                allowed=frozenset(map(canonicalize_name, asked.allow_build)),
                sync=not asked.no_sync,
            ),
        )
        show(screen, session, asked, done, seconds=time.perf_counter() - began)
    return 0


def add_group(options: argparse.ArgumentParser, what: str) -> None:
    """Let a command name a group; `--dev` is the one that many projects have."""
    options.add_argument("-g", "--group", metavar="G", default=MAIN, help=what)
    options.add_argument("--dev", action="store_const", const="dev", dest="group", help="the same as --group dev")


def add_shared(options: argparse.ArgumentParser) -> None:
    """The options of every command that edits env.toml."""
    options.add_argument("--no-sync", action="store_true", help="leave the environment alone")
    options.add_argument(
        "--script",
        metavar="FILE",
        help="edit the block of this script instead (PEP 723), and its lock if it has one",
    )
    add_json(options)
    add_change(options)
    add_build(options)
    add_limits(options)
    add_python(options)
    add_lock(options)
    add_env(options)
    add_network(options)


def show(screen: Screen, session: Session, asked: argparse.Namespace, done: Edited, *, seconds: float) -> None:
    """Write what became of env.toml, of the lock, and what is true now."""
    if asked.json:
        screen.document(edited(done, screen.warned))
        return
    for line in done.lines:
        screen.say(f"{done.path}: {screen.change(line.sign, line.text)}")
    show_changed(screen, done.locked, verbose=session.settings.verbosity > 0)
    for note in done.notes:
        screen.say(note)
    if done.synced is None:
        screen.say(f"{verdict(done.locked)}, {duration(seconds)}")
    else:
        show_startup(screen, done.synced)
        screen.say(f"{sync_verdict(done.synced)}, {duration(seconds)}")
