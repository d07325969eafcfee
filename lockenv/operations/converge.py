"""A sync that has something to do: select, refuse, fetch, then change the environment in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet

from lockenv.errors import LockError
from lockenv.events import Noted
from lockenv.index.http import Http
from lockenv.lockfile.freshness import stale
from lockenv.lockfile.select import Selected
from lockenv.lockfile.trust import check_artifact, check_hosts, hosts_of
from lockenv.manifest.model import Manifest
from lockenv.operations import proof
from lockenv.operations.agreed import Agreed
from lockenv.operations.agreement import check_agreement
from lockenv.operations.carry_out import carry_out
from lockenv.operations.choose import interpreter_for_sync
from lockenv.operations.declared import changed_sources, path_sources, watched_in
from lockenv.operations.desire import choose, desired_of, is_wheel, manifest_for, needs_of
from lockenv.operations.fetch import fetch
from lockenv.operations.files import shown
from lockenv.operations.inputs import inputs_digest
from lockenv.operations.new_startup import new_startup
from lockenv.operations.planned_before import keep_plan, plan_key
from lockenv.operations.read import parse_lock
from lockenv.operations.startup import check_startup, startup_of
from lockenv.operations.support import check_supported, target_for
from lockenv.operations.unchanged import is_recorded, note_fresh
from lockenv.operations.wish import Synced, Wish, verifies
from lockenv.packages import NormalizedName, Requirement, canonicalize_name
from lockenv.project import MANIFEST, Project
from lockenv.python.interpreter import Interpreter
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.targets import Target
from lockenv.transaction.compose import Desired, blueprint
from lockenv.transaction.contents import Blueprint
from lockenv.transaction.durability import begin_to_settle
from lockenv.transaction.refusals import unchanged
from lockenv.values import dataclass

if TYPE_CHECKING:
    from lockenv.transaction.verify import Finding

#: A digest that no inputs have: the next sync looks anew.
_UNKNOWN = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A manifest that is not on disk yet, and the files that it includes.

    `write` puts it and its lock there; it is called when nothing can be refused any more, before the first change.
    """

    manifest: Manifest
    included: tuple[str, ...]
    write: Callable[[], None]


def converge(
    session: Session, wish: Wish, *, raw: bytes, lock_digest: str, pending: Pending | None = None
) -> Synced:
    """Bring the environment to the lock whose bytes are `raw`. Raises as `sync` does.

    Where its manifest is `pending`, that one counts, and not what is on disk.
    """
    project = session.project
    where = shown(project, project.lock)
    key = plan_key(session, wish, lock_digest) if pending is None else ""
    lock = parse_lock(raw, where)
    manifest, included = _manifest(project, lock, pending)
    folder = Path(project.lock).parent
    python = manifest.python if manifest is not None else lock.requires_python or SpecifierSet()
    interpreter = interpreter_for_sync(session, python, lock)
    target = target_for(interpreter, manifest)
    hosts = hosts_of(lock)
    notes = [
        f"using {target.name} ({interpreter.path})",
        *([f"files come from {', '.join(hosts)}"] if hosts else []),
    ]
    if manifest is not None:
        refuse_stale(manifest, lock, target, where, folder=folder)
        session.heed(manifest)
    check_hosts(lock, where=where, only=wish.only_hosts)
    for message in notes:
        session.report(Noted(message=message))
    chosen = choose(lock, wish, target, where)
    for one in chosen:
        check_artifact(one.package, one.artifact)
    # What is found in order is what stands there now, before anything of it is built.
    watched = watched_in(lock, [one.artifact for one in chosen], folder)
    inputs = inputs_digest(project, lock_digest, included, watched) if pending is None else _UNKNOWN
    bring = partial(
        _bring, session, wish, manifest, lock, chosen, interpreter=interpreter, relocks=pending is not None
    )
    wheels = bring()
    asked = () if manifest is None else _asked(manifest, wish)
    arrived = [(one.package, wheels[one.package.name]) for one in chosen]
    name = manifest.name if manifest is not None else None
    desired = desired_of(session, wish, interpreter, chosen, wheels, lock_digest=lock_digest, name=name)
    packages = len(desired.packages)
    sound = proof.SoundStore(session=session, desired=desired, bring=bring)
    sound.use(partial(check_agreement, lock, target, arrived, asked, agreed=Agreed(session.cache)))
    differences = sound.use(partial(_compared, session, wish, desired, bring))
    made, finish = sound.use(partial(_composed, session, wish, desired))
    if manifest is not None:
        check_startup(desired, manifest.startup, path_sources(manifest))
    startup = tuple(startup_of(desired))
    new = new_startup(project.env, startup)
    # What comes from folders, or is built, can change with nothing else; and what changed meanwhile was not read.
    lasts = not watched and all(map(is_wheel, chosen)) and key == plan_key(session, wish, lock_digest)
    if pending is not None:
        pending.write()
    because = str(differences[0]) if differences else None
    # Who wants bytes compared takes nothing over of which only sizes and times were.
    afresh = verifies(session, wish)
    applied = sound.use(partial(carry_out, session, made, because=because, afresh=afresh, finish=finish))
    if finish is not None:
        proof.compile_once(session, finish, done=applied.changed)
    note_fresh(project.env, inputs, included, watched)
    if key and lasts:
        keep_plan(session, key, made, inputs=inputs, included=included, notes=notes, startup=startup)
    if wish.manifest is not None:
        proof.write_inventory(session, desired, wish.manifest)
    return Synced(
        env=shown(project, project.env),
        lock=where,
        packages=packages,
        plan=applied.plan if applied.changed else None,
        reason=applied.reason,
        startup=new if applied.changed else (),
        digest=made.contents.digest,
        differences=len(differences),
    )


