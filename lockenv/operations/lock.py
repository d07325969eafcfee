"""`lock`: from env.toml to pylock.toml, whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from lockenv.errors import CheckFailed, InstallError, InternalError, LockError, UsageError
from lockenv.events import Noted, Warned
from lockenv.files import write_atomically
from lockenv.graph import MAIN
from lockenv.lockfile import freshness, judge, pylock
from lockenv.lockfile.pin import ALGORITHMS, pin
from lockenv.manifest.model import Manifest
from lockenv.operations.choose import interpreter_for_lock
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import manifest_of, parse_lock
from lockenv.operations.support import check_supported, target_for
from lockenv.packages import IndexFile, NormalizedName, canonicalize_name
from lockenv.project import MANIFEST
from lockenv.resolution.model import Policy, Question, Resolution
from lockenv.session import Session
from lockenv.targets import Target

if TYPE_CHECKING:
    from packaging.pylock import Pylock

    from lockenv.index.client import IndexClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One package of a lock before and after; None where it is not there."""

    name: NormalizedName
    before: Version | None
    after: Version | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What `lock` did. `path` is the lock as a person says it; `written` is false where its bytes were right."""

    path: str
    target: Target
    packages: int
    changes: tuple[Change, ...]
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Which pins of the old lock are let go: all, or those of some packages."""

    everything: bool = False
    names: frozenset[NormalizedName] = frozenset()

    @property
    def asked(self) -> bool:
        """Whether anything is to move at all."""
        return self.everything or bool(self.names)


def lock(session: Session, *, upgrade: Upgrade | None = None, check: bool = False) -> Locked:
    """Resolve the manifest for the chosen interpreter and write the lock, unless it already answers.

    With `check` nothing is resolved or written, and `CheckFailed` is raised if the lock is missing or stale.
    Raises `ManifestError`, `InterpreterNotFound`, `ResolutionImpossible`, `NetworkError` and the other kinds of
    `LockenvError`; then the old lock stands as it was.
    """
    upgrade = upgrade or Upgrade()
    manifest = manifest_of(session.project)
    where = shown(session.project, session.project.lock)
    raw = bytes_of(session.project.lock)
    if check and raw is None:
        raise CheckFailed(f"there is no {where}", hint="run `lockenv lock` to make it")
    old = _old_lock(session, raw, where, check=check)
    interpreter = interpreter_for_lock(session, manifest.python, old)
    target = target_for(interpreter, manifest)
    session.report(Noted(message=f"locking for {target.name} ({interpreter.path})"))
    check_supported(manifest, target)
    reasons = ["there is none yet"] if old is None else _reasons(manifest, old, target)
    if check and reasons:
        raise CheckFailed(f"{where} is not up to date", details=reasons, hint="run `lockenv lock`")
    # A lock may answer a manifest that it was not made from; made anew, it is what a fresh start would give.
    same = old is not None and pylock.tool_table(old).get("manifest") == freshness.digests(manifest)
    if old is not None and not reasons and (check or (same and not upgrade.asked)):
        count = len(freshness.preferences(old, target))
        return Locked(path=where, target=target, packages=count, changes=(), written=False)
    return _relock(session, manifest, target, old=old, raw=raw, upgrade=upgrade)


def _old_lock(session: Session, raw: bytes | None, where: str, *, check: bool) -> Pylock | None:
    if raw is None:
        return None
    try:
        return parse_lock(raw, where)
    except LockError as error:
        if check:
            raise
        # Making the lock anew is what mends it, so a broken one is no obstacle; but its pins are lost.
        session.report(Warned(message=f"{error.message}; it is made anew, without its pins"))
        return None


def _reasons(manifest: Manifest, old: Pylock, target: Target) -> list[str]:
    if old.environments and not any(marker.evaluate(target.variables) for marker in old.environments):
        return [f"it is not for {target.name} ({target.python})"]
    return list(freshness.stale(manifest, old, target, name=MANIFEST))


