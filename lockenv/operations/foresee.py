"""`plan_sync`: what a sync would do, found out without fetching, building or changing anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet

from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.select import Selected
from lockenv.lockfile.trust import check_artifact, check_hosts
from lockenv.manifest.model import Manifest
from lockenv.operations.choose import interpreter_for_sync
from lockenv.operations.converge import refuse_stale
from lockenv.operations.desire import choose, manifest_for, needs_of
from lockenv.operations.files import shown
from lockenv.operations.look import installed_in
from lockenv.operations.support import target_for
from lockenv.operations.wish import Wish
from lockenv.operations.woven import locked
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.plan import Installed, Plan, Wanted, make_plan
from lockenv.python.installed import BrokenDistribution
from lockenv.python.interpreter import Interpreter
from lockenv.session import Session
from lockenv.transaction import state
from lockenv.values import dataclass

_UNKNOWN = ""  #: the hash of what is yet to be built, or that the lock names by another algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a sync would do to `env`, by `lock`, with the Python at `python`: what comes, goes and changes.

    A package that is built from source has no hash before it is built: it counts as kept where its version is the
    locked one, or where the lock names none. The pip that is asked for besides the lock is not among the steps.
    """

    env: str
    lock: str
    python: str
    plan: Plan


def foresee(session: Session, wish: Wish) -> Foreseen:
    """Compare what the lock selects with what is installed. Changes nothing, and asks no index.

    Raises as `sync` does for a lock that is missing, stale, not for this Python, or has no such group, and for a
    Python that is not there. What only the wheels themselves can tell is refused by `sync` alone.
    """
    where, lock = locked(session)
    manifest, _ = manifest_for(session.project, lock)
    interpreter, chosen = _chosen(session, wish, lock, manifest, where)
    present = tuple(_present(session))
    wanted = tuple(_wanted(session, chosen, {one.name: one for one in present}))
    # The pip of `seed` comes from the Python, and not from the lock.
    seeds = wish.seed and "pip" not in {one.name for one in wanted}
    return Foreseen(
        env=shown(session.project, session.project.env),
        lock=where,
        python=str(interpreter.path),
        plan=make_plan(wanted, [one for one in present if not (seeds and one.name == "pip")]),
    )


def _chosen(
    session: Session, wish: Wish, lock: Pylock, manifest: Manifest | None, where: str
) -> tuple[Interpreter, tuple[Selected, ...]]:
    """What of the lock a sync would install, and for which Python."""
    python = manifest.python if manifest is not None else lock.requires_python or SpecifierSet()
    interpreter = interpreter_for_sync(session, python, lock)
    target = target_for(interpreter, manifest)
    if manifest is not None:
        refuse_stale(manifest, lock, target, where, folder=Path(session.project.lock).parent)
    check_hosts(lock, where=where, only=wish.only_hosts)
    chosen = choose(lock, wish, target, where)
    for one in chosen:
        check_artifact(one.package, one.artifact)
    return interpreter, chosen


def _present(session: Session) -> Iterator[Installed]:
    """What is there: by the environment's record, or, where others made it, by its metadata."""
    record = state.read_current(session.project.env)
    if record is not None:
        for name, version, sha256, _ in record.packages:
            yield Installed(name=canonicalize_name(name), version=version, sha256=sha256)
    elif (Path(session.project.env) / "pyvenv.cfg").is_file():
        for one in installed_in(session):
            version = "" if isinstance(one, BrokenDistribution) else one.version
            yield Installed(name=canonicalize_name(one.name), version=version, sha256="")


def _wanted(
    session: Session, chosen: Sequence[Selected], present: dict[NormalizedName, Installed]
) -> Iterator[Wanted]:
    needs = {need.name: need for need in needs_of(chosen, Path(session.project.lock).parent)}
    for one in chosen:
        name, version, need = one.package.name, str(one.package.version or ""), needs.get(one.package.name)
        there = present.get(name)
        sha256 = need.hashes.get("sha256", _UNKNOWN).lower() if need is not None else _UNKNOWN
        if sha256 == _UNKNOWN and there is not None and version in {"", there.version}:
            version, sha256 = there.version, there.sha256
        yield Wanted(
            name=name,
            version=version,
            sha256=sha256,
            filename=need.filename if need is not None else "",
            requested=tool_table(one.package).get("direct") is True,
        )
