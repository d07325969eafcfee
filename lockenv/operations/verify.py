"""`verify`: whether an environment is, to the byte, what the lock and its wheels make.

From the environment's own record come only the selection and the path of the interpreter; all else is made anew
from the lock and the store, or read from a document that `sync --manifest` wrote.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from lockenv.errors import CheckFailed, LockError, UsageError
from lockenv.files import hash_file
from lockenv.lockfile.select import Selected
from lockenv.lockfile.trust import check_artifact, check_hosts
from lockenv.operations import proof
from lockenv.operations.absent import no_environment
from lockenv.operations.desire import choose, desired_of, is_wheel, manifest_for, needs_of
from lockenv.operations.fetch import Need, fetch
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.read import parse_lock
from lockenv.operations.support import target_for
from lockenv.operations.unchanged import replaced
from lockenv.operations.wish import wish_of
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.python.interpreter import Interpreter, RefusedInterpreter, probe
from lockenv.python.pyvenv import describe_environment
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.transaction import commit, ground, inventory, places, state
from lockenv.transaction.compose import Desired
from lockenv.transaction.planned import Planned
from lockenv.transaction.state import State
from lockenv.transaction.verify import Examined, Finding
from lockenv.values import dataclass

_NO_HASH = "0" * 64  #: of no wheel: locks of others may have other algorithms only


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found. `against` is the lock or document, as a person would say it.

    `digest` is that of the environment as it should be; empty where that could not be told. `stale` says that the
    lock is another than the one that the environment was made from. The environment is the generation `generation`
    of itself; `newest` is the newest that is kept, another one where it was rolled back. `unjudged` are no
    differences: what programs such as pytest and numba keep for themselves beside planned sources.
    """

    env: str
    against: str
    digest: str = ""
    packages: int = 0
    files: int = 0
    findings: tuple[Finding, ...] = ()
    stale: bool = False
    generation: int | None = None
    newest: int | None = None
    unjudged: tuple[Finding, ...] = ()


def verify(session: Session, *, bytecode: bool = True) -> Verified:
    """Compare the project's environment with its lock.

    Raises `UsageError` where there is no environment, `CheckFailed` where lockenv did not make it or a wheel that
    was built is gone, `LockError` for a lock that is missing or not for it, `OfflineMiss`, `NetworkError` and
    `Refused` for wheels that cannot be had.
    """
    project = session.project
    env, where = shown(project, project.env), shown(project, project.lock)
    record = _record(session)
    if record is None:
        detail = "missing or damaged, so nobody knows which groups and extras were asked for"
        lost = Finding(path=".lockenv/current/.state", kind="record", detail=detail)
        return Verified(env=env, against=where, findings=(lost,))
    raw = bytes_of(project.lock)
    if raw is None:
        raise LockError(f"there is no {where}", hint="run `lockenv lock`, or name the lock with `--lock`")
    executable = record.interpreter_id.split("\0")[0]
    interpreter = probe(Path(executable), session.probes)
    findings = _interpreter(record, interpreter)
    if isinstance(interpreter, RefusedInterpreter) or not _has_libraries(record, interpreter):
        return Verified(env=env, against=where, findings=findings)
    desired = _desired(session, record, interpreter, raw, where)
    plan = proof.plan_of(session, desired)
    found = proof.examined(session, plan, desired.interpreter_id, bytecode=bytecode)
    done = _verified(plan, env, where, findings, found)
    return replace(
        done,
        stale=record.lock_digest != desired.lock_digest,
        generation=places.current_number(project.env),
        newest=max(places.generations(project.env), default=None),
    )


def verify_against(session: Session, file: str, *, bytecode: bool = True) -> Verified:
    """Compare the project's environment with a document that `sync --manifest` wrote; nothing else is needed.

    Raises `UsageError` where there is no such file or it is of an environment elsewhere, `Refused` where it was
    changed.
    """
    project = session.project
    raw = bytes_of(Path(session.folder, file))
    if raw is None:
        raise UsageError(f"there is no {file}", hint="`lockenv sync --manifest FILE` writes one")
    commit.restore(project.env)
    plan, interpreter = inventory.read(raw.decode("utf-8", "replace"), where=file)
    if plan.env != project.env:
        raise UsageError(
            f"{file} is of the environment at {plan.env}, and this one is at {project.env}",
            hint="scripts hold the path of their environment: name the right one with `--env`",
        )
    findings = _same_program(plan.interpreter, interpreter)
    found = Examined(findings=())
    if not findings or Path(plan.interpreter).exists():
        found = proof.examined(session, plan, interpreter, bytecode=bytecode and not findings)
    return _verified(plan, shown(project, project.env), file, findings, found)


