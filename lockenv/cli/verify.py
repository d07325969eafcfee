"""`lockenv verify`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from lockenv.cli.options import add_env, add_json, add_lock, add_network, parser, session_of
from lockenv.cli.screen import Screen, duration
from lockenv.errors import CheckFailed
from lockenv.operations.sync import sync
from lockenv.operations.verify import Verified, verify, verify_against
from lockenv.operations.wish import recorded_wish
from lockenv.session import open_session
from lockenv.transaction.digest import short
from lockenv.transaction.verify import Finding

SCHEMA = 1  #: of the JSON document
#: Findings of one package, and of all together, that a person is shown.
_EACH, _ALL = 8, 40


def main(arguments: Sequence[str]) -> int:
    """Run `lockenv verify`."""
    options = parser(
        "verify",
        "Compare the environment with what the locked wheels hold: every byte, mode and type, and all besides.\n"
        "Neither RECORD nor lockenv's own record is believed. Exit status 1 if anything differs.",
        [
            "lockenv verify",
            "lockenv verify --repair",
            "lockenv verify --json --offline",
            "lockenv verify --against env.json    (needs no lock and no cache; `sync --manifest` writes it)",
        ],
    )
    options.add_argument("--repair", action="store_true", help="where anything differs, build the right tree")
    options.add_argument("--against", metavar="FILE", help="a document that `lockenv sync --manifest FILE` wrote")
    options.add_argument(
        "--no-bytecode", action="store_true", help="do not judge the bytecode that Python has written"
    )
    add_json(options)
    add_lock(options)
    add_env(options)
    add_network(options)
    asked = options.parse_args(arguments)
    began = time.perf_counter()
    with session_of(asked) as (session, screen):
        if asked.against:
            done = verify_against(session, asked.against, bytecode=not asked.no_bytecode)
        else:
            done = verify(session, bytecode=not asked.no_bytecode)
        repaired = ""
        if done.findings and asked.repair:
            repaired = sync(session, recorded_wish(session.project.env)).digest
        if asked.json:
            screen.document(document(done) | ({"repaired": bool(repaired)} if asked.repair else {}))
            return 0 if repaired or not done.findings else 1
    _show(screen, done, time.perf_counter() - began, repaired=repaired)
    return 0 if repaired or not done.findings else 1


def refuse_drift(
    flags: Mapping[str, object], *, against: str | None = None, lock: str | None = None, environment: str = ""
) -> None:
    """Raise `CheckFailed`, which says what differs, unless an environment is what it should be."""
    here = os.getcwd()  # noqa: PTH109
    with open_session(flags, environ=os.environ, folder=here, lock=lock, environment=environment) as session:
        done = verify(session) if against is None else verify_against(session, against)
    if done.findings:
        raise CheckFailed(
            f"{done.env} is not {done.against}: {summary(done.findings)}; nothing was started",
            details=[*_another_lock(done), *lines(done.findings)],
            hint=_remedy(done),
        )


def document(done: Verified) -> dict[str, object]:
    """Make the answer for machines."""
    return {
        "schema": SCHEMA,
        "environment": done.env,
        "against": done.against,
        "exact": not done.findings,
        "digest": done.digest,
        "packages": done.packages,
        "files": done.files,
        "lock-changed": done.stale,
        "findings": [
            {"kind": one.kind, "path": one.path, "package": one.package, "detail": one.detail}
            for one in done.findings
        ],
        "unjudged": [{"path": one.path, "package": one.package, "program": one.detail} for one in done.unjudged],
    }


def _show(screen: Screen, done: Verified, seconds: float, *, repaired: str) -> None:
    packages = "1 package" if done.packages == 1 else f"{done.packages} packages"
    if done.unjudged:
        count = len(done.unjudged)
        programs = ", ".join(sorted({one.detail for one in done.unjudged}))
        screen.note(
            f"not judged: {count} file{'s' * (count > 1)} in __pycache__ that Python never loads ({programs})"
        )
    if not done.findings:
        told = f"{packages}, {done.files} files, digest {short(done.digest)}"
        screen.say(f"{done.env} is exactly {done.against} ({told}), {duration(seconds)}")
        return
    for line in (*_another_lock(done), *lines(done.findings)):
        screen.say(line)
    if repaired:
        screen.say(f"{done.env} was mended, digest {short(repaired)}, {duration(seconds)}")
        return
    screen.say(f"{done.env} is not {done.against}: {summary(done.findings)}, {duration(seconds)}")
    screen.hint(_remedy(done))


def _another_lock(done: Verified) -> Iterator[str]:
    """Say first why nearly everything may differ: the environment was made from another lock."""
    if done.stale and _rolled_back(done):
        yield (
            f"{done.env} is generation {done.generation} again, rolled back from {done.newest}: "
            f"it was made from another lock than {done.against}, from which it differs in:"
        )
    elif done.stale:
        yield f"{done.against} was changed since {done.env} was made from it, and differs from it in:"


def _rolled_back(done: Verified) -> bool:
    return done.generation is not None and done.newest is not None and done.generation < done.newest


def _remedy(done: Verified) -> str:
    if done.stale:
        forward = f"; `lockenv rollback {done.newest}` goes forward again" if _rolled_back(done) else ""
        return f"`lockenv sync` brings the environment to the lock{forward}"
    return "`lockenv verify --repair` or `lockenv sync --verify` builds the right tree"


def summary(findings: Sequence[Finding]) -> str:
    """Count findings by kind: ``2 changed, 1 extra``."""
    kinds = sorted(finding.kind for finding in findings)
    return ", ".join(f"{len(list(group))} {kind}" for kind, group in groupby(kinds))


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Lay findings out for a person: by package, and no more than one wants to read."""
    left = _ALL
    ordered = sorted(findings, key=lambda finding: (finding.package, finding.path))
    for package, group in groupby(ordered, key=lambda finding: finding.package):
        found = list(group)
        if left <= 0:
            yield f"and more of {package}: {len(found)}"
            continue
        yield f"{package or 'the environment itself'}:"
        few = found[: min(_EACH, left)]
        yield from (f"  {finding}" for finding in few)
        if len(found) > len(few):
            yield f"  and {len(found) - len(few)} more; `--json` lists all"
        left -= len(few)
