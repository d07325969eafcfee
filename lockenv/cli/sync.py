"""`lockenv sync`."""

from __future__ import annotations

import time

from lockenv.cli.opening import session_of
from lockenv.cli.plain import namespace
from lockenv.cli.screen import duration
from lockenv.cli.verdict import verdict
from lockenv.errors import UsageError, unforeseen
from lockenv.operations.sync import sync
from lockenv.operations.wish import Wish
from lockenv.project import DEFAULT
from lockenv.transaction.state import OTHER_PYTHON

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from lockenv.cli.screen import Screen
    from lockenv.operations.wish import Synced
    from lockenv.plan import Plan
    from lockenv.session import Session

SCHEMA = 1  #: of the JSON document


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv sync`."""
    began = time.perf_counter()
    asked = namespace(arguments) or _parsed(arguments)
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
            if asked.dry_run:
                planned = _foreseen(one, wish, screen, as_document=asked.json)
                documents[one.project.environment or DEFAULT] = planned
                continue
            done = sync(one, wish) if one is session else _of_all(one, wish)
            if asked.json:
                documents[one.project.environment or DEFAULT] = _document(screen, done)
            else:
                _show(screen, done, time.perf_counter() - began)
            began = time.perf_counter()
        if asked.json:
            screen.document({"schema": SCHEMA, "environments": documents} if asked.all else documents.popitem()[1])
    return 0


def _foreseen(session: Session, wish: Wish, screen: Screen, *, as_document: bool) -> dict[str, object]:
    # Lazy: a sync that does something need not foresee it.
    from lockenv.cli.documents import foreseen
    from lockenv.operations.foresee import foresee

    found = foresee(session, wish)
    if not as_document:
        show_steps(screen, found.plan)
        number = len(found.plan.steps)
        would = f"{number} package{'s' if number > 1 else ''} would come, go or change"
        screen.say(f"{found.env}: {would if number else f'it has the packages of {found.lock}'}; nothing was done")
    return foreseen(found, screen.warned)


def _of_all(session: Session, wish: Wish) -> Synced:
    # Lazy: most projects have one environment.
    from lockenv.operations.environments import telling_of

    with telling_of(session):
        return sync(session, wish)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    # Lazy: to build a parser takes as long as a small sync.
    from lockenv.cli.sync_options import parsed

    return parsed(arguments)


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
        if done.reason and (done.plan.is_empty or done.reason == OTHER_PYTHON):
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
                unforeseen(step)
