"""`explain`: the last lock that could not be made, told at full length.

What a failed lock has to say is kept in the cache, one note for each lock; a lock that is made takes it away.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lockenv.errors import ResolutionImpossible, UsageError
from lockenv.files import write_atomically
from lockenv.operations.files import bytes_of, shown
from lockenv.packages import NormalizedName, canonicalize_name, parse_requirement
from lockenv.session import Session
from lockenv.sums import sha256
from lockenv.values import dataclass

FOLDER = "failures"  #: in the cache
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a package as the index told of it, and why the target cannot use it ('' if it can)."""

    version: str
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a package: its versions, newest first; None where the cache does not know any more."""

    name: str
    versions: tuple[Version, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The last failure: what was said then, the whole derivation, and what was seen of the packages in it.

    `target` is the one that `seen` is for. `changed` is whether the manifest has changed since.
    """

    message: str
    details: tuple[str, ...]
    hint: str | None
    derivation: tuple[str, ...]
    document: Mapping[str, Any]
    target: str
    seen: tuple[Seen, ...]
    changed: bool


@contextlib.contextmanager
def noting_failure(session: Session) -> Iterator[None]:
    """Keep what a lock that cannot be made has to say, and raise it on; where one is made, forget it."""
    place = _place(session)
    try:
        yield
    except ResolutionImpossible as error:
        note = {
            "format": _FORMAT,
            "manifest": _digest(session),
            "message": error.message,
            "details": list(error.details),
            "hint": error.hint,
            "derivation": list(error.derivation()),
            "document": error.document,
        }
        # A note that cannot be written is missed by `explain`, and by nobody else.
        with contextlib.suppress(OSError, TypeError, ValueError):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, json.dumps(note).encode())
        raise
    with contextlib.suppress(OSError):
        place.unlink()


def explain(session: Session) -> Failed:
    """Read the note of the last failure. Raises `UsageError` where there is none."""
    try:
        note = json.loads(_place(session).read_bytes())
        if note["format"] != _FORMAT:
            raise ValueError(note["format"])
        document: dict[str, Any] = note["document"]
        target, names = _concerned(document)
        return Failed(
            message=note["message"],
            details=tuple(note["details"]),
            hint=note["hint"],
            derivation=tuple(note["derivation"]),
            document=document,
            target=target,
            seen=tuple(_seen(session, target, names)),
            changed=note["manifest"] != _digest(session),
        )
    except (OSError, ValueError, TypeError, KeyError):
        where = shown(session.project, session.project.lock)
        msg = f"there is nothing to explain: the last `lockenv lock` for {where} did not fail for want of versions"
        raise UsageError(msg, hint="run `lockenv lock`; `lockenv why PKG` tells why a package is there") from None


def _place(session: Session) -> Path:
    name = sha256(os.fsencode(session.project.lock)).hexdigest()[:32]
    return session.cache / FOLDER / name


def _digest(session: Session) -> str:
    return sha256(bytes_of(session.project.manifest) or b"").hexdigest()


def _concerned(document: Mapping[str, Any]) -> tuple[str, list[NormalizedName]]:
    """The target and the packages that a failure speaks of."""
    conflicts = document.get("conflicts", [])
    targets = [name for conflict in conflicts for name in (conflict.get("facts-of"), *conflict["targets"]) if name]
    facts = [fact for conflict in conflicts for fact in conflict["facts"]]
    names = [fact["package"] for fact in facts]
    names += [parse_requirement(fact["requirement"]).name for fact in facts if fact.get("kind") == "requires"]
    return (targets[0] if targets else ""), list(dict.fromkeys(map(canonicalize_name, names)))


def _seen(session: Session, target: str, names: list[NormalizedName]) -> Iterator[Seen]:
    """What the cache knows of packages; no index is asked."""
    # Lazy: an error that is raised again needs nothing of it.
    from dataclasses import replace

    from lockenv.errors import LockenvError
    from lockenv.operations.question import Upgrade, question_of
    from lockenv.operations.read import manifest_of
    from lockenv.resolution.candidates import Offers, Projects, Unfit

    quiet = Session(
        settings=replace(session.settings, offline=True), project=session.project, environ=session.environ
    )
    with quiet:
        try:
            manifest = manifest_of(session.project)
            question = question_of(quiet, manifest, here=None, old=None, upgrade=Upgrade(everything=True))
            projects = Projects(quiet.client(manifest), question.policy)
        except LockenvError:  # the manifest is broken by now
            return
        meant = next((each for each in question.targets if each.name == target), question.targets[0])
        offers = Offers(projects, meant, question.policy)
        for name in names:
            try:
                project = projects.get(name)
            except LockenvError:
                project = None
            if project is None:
                yield Seen(name=name, versions=None)
                continue
            found = ((version, offers.offer(name, "", version)) for version in project.versions)
            versions = (
                Version(
                    version=str(version), out=offer.reason if isinstance(offer, Unfit) else _yanked(offer.yanked)
                )
                for version, offer in found
            )
            yield Seen(name=name, versions=tuple(versions))


def _yanked(reason: str | None) -> str:
    if reason is None:
        return ""
    return f"withdrawn (yanked): {reason}" if reason else "withdrawn (yanked)"
