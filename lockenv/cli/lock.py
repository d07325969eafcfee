"""`lockenv lock`, and what `lockenv upgrade` shares with it."""

from __future__ import annotations

import time

from lockenv.cli.opening import session_of
from lockenv.cli.plain import OF_LOCK, namespace, plain_of_lock
from lockenv.cli.screen import Screen, duration
from lockenv.cli.told import Scribe, say_again
from lockenv.errors import UsageError
from lockenv.events import Noted, Warned
from lockenv.operations.answered_before import Told, answered, give, keep, rests_to_stay, since
from lockenv.operations.standing import note_standing, standing
from lockenv.project import DEFAULT
from lockenv.session import Session
from lockenv.uncollected import Uncollected

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from lockenv.operations.locked import Locked
    from lockenv.operations.question import Upgrade
    from lockenv.packages import NormalizedName


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv lock`."""
    asked = namespace(arguments, plain_of_lock, OF_LOCK) or _parsed(arguments)
    return run(asked, _upgrade(asked), check=asked.check)


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    # Lazy: to build a parser takes as long as to resolve a few packages.
    from lockenv.cli.lock_options import parsed

    return parsed(arguments)


def _upgrade(asked: argparse.Namespace) -> Upgrade | None:
    if not asked.upgrade and not asked.upgrade_package:
        return None
    # Lazy: most runs upgrade nothing.
    from lockenv.operations.question import Upgrade, names_to_upgrade

    return Upgrade(everything=True) if asked.upgrade else names_to_upgrade(asked.upgrade_package)


def run(asked: argparse.Namespace, upgrade: Upgrade | None = None, *, check: bool = False) -> int:
    """Make the lock, and tell what became of it."""
    began = time.perf_counter()
    with session_of(asked) as (session, screen):
        if upgrade is None and not asked.allow_build and not asked.script:
            said = _standing(session, everywhere=asked.all) if not asked.json else []
            if said:
                for line in said[:-1]:
                    screen.say(line)
                screen.say(f"{said[-1]}, {duration(time.perf_counter() - began)}")
                return 0
            if not check and not asked.all and _as_before(session, screen, as_json=asked.json, began=began):
                return 0
        # A lock makes few circles of objects and is soon over; to look for them takes a quarter of its time.
        with Uncollected():
            _lock(session, screen, asked, upgrade, check=check, began=began)
    return 0


def _standing(session: Session, *, everywhere: bool) -> list[str]:
    """What was said of the lock, or of all, when they were last found in order; nothing if one has changed."""
    if not everywhere:
        said = standing(session)
        return [] if said is None else [said]
    # Lazy: most projects have one environment.
    from lockenv.operations.environments import each

    found = [standing(one) for one in each(session)]
    return [] if None in found else [said for said in found if said is not None]


def _as_before(session: Session, screen: Screen, *, as_json: bool, began: float) -> bool:
    """Make the lock what the same question came to before, if it still does, and tell the same of it."""
    answer = answered(session)
    if answer is None or not give(session, answer):
        return False
    session.report(Noted(message=since(answer)))
    for message, hint in answer.rests.warnings:
        session.report(Warned(message=message, hint=hint))
    told = answer.told
    if as_json:
        screen.document({**told.document, "warnings": list(screen.warned)})
    else:
        say_again(screen, told.every if session.settings.verbosity > 0 else told.lines)
        screen.say(f"{told.verdict}, {duration(time.perf_counter() - began)}")
    return True


def _lock(
    session: Session,
    screen: Screen,
    asked: argparse.Namespace,
    upgrade: Upgrade | None,
    *,
    check: bool,
    began: float,
) -> None:
    # Lazy: a lock that stands needs none of this, and what tells of a new one is not needed before it is made.
    from lockenv.packages import canonicalize_name

    allowed = frozenset(map(canonicalize_name, asked.allow_build))
    made = _made(session, asked, upgrade, check=check, allowed=allowed)
    from lockenv.cli.locked import SCHEMA, document, show, verdict

    for one, done in made:
        found = done.again or done
        if found.stands is not None and not allowed:
            stands = found.stands
            said = verdict(found)
            note_standing(one, said, seen=stands.seen, included=stands.included, executable=stands.executable)
    if len(made) == 1 and not asked.script:
        _keep(session, made[0][1])
    if asked.json:
        documents = {one.project.environment or DEFAULT: document(done, screen.warned) for one, done in made}
        screen.document({"schema": SCHEMA, "environments": documents} if asked.all else documents.popitem()[1])
        return
    for one, done in made:
        last = one is made[-1][0]
        seconds = time.perf_counter() - began if last else None
        show(screen, done, upgrade, seconds=seconds, verbose=session.settings.verbosity > 0)


def _keep(session: Session, done: Locked) -> None:
    """Keep what the lock came to, and what another run would say of it."""
    from lockenv.cli.locked import verdict  # as above

    found = done.again or done
    again = (verdict(found), found.stands.executable) if found.stands is not None else None
    if done.rests is not None:
        keep(session, done.rests, done.content, _told(done, again))
    if found.stands is not None:
        stands = found.stands
        stays = rests_to_stay(
            session,
            seen=stands.seen,
            included=stands.included,
            executable=stands.executable,
            around=stands.around,
        )
        if stays is not None:
            keep(session, *stays, _told(found, again))


def _told(done: Locked, again: tuple[str, str] | None) -> Told:
    """What is said of a lock, for whoever asks the same again."""
    from lockenv.cli.locked import document, show_changed, verdict  # as above

    usual, every = Scribe(), Scribe()
    show_changed(usual, done, verbose=False)
    show_changed(every, done, verbose=True)
    return Told(
        lines=tuple(usual.lines),
        every=tuple(every.lines),
        verdict=verdict(done),
        document=document(done, ()),
        again=again,
    )


def _made(
    session: Session,
    asked: argparse.Namespace,
    upgrade: Upgrade | None,
    *,
    check: bool,
    allowed: frozenset[NormalizedName],
) -> tuple[tuple[Session, Locked], ...]:
    """Make the lock that is meant, or the locks of all environments; each with the session of its environment."""
    # Lazy: a lock that stands needs none of this.
    from lockenv.operations.lock import lock

    if asked.script:
        from lockenv.operations.scripts import lock_script, script_at

        if any((asked.all, asked.environment, asked.lock, getattr(asked, "named", None))):
            message = "--script has a lock of its own, and another is named"
            raise UsageError(message, hint="leave out either of them")
        script = script_at(asked.script, folder=session.folder)
        return ((session, lock_script(session, script, upgrade=upgrade, check=check, allowed=allowed)),)
    if asked.all:
        from lockenv.operations.environments import lock_all

        return lock_all(session, upgrade=upgrade, check=check, allowed=allowed)
    return ((session, lock(session, upgrade=upgrade, check=check, allowed=allowed)),)
