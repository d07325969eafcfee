"""The text of a lock: made from a resolution, read back, and judged before anybody sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.pylock import Pylock

from lockenv.errors import InternalError
from lockenv.events import Warned
from lockenv.lockfile import freshness, judge, pylock, trust
from lockenv.lockfile.pin import ALGORITHMS, pin
from lockenv.manifest.model import Manifest
from lockenv.operations.question import forbidden, standing
from lockenv.packages import IndexFile
from lockenv.resolution.model import Question, Resolution
from lockenv.session import Session
from lockenv.values import replace

if TYPE_CHECKING:
    from lockenv.index.client import IndexClient
    from lockenv.operations.workshop import Tables


def lock_text(
    session: Session, manifest: Manifest, question: Question, resolution: Resolution, tables: Tables
) -> tuple[Pylock, str]:
    """Make the lock of a resolution, and its text; `tables` say more of single packages.

    Raises `InternalError` where it would not read back, or would not install what the manifest requires, and
    `Refused` where a file that is needed has no hash.
    """
    lock = pin(
        resolution,
        requires_python=manifest.python,
        groups=[group.name for group in manifest.groups],
        conflicts=question.conflicts,
        standing=standing(manifest),
        local=local_indexes(session, manifest),
        tool=_tool(manifest, question),
        tables=tables,
    )
    lock = _naming_hosts(lock)
    text = pylock.write(lock)
    again = pylock.read(text)
    if pylock.write(again) != text:
        raise InternalError("the lock does not read back as it was written; nothing was written")
    judge.judge(again, claim_of(manifest, question, resolution))
    return again, text


def _naming_hosts(lock: Pylock) -> Pylock:
    """Let a lock say which hosts its files come from (`lockenv.lockfile.trust`)."""
    hosts = list(trust.hosts_of(lock))
    if not hosts:
        return lock
    table = dict(pylock.tool_table(lock))
    # Before the tables, as TOML wants it, and where the hosts are seen.
    named = {"format": table.pop("format"), "hosts": hosts, **table}
    return replace(lock, tool={pylock.TOOL: named})


def later_but_alike(made: Pylock, old: Pylock) -> bool:
    """Whether two locks differ in nothing but the moments from which ages were counted (`exclude-newer`).

    Then the earlier moment describes both, and there is nothing to write.
    """
    return pylock.write(_without_moments(made)) == pylock.write(_without_moments(old))


def _without_moments(lock: Pylock) -> Pylock:
    table = {name: said for name, said in pylock.tool_table(lock).items() if not name.startswith("exclude-newer")}
    return replace(lock, tool={pylock.TOOL: table})


def claim_of(manifest: Manifest, question: Question, resolution: Resolution) -> judge.Claim:
    """What the lock of a resolution has to answer."""
    return judge.Claim(
        targets=resolution.targets,
        roots=question.roots,
        evidence=resolution.evidence,
        constraints=question.policy.constraints,
        overrides=question.policy.overrides,
        conflicts=forbidden(manifest),
        buildable=question.policy.allow_build,
    )


def _tool(manifest: Manifest, question: Question) -> Mapping[str, Any]:
    """What the lock says beyond the standard: what shaped the resolution, and what it was made from."""
    policy = question.policy
    tool: dict[str, Any] = {"format": freshness.FORMAT}
    if policy.exclude_newer is not None:
        tool["exclude-newer"] = policy.exclude_newer
    if policy.overrides:
        tool["overrides"] = sorted(str(override) for override in policy.overrides)
    if question.conflicts:
        tool["conflicts"] = [list(members) for members in forbidden(manifest)]
    if policy.exclude_newer_package:
        tool["exclude-newer-package"] = {
            name: False if moment is None else moment
            for name, moment in sorted(policy.exclude_newer_package.items())
        }
    tool["manifest"] = freshness.digests(manifest)
    return tool


def local_indexes(session: Session, manifest: Manifest) -> dict[str, str]:
    """The indexes that are folders of the project, by URL, with their path relative to the lock."""
    folder = Path(session.project.lock).parent
    found = {}
    for declared, absolute in zip(manifest.indexes, session.indexes(manifest), strict=False):
        if "://" not in declared.url:
            place = (Path(session.project.folder) / declared.url).resolve()
            found[absolute.url] = _relative(place, folder.resolve())
    return found


def _relative(place: Path, folder: Path) -> str:
    up = 0
    while not place.is_relative_to(folder):
        folder, up = folder.parent, up + 1
    return "/".join([".."] * up + list(place.relative_to(folder).parts)) or "."


def hashed(session: Session, client: IndexClient, resolution: Resolution) -> Resolution:
    """See that every file has a strong hash (PEP 751 requires one): some small indexes publish none."""
    unhashed = [
        pinned.name
        for pinned in resolution.pins
        if pinned.origin is None and not all(map(_has_hash, pinned.files))
    ]
    if not unhashed:
        return resolution
    names = ", ".join(unhashed[:5]) + (" …" if len(unhashed) > 5 else "")
    session.report(
        Warned(message=f"the index publishes no hashes for {names}; the lock takes those of what it serves now")
    )
    return replace(
        resolution,
        pins=tuple(
            replace(pinned, files=tuple(client.hashed(file) for file in pinned.files))
            if pinned.name in unhashed
            else pinned
            for pinned in resolution.pins
        ),
    )


def _has_hash(file: IndexFile) -> bool:
    return any(algorithm in ALGORITHMS for algorithm, _ in file.hashes)