def _relock(
    session: Session,
    manifest: Manifest,
    target: Target,
    *,
    old: Pylock | None,
    raw: bytes | None,
    upgrade: Upgrade,
) -> Locked:
    # Lazy: a lock that is up to date needs no search.
    from lockenv.resolution.resolve import resolve

    before = freshness.preferences(old, target) if old is not None else {}
    _check_upgrade(upgrade, before)
    kept = {name: version for name, version in before.items() if name not in upgrade.names}
    policy = _policy(manifest, old, upgrade)
    question = Question(
        targets=(target,),
        roots={MAIN: manifest.dependencies} | {group.name: group.requirements for group in manifest.groups},
        policy=policy,
        preferences={} if upgrade.everything else kept,
    )
    client = session.client(manifest)
    resolution = resolve(question, client, session.report)
    for warning in resolution.warnings:
        session.report(Warned(message=warning))
    if policy.overrides:
        session.report(
            Warned(
                message="the lock rests on overrides: pip checks requirements again and may refuse to install it"
            )
        )
    resolution = _hashed(session, client, resolution)
    content = _text(session, manifest, resolution, policy).encode("utf-8")
    if content != raw:
        _write(Path(session.project.lock), content)
    return Locked(
        path=shown(session.project, session.project.lock),
        target=target,
        packages=len(resolution.pins),
        changes=_changes(before, resolution),
        written=content != raw,
    )


def _hashed(session: Session, client: IndexClient, resolution: Resolution) -> Resolution:
    """See that every file has a strong hash (PEP 751 requires one): some small indexes publish none."""
    unhashed = [pinned.name for pinned in resolution.pins if not all(map(_has_hash, pinned.files))]
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
            for pinned in resolution.pins
        ),
    )


def _has_hash(file: IndexFile) -> bool:
    return any(algorithm in ALGORITHMS for algorithm, _ in file.hashes)


def _check_upgrade(upgrade: Upgrade, before: Mapping[NormalizedName, Version]) -> None:
    for name in sorted(upgrade.names):
        if before and name not in before:
            raise UsageError(
                f"`{name}` is not in the lock, so there is nothing to upgrade", hint="see `lockenv list`"
            )


def _policy(manifest: Manifest, old: Pylock | None, upgrade: Upgrade) -> Policy:
    options = manifest.resolution
    return Policy(
        strategy=options.strategy,
        prereleases=options.prereleases,
        exclude_newer=_cut_off(manifest, old, upgrade),
        constraints=options.constraints,
        overrides=options.overrides,
        only_binary=options.only_binary,
        no_binary=options.no_binary,
        allow_build=frozenset(manifest.build.allow),
    )


def _cut_off(manifest: Manifest, old: Pylock | None, upgrade: Upgrade) -> datetime | None:
    """The moment of `exclude-newer`: an age counts from now, unless a lock is there and nothing is upgraded."""
    said = manifest.resolution.exclude_newer
    if not isinstance(said, timedelta):
        return said
    if old is not None and not upgrade.asked:
        table = pylock.tool_table(old)
        then = table.get("exclude-newer")
        unchanged = table.get("manifest", {}).get("resolution") == freshness.digests(manifest)["resolution"]
        if unchanged and isinstance(then, datetime):
            return then
    return (datetime.now(UTC) - said).replace(microsecond=0)


def _text(session: Session, manifest: Manifest, resolution: Resolution, policy: Policy) -> str:
    """The lock's text, read back and judged."""
    tool: dict[str, Any] = {"format": freshness.FORMAT}
    if policy.exclude_newer is not None:
        tool["exclude-newer"] = policy.exclude_newer
    if policy.overrides:
        tool["overrides"] = sorted(str(override) for override in policy.overrides)
    tool["manifest"] = freshness.digests(manifest)
    lock = pin(
        resolution,
        requires_python=manifest.python,
        groups=[group.name for group in manifest.groups],
        local=_local(session, manifest),
        tool=tool,
    )
    text = pylock.write(lock)
    again = pylock.read(text)
    if pylock.write(again) != text:
        raise InternalError("the lock does not read back as it was written; nothing was written")
    judge.judge(again, resolution)
    return text


def _local(session: Session, manifest: Manifest) -> dict[str, str]:
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


def _write(path: Path, content: bytes) -> None:
    try:
        write_atomically(path, content)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}; the old lock, if there was one, is as it was"
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        remedy = "free some space" if full else "make its folder writable, or name another file with `--lock`"
        raise InstallError(msg, hint=f"{remedy}, and run `lockenv lock` again") from None


def _changes(before: Mapping[NormalizedName, Version], resolution: Resolution) -> tuple[Change, ...]:
    after = {pinned.name: pinned.version for pinned in resolution.pins}
    return tuple(
        Change(name=name, before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def names_to_upgrade(names: Collection[str]) -> frozenset[NormalizedName]:
    """Normalise the names of packages to upgrade."""
    return frozenset(canonicalize_name(name) for name in names)
