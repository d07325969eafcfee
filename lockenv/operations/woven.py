"""The project's lock as a web of requirements: what `tree` and `why` look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lockenv.errors import UsageError
from lockenv.lockfile.web import Web, targets_in, web_of
from lockenv.manifest.model import Manifest
from lockenv.manifest.words import quoted, suggestion
from lockenv.operations.absent import no_lock
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import manifest_of, parse_lock
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.session import Session
from lockenv.targets import Target, summary
from lockenv.values import dataclass

if TYPE_CHECKING:
    from packaging.pylock import Pylock


@dataclass(frozen=True, slots=True, kw_only=True)
class Woven:
    """A lock, as a person calls it, and its web; `by` is who made it."""

    where: str
    by: str
    lock: Pylock
    web: Web


def woven(session: Session, *, target: str | None = None) -> Woven:
    """Read the lock and, if there is one, the manifest; `target` narrows what the lock is for (`targets_like`).

    Raises `LockError` where there is no lock or it is broken, `ManifestError`, `UsageError` for a target that the
    lock is not for.
    """
    where, lock = locked(session)
    manifest = declared(session) if _is_for_manifest(session, lock) else None
    targets = None if target is None else targets_like(target, targets_in(lock), where)
    web = web_of(lock, manifest, targets=targets)
    return Woven(where=where, by=lock.created_by, lock=lock, web=web)


def locked(session: Session) -> tuple[str, Pylock]:
    """The project's lock and how a person calls it. Raises `LockError`."""
    where = shown(session.project, session.project.lock)
    raw = bytes_of(session.project.lock)
    if raw is None:
        raise no_lock(session.project, ", or name another with `--lock`")
    return where, parse_lock(raw, where)


def declared(session: Session) -> Manifest | None:
    """The manifest, where there is one. Raises `ManifestError`."""
    return None if bytes_of(session.project.manifest) is None else manifest_of(session.project)


def _is_for_manifest(session: Session, lock: Pylock) -> bool:
    """Whether the manifest says what the lock is for: not that of another project, named by `--lock`."""
    # Lazy: only a lock that was named needs to be asked.
    from lockenv.operations.desire import manifest_for

    return bytes_of(session.project.manifest) is not None and manifest_for(session.project, lock)[0] is not None


def targets_like(text: str, targets: Sequence[Target], where: str) -> tuple[Target, ...]:
    """The targets that are meant by the words of their names: `linux-x86_64`, `3.12`, `linux-x86_64, Python 3.12`.

    Raises `UsageError` where none is.
    """
    words = _words(text)
    found = tuple(target for target in targets if words <= _words(target.name))
    if not words or not found:
        has = f"it is for {summary(targets)}" if targets else "it says of no target that this lockenv knows"
        known = {word for target in targets for word in _words(target.name)}
        near = suggestion(text, known)
        raise UsageError(
            f"{where} is not for {quoted(text)}: {has}", hint=near or "say a platform, a Python, or both"
        )
    return found


def _words(text: str) -> frozenset[str]:
    return frozenset(re.split(r"[,\s]+", text.strip().lower())) - {""}


def names_in(web: Web, asked: Iterable[str], where: str) -> tuple[NormalizedName, ...]:
    """The packages that are meant. Raises `UsageError` for a name that the lock does not have."""
    known = {package.name for package in web.packages}
    names = tuple(dict.fromkeys(canonicalize_name(text.strip()) for text in asked))
    for name, text in zip(names, dict.fromkeys(asked), strict=False):
        if name not in known:
            hint = suggestion(name, known) or "`lockenv tree` shows what it has"
            raise UsageError(f"{quoted(text)} is not in {where}", hint=hint)
    return names
