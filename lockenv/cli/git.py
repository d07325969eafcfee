"""`lockenv git`: the side of Git, which merges and compares locks by lockenv."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.cli.options import parser
from lockenv.cli.screen import Screen
from lockenv.errors import UsageError

if TYPE_CHECKING:
    from lockenv.operations.drivers import Made


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv git`."""
    options = parser(
        "git",
        "Let Git merge locks package by package, and show in `git diff` what they hold: a line a package.\n"
        "`install` makes the settings, which are yours, and the lines in .gitattributes, which are to be\n"
        "committed. `textconv` writes a lock as those lines; `merge-driver` is for Git to call.",
        [
            "lockenv git install             for this repository",
            "lockenv git install --global    for all of yours",
            "lockenv git uninstall",
            "lockenv git textconv pylock.toml",
        ],
        usage="lockenv git {install,uninstall,textconv,merge-driver} [FILE ...] [options]",
    )
    actions = {"install": _install, "uninstall": _uninstall, "textconv": _textconv, "merge-driver": _merge}
    options.add_argument("action", choices=list(actions), help="what to do")
    options.add_argument("files", nargs="*", metavar="FILE", help="textconv: a lock; merge-driver: what Git gives")
    options.add_argument(
        "--global", action="store_true", dest="everywhere", help="for all repositories, not for this one"
    )
    options.add_argument("--marker-size", type=int, default=7, metavar="N", help=argparse.SUPPRESS)
    asked = options.parse_args(arguments)
    wanted = {"textconv": 1, "merge-driver": 4}.get(asked.action, 0)
    if len(asked.files) != wanted:
        files = "a lock" if wanted == 1 else "four files" if wanted else "no files"
        raise UsageError(f"`lockenv git {asked.action}` takes {files}", hint="see `lockenv git --help`")
    screen = Screen(environ=os.environ, quiet=bool(asked.quiet))
    return actions[asked.action](screen, asked)


def _said(made: Made) -> Iterator[str]:
    yield from (f"setting {name}" for name in made.settings)
    yield from (f"{made.attributes.name}: {line}" for line in made.lines)


def _install(screen: Screen, asked: argparse.Namespace) -> int:
    # Lazy, as below: each action needs its own.
    from lockenv.operations.drivers import install

    made = install(os.environ, _folder(asked), everywhere=asked.everywhere)
    for line in _said(made):
        screen.say(screen.change("+", line))
    own = f"{made.attributes.name} is to be committed; everybody runs `lockenv git install` once"
    told = f"Git {'merges' if made else 'already merges'} and compares locks by lockenv"
    screen.say(told if asked.everywhere or not made.lines else f"{told}; {own}")
    return 0


def _uninstall(screen: Screen, asked: argparse.Namespace) -> int:
    from lockenv.operations.drivers import uninstall

    for line in _said(uninstall(os.environ, _folder(asked), everywhere=asked.everywhere)):
        screen.say(screen.change("-", line))
    screen.say("Git merges and compares locks in its own ways")
    return 0


def _textconv(screen: Screen, asked: argparse.Namespace) -> int:
    from lockenv.operations.render import lines_of

    for line in lines_of(Path(asked.files[0])):
        screen.data(line)
    return 0


def _merge(screen: Screen, asked: argparse.Namespace) -> int:
    from lockenv.operations.merge import Versions, merge_driver

    *files, path = asked.files
    base, ours, theirs = (Path(file).absolute() for file in files)
    versions = Versions(base=base, ours=ours, theirs=theirs, path=path, marks=asked.marker_size)
    done = merge_driver(os.environ, Path.cwd(), versions)
    if done.reasons:
        screen.note(f"lockenv: {path} is in conflict: {'; '.join(done.reasons[:3])}")
        screen.note("lockenv: settle env.toml if need be, then `lockenv lock` takes the versions of both sides")
    elif not done.conflict and not done.lines:
        screen.note(f"lockenv: merged {path} package by package; it answers env.toml as that is merged")
    return int(done.conflict)


def _folder(asked: argparse.Namespace) -> Path:
    folder = Path(asked.project or ".").absolute()
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    return folder