def _compared(session: Session, wish: Wish, desired: Desired, bring: Callable[[], object]) -> tuple[Finding, ...]:
    """Compare content, if it is asked for: how the environment differs. What the store has is right then."""
    if not verifies(session, wish):
        return ()
    stands = is_recorded(session.project.env, desired)
    differences = proof.examine(session, desired) if stands else ()
    if (differences or not stands) and proof.discard_bad(session, desired):
        bring()
    return differences


def _composed(
    session: Session, wish: Wish, desired: Desired
) -> tuple[Blueprint, Callable[[str, str], None] | None]:
    """Lay out the whole environment, and say what writes its bytecode, if that is asked for."""
    with unchanged(session.project.env):
        finish = proof.compiler(session, desired) if wish.compile else None
        return blueprint(desired, session.project.env), finish


def _manifest(project: Project, lock: Pylock, pending: Pending | None) -> tuple[Manifest | None, tuple[str, ...]]:
    return manifest_for(project, lock) if pending is None else (pending.manifest, pending.included)


def refuse_stale(manifest: Manifest, lock: Pylock, target: Target, where: str, *, folder: Path) -> None:
    """Raise `LockError` for a lock that does not answer the manifest on a target, with the reasons."""
    check_supported(manifest)
    reasons = [*stale(manifest, lock, [target], name=MANIFEST), *changed_sources(lock, folder)]
    if reasons:
        raise LockError(f"{where} is out of date", details=reasons, hint="run `lockenv lock`, then `lockenv sync`")


def _asked(manifest: Manifest, wish: Wish) -> Iterator[Requirement]:
    """What the manifest requires, for the groups that are asked for."""
    yield from manifest.dependencies
    for group in manifest.groups:
        if wish.all_groups or group.name in wish.groups:
            yield from group.requirements


def _bring(
    session: Session,
    wish: Wish,
    manifest: Manifest | None,
    lock: Pylock,
    chosen: Sequence[Selected],
    *,
    interpreter: Interpreter,
    relocks: bool = False,
) -> dict[NormalizedName, StoredWheel]:
    """Have everything in the store: wheels are fetched, the rest is built.

    `relocks` is whether the same command has made the lock, and would again.
    """
    folder = Path(session.project.lock).parent
    needs = needs_of(chosen, folder)
    sources = [one for one in chosen if not is_wheel(one)]
    # A file that lies on this machine needs no credentials, and to ask pip for its index takes time.
    far = bool(sources) or any(not need.url.startswith("file:") for need in needs)

    def connect() -> Http:
        return session.http(session.known_indexes(manifest) if far else session.declared_indexes(manifest))

    build = partial(_build, interpreter=interpreter, relocks=relocks, connect=connect)
    built = build(session, wish, manifest, lock, sources) if sources else {}
    fetched = fetch(
        needs,
        session.store,
        connect,
        session.cache / "arriving",
        session.report,
        offline=session.settings.offline,
        limits=session.limits,
        arrived=partial(begin_to_settle, str(session.cache)) if session.settings.durable == "power" else None,
        compares=True,
    )
    return built | fetched


def _build(
    session: Session,
    wish: Wish,
    manifest: Manifest | None,
    lock: Pylock,
    sources: Sequence[Selected],
    *,
    interpreter: Interpreter,
    relocks: bool,
    connect: Callable[[], Http],
) -> dict[NormalizedName, StoredWheel]:
    # Lazy: most locks need no build.
    from lockenv.operations.builds import build_all

    allowed = frozenset(canonicalize_name(name) for name in wish.allow_build)
    own = frozenset[NormalizedName]()
    if manifest is not None:
        allowed, own = allowed | manifest.build.allow, path_sources(manifest)
    build = partial(build_all, interpreter=interpreter, allowed=allowed, own=own, relocks=relocks)
    return build(session, lock, sources, connect=connect)