def _verified(
    plan: Planned,
    env: str,
    against: str,
    findings: tuple[Finding, ...],
    found: Examined,
) -> Verified:
    return Verified(
        env=env,
        against=against,
        digest=plan.digest,
        packages=len(plan.packages),
        files=sum(row.kind == "file" for row in (*plan.root, *plan.rows)),
        findings=(*findings, *found.findings),
        unjudged=found.unjudged,
    )


def _record(session: Session) -> State | None:
    env, place = session.project.env, shown(session.project, session.project.env)
    commit.restore(env)
    ground.check_readable(env)
    record = state.read_current(env)
    if record is not None:
        return record
    described = describe_environment(Path(env))
    if described is None and not (Path(env) / ".lockenv").is_dir():
        raise no_environment(session.project, place)
    if described is not None and described.kind != "lockenv":
        raise CheckFailed(
            f"{described.kind} made {place}, and nothing tells what it should be",
            hint="`lockenv sync` makes it what the lock says",
        )
    return None


def _interpreter(record: State, now: Interpreter | RefusedInterpreter) -> tuple[Finding, ...]:
    """Say what has become of the interpreter."""
    path, time, size = record.interpreter_id.split("\0")
    if isinstance(now, RefusedInterpreter):
        return (Finding(path="bin/python", kind="interpreter", detail=f"{path}: {now.reason}"),)
    if not replaced(record.interpreter_id):
        return ()
    found = Path(path).stat()
    changes = [f"it is Python {now.version} now"]
    changes += [f"{found.st_size} bytes, not {size}"] if str(found.st_size) != size else []
    changes += ["changed since the environment was made"] if str(found.st_mtime_ns) != time else []
    return (Finding(path="bin/python", kind="interpreter", detail=f"{path}: {', '.join(changes)}"),)


def _has_libraries(record: State, interpreter: Interpreter) -> bool:
    """Whether an interpreter, which may have been replaced, looks for libraries where they were put."""
    return any(folder.startswith(interpreter.purelib) for folder in record.tree)


def _same_program(path: str, content: str) -> tuple[Finding, ...]:
    try:
        changed = "" if hash_file(Path(path))["sha256"] == content else "its content is another"
    except OSError as error:
        changed = error.strerror or str(error)
    return (Finding(path="bin/python", kind="interpreter", detail=f"{path}: {changed}"),) if changed else ()


def _desired(session: Session, record: State, interpreter: Interpreter, raw: bytes, where: str) -> Desired:
    project = session.project
    lock = parse_lock(raw, where)
    manifest, _ = manifest_for(project, lock)
    if manifest is not None:
        session.heed(manifest)
    wish = wish_of(record.selection)
    check_hosts(lock, where=where)
    chosen = choose(lock, wish, target_for(interpreter, manifest), where)
    for one in chosen:
        check_artifact(one.package, one.artifact)
    needs = needs_of(chosen, Path(project.lock).parent)
    wheels = _known(session, needs)
    wheels |= fetch(
        [need for need in needs if need.name not in wheels],
        session.store,
        lambda: session.http(session.known_indexes(manifest)),
        session.cache / "arriving",
        session.report,
        offline=session.settings.offline,
        limits=session.limits,
    )
    wheels |= {one.package.name: _built(session, record, one) for one in chosen if not is_wheel(one)}
    name = manifest.name if manifest is not None else None
    return desired_of(session, wish, interpreter, chosen, wheels, lock_digest=sha256(raw).hexdigest(), name=name)


def _known(session: Session, needs: list[Need]) -> dict[NormalizedName, StoredWheel]:
    """Take the store's manifests only: to look at its files would mend them, and what is linked to them too."""
    found = {need.name: session.store.known(need.hashes.get("sha256", "").lower() or _NO_HASH) for need in needs}
    return {
        name: stored
        for name, stored in found.items()
        if stored is not None and canonicalize_name(stored.name) == name
    }


def _built(session: Session, record: State, one: Selected) -> StoredWheel:
    """Find the wheel that was built here: no lock holds its hash, so the record says which it was."""
    name: NormalizedName = one.package.name
    found = next((sha for package, _, sha, _ in record.packages if package == name), None)
    stored = session.store.known(found) if found else None
    if stored is None:
        raise CheckFailed(
            f"{name} is built from source, and the wheel that was built is not in the cache any more",
            hint="`lockenv sync --verify` builds it anew",
        )
    return stored
