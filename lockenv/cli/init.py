"""`lockenv init`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from lockenv.cli.documents import begun
from lockenv.cli.options import add_json, add_network, add_python, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.files import shown
from lockenv.operations.init import Offer, check_absent, default_name, default_python, init, offers
from lockenv.session import Session


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv init`."""
    options = parser(
        "init",
        "Write an env.toml to start from. On a terminal, and without arguments, it asks; what other tools have\n"
        "left in the folder, files or an environment, it offers to bring in. It never replaces anything.",
        [
            "lockenv init",
            'lockenv init flask "pandas>=2.2,<3"',
            "lockenv init --requires-python '>=3.11,<3.14' httpx",
            "lockenv init --bare",
        ],
    )
    options.add_argument("requirements", nargs="*", metavar="REQ", help="a dependency to begin with (PEP 508)")
    options.add_argument("--name", help="the environment's name (default: the folder's)")
    options.add_argument("--requires-python", metavar="RANGE", help="the versions of Python it is for")
    options.add_argument("--bare", action="store_true", help="ask nothing, look at nothing, write no comments")
    add_json(options)
    add_python(options)
    add_network(options)
    asked = options.parse_args(arguments)
    if asked.project is None:
        # A new project begins here, also below a folder that has a manifest of its own.
        asked.project = "."
    with session_of(asked) as (session, screen):
        check_absent(session)
        found = [] if asked.bare else list(offers(session))
        if _asks(asked, screen):
            if _taken(session, screen, found):
                return 0
            _ask(session, screen, asked)
            found = []
        path = init(
            session,
            requirements=asked.requirements,
            name=asked.name,
            python=asked.requires_python,
            bare=asked.bare,
        )
        if asked.json:
            screen.document(begun(shown(session.project, str(path)), found))
            return 0
        screen.say(f"wrote {path}")
        for offer in found:
            screen.say(f"there is {offer.told}: `{offer.command}` brings it in")
        if asked.requirements or found:
            screen.say("next: `lockenv lock`, then `lockenv sync`")
        else:
            screen.say("next: `lockenv add NAME` for what you need")
    return 0


def _asks(asked: argparse.Namespace, screen: Screen) -> bool:
    """Whether somebody is there to answer, and has not said all already."""
    said = asked.bare or asked.requirements or asked.name or asked.requires_python or asked.json
    return not said and not screen.quiet and sys.stdin is not None and sys.stdin.isatty() and screen.err.isatty()


def _taken(session: Session, screen: Screen, found: Sequence[Offer]) -> bool:
    """Offer what lies there, and bring in what is wanted."""
    for offer in found:
        if _answer(screen, f"There is {offer.told}. Bring it in?", "yes").lower() in {"y", "yes"}:
            # Lazy: most projects begin with nothing.
            from lockenv.cli.import_ import finish
            from lockenv.operations.bring import Bringing, bring

            folder = Path(session.project.folder)
            files = tuple(str(folder / name) for name in offer.files)
            env = str(folder / offer.env) if offer.env is not None else None
            finish(session, screen, bring(session, Bringing(files=files, from_env=env)))
            return True
    return False


def _ask(session: Session, screen: Screen, asked: argparse.Namespace) -> None:
    """Ask for what goes into env.toml; Enter takes what is proposed."""
    asked.name = _answer(screen, "Name", default_name(session))
    asked.requires_python = _answer(screen, "Python", default_python(session))
    packages = _answer(screen, "First packages, such as: flask 'httpx>=0.28'", "none")
    asked.requirements = [] if packages == "none" else _words(packages)


def _words(text: str) -> list[str]:
    """The requirements of a line, as a shell parts them."""
    try:
        words = shlex.split(text)
    except ValueError:  # a quote that is not closed
        words = text.split()
    return [word.rstrip(",") for word in words if word != ","]


def _answer(screen: Screen, question: str, proposed: str) -> str:
    """Ask on stderr. Raises `KeyboardInterrupt` at Ctrl-C; the end of input counts as Enter."""
    screen.ask(f"{question} [{proposed}]: ")
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        screen.note("")
    return line.strip() or proposed
