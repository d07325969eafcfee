"""`lockenv explain`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from lockenv.cli.options import add_json, add_lock, parser, session_of
from lockenv.cli.screen import Screen
from lockenv.operations.explain import Failed, Seen, Version, explain
from lockenv.project import MANIFEST

SCHEMA = 1  #: of the JSON document
_NAMED = 12  #: versions in a row that are named


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv explain`."""
    options = parser(
        "explain",
        "Tell at full length why the last `lockenv lock` found no solution: what it said, the whole derivation,\n"
        "and which versions of each package it had to choose from. Reads the cache; no index is asked.",
        ["lockenv explain", "lockenv explain --json"],
    )
    add_json(options)
    add_lock(options)
    asked = options.parse_args(arguments)
    with session_of(asked) as (session, screen):
        found = explain(session)
        if asked.json:
            screen.document(_document(found))
        else:
            _show(screen, found)
    return 0


def _show(screen: Screen, found: Failed) -> None:
    screen.result(screen.paint(screen.out, "bold", found.message))
    for line in found.details:
        screen.result(f"  {line}")
    if found.hint:
        screen.result(f"{screen.paint(screen.out, 'cyan', 'hint:')} {found.hint}")
    if found.derivation:
        screen.result()
        for line in found.derivation:
            screen.result(line)
    if found.seen:
        screen.result()
        screen.result(f"what was seen, for {found.target}:")
        for seen in found.seen:
            for line in _seen(seen):
                screen.result(f"  {line}")
    if found.changed:
        screen.note(f"{MANIFEST} has changed since: `lockenv lock` tells what is the case now")


def _seen(seen: Seen) -> Iterator[str]:
    """The versions of a package, those in a row that are out for the same reason together."""
    if seen.versions is None:
        yield f"{seen.name}: nothing"
    elif not seen.versions:
        yield f"{seen.name}: no versions"
    for reason, group in itertools.groupby(seen.versions or (), key=lambda one: one.out):
        yield f"{seen.name} {_row(list(group))}{f': {reason}' if reason else ''}"


def _row(versions: Sequence[Version]) -> str:
    named = [one.version for one in versions]
    if len(named) <= _NAMED:
        return ", ".join(named)
    return f"{named[0]} ... {named[-1]} ({len(named)} versions)"


def _document(found: Failed) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "message": found.message,
        "details": list(found.details),
        "hint": found.hint,
        "derivation": list(found.derivation),
        "impossible": found.document,
        "target": found.target or None,
        "seen": [
            {
                "name": seen.name,
                "versions": None
                if seen.versions is None
                else [{"version": one.version, "out": one.out or None} for one in seen.versions],
            }
            for seen in found.seen
        ],
        "changed": found.changed,
    }
