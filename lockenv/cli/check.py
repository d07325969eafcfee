"""`lockenv check`."""

from __future__ import annotations

from collections.abc import Sequence

from lockenv.cli.options import add_env, add_json, add_lock, add_python, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.check import Answer, Checked, check

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv check`."""
    options = parser(
        "check",
        "Say in three lines whether env.toml is valid, the lock up to date with it, and the environment as the\n"
        "lock says, with the command that mends it; status 1 if one is not. Quick: no index is asked, and files\n"
        "are looked at but not read (`lockenv verify` reads them).",
        ["lockenv check", "lockenv check --json"],
    )
    add_json(options)
    add_lock(options)
    add_env(options)
    add_python(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        found = check(session)
        if asked.json:
            screen.document(_document(found))
        else:
            _show(screen, found, verbose=session.settings.verbosity > 0)
    return 0 if found.holds else 1


def _show(screen: Screen, found: Checked, *, verbose: bool) -> None:
    for answer in found.answers:
        word, colour = {True: ("ok", "green"), False: ("no", "red"), None: ("--", "dim")}[answer.holds]
        more = len(answer.details) if not verbose else 0
        rest = f" (and {more} more: -v)" if more else ""
        remedy = f"; run `{answer.remedy}`" if answer.remedy else ""
        # One line, whatever line ends a message may hold.
        said = " ".join(f"{answer.about} {answer.said}{rest}{remedy}".split())
        screen.say(f"{screen.paint(screen.out, colour, word)}  {said}")
        for detail in answer.details if verbose else ():
            screen.say(f"    {detail}")


def _document(found: Checked) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "ok": found.holds,
        "manifest": _described(found.manifest),
        "lock": _described(found.lock),
        "environment": _described(found.environment),
    }


def _described(answer: Answer) -> dict[str, object]:
    return {
        "path": answer.about,
        "ok": answer.holds,
        "said": answer.said,
        "details": list(answer.details),
        "remedy": answer.remedy or None,
    }
