"""The sync that was planned before: what the same lock, manifest, wish and Python came to is done again.

A sync that was carried through leaves in the cache what it found out before it touched the environment: which
wheels, for which Python, in which surroundings. The next one for the same environment takes it up where all that
shaped it is the same, and begins with the store. Nothing of the lock is parsed, and little is imported.

All that is refused follows from what is compared here, so it was found in order then. What does not follow from
it is looked at anew: the wheels in the store, the Python, the start-up files that are there, the environment.
Folders and files of the project that packages come from, builds, `--seed`, `--compile` and a comparison of content
take the whole way.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH103, PTH108, PTH110, PTH118, PTH120, PTH123

from __future__ import annotations

import marshal
import os
import zlib

import packaging

from lockenv import __version__
from lockenv.operations.inputs import inputs_digest
from lockenv.operations.unchanged import digest_of, note_fresh, replaced
from lockenv.operations.wish import Synced, Wish, verifies
from lockenv.python.probe_cache import system
from lockenv.python.surroundings import surroundings
from lockenv.sums import sha256
from lockenv.uncollected import Uncollected

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from lockenv.session import Session
    from lockenv.transaction.contents import Blueprint

_FOLDER = "plans"
_MAGIC = b"lockenv plan 4\n"  #: to be changed with the shape of what is kept, and with what shapes a plan
_SEAL = 36  #: bytes that go before a payload
_KEPT = 4  #: plans for one environment: who goes to and fro between two branches needs two


def plan_key(session: Session, wish: Wish, lock_digest: str) -> str:
    """One digest of all that a plan rests on, but for what the manifest includes; '' where none is kept.

    What an environment that stands was made from is preferred, so the Python behind it is a part.
    """
    settings, project = session.settings, session.project
    asked = settings.python or ""
    if wish.seed or wish.compile or wish.manifest is not None or verifies(session, wish):
        return ""
    if asked and not asked.replace(".", "").isdigit():
        return ""  # a path or a command may lead to another Python any time
    standing = os.path.realpath(f"{project.env}/bin/python")
    if os.path.exists(standing) and f"{standing}/".startswith(f"{os.path.realpath(project.env)}/"):
        return ""  # a copy of a Python, which only its environment's settings tell
    parts = (
        f"{__version__} {packaging.__version__}",
        inputs_digest(project, lock_digest, ()),
        project.lock,
        project.folder,
        repr((wish.selection, sorted(wish.only_hosts), settings.limits, asked)),
        standing if os.path.exists(standing) else "",
        system(),
        surroundings(session.environ, but=project.env),
    )
    return digest_of(*(part.encode("utf-8", "surrogateescape") for part in parts))


def sync_as_before(session: Session, wish: Wish, *, lock_digest: str, where: str, env: str) -> Synced | None:
    """Sync by the plan that was kept; None where there is none, or where the whole way has to be gone.

    `where` and `env` are what people call the lock and the environment. Raises as `apply` does.
    """
    key = plan_key(session, wish, lock_digest)
    if not key:
        return None
    with Uncollected():
        kept = _read(_place(session, key), key)
        if kept is None:
            return None
        return _carried_out(session, wish, kept, lock_digest=lock_digest, where=where, env=env)


def _carried_out(
    session: Session, wish: Wish, kept: tuple[Any, ...], *, lock_digest: str, where: str, env: str
) -> Synced | None:
    included, inputs, identity, notes, startup, plan = kept
    if replaced(identity) or inputs_digest(session.project, lock_digest, included) != inputs:
        return None
    # Lazy: a plan that is not there needs none of it.
    from lockenv.promised import promised

    roots = [promised(session.settings.cache_dir, digest) for _, _, digest, *_ in plan[0]]
    if not all(roots):
        return None
    # Lazy: with these the imports begin that a plan which does not hold can do without.
    from lockenv.events import Noted
    from lockenv.operations.carry_out import carry_out
    from lockenv.operations.new_startup import new_startup
    from lockenv.transaction.link import Changed

    desired = _blueprint(wish, plan, roots, lock_digest=lock_digest, identity=identity)
    for message in (*notes, "planned before"):
        session.report(Noted(message=message))
    new = new_startup(session.project.env, startup)
    try:
        applied = carry_out(session, desired)
    except Changed as changed:
        # The whole way looks at what the store has, and brings anew what is not what it was.
        session.report(Noted(message=changed.message))
        return None
    note_fresh(session.project.env, inputs, included, ())
    return Synced(
        env=env,
        lock=where,
        packages=len(desired.packages),
        plan=applied.plan if applied.changed else None,
        reason=applied.reason,
        startup=new if applied.changed else (),
        digest=desired.contents.digest,
    )


def keep_plan(
    session: Session,
    key: str,
    desired: Blueprint,
    *,
    inputs: str,
    included: Sequence[str],
    notes: Sequence[str],
    startup: Iterable[tuple[str, str, str]],
) -> None:
    """Keep a plan that was carried out. One that cannot be kept costs time later, nothing else.

    `key` is that of before anything was read, `inputs` the digest of what was read, `notes` what was said of it,
    `startup` are the start-up files (`startup_of`).
    """
    kept = (tuple(included), inputs, desired.interpreter_id, tuple(notes), tuple(startup), _flat(desired))
    _write(_place(session, key), key, marshal.dumps(kept, 4))


def _flat(desired: Blueprint) -> tuple[Any, ...]:
    """Give a blueprint as marshal takes it, without what is known whenever it is read."""
    contents = desired.contents
    return (
        tuple(
            (str(one.name), one.version, one.sha256, one.filename, one.requested, one.direct_url)
            for one in desired.packages
        ),
        desired.root_files,
        contents.folders,
        contents.tops,
        tuple((one.path, one.content, one.mode, one.sha256, one.owner, one.portable) for one in contents.texts),
        tuple((one.path, one.target) for one in contents.links),
        # Without the sha256 of each file: who makes an environment compares facts.
        tuple(
            (one.name, one.version, tuple((*group[:4], ()) for group in one.groups), one.digest)
            for one in contents.packages
        ),
        contents.digest,
    )


def _blueprint(
    wish: Wish, plan: tuple[Any, ...], roots: Iterable[str | None], *, lock_digest: str, identity: str
) -> Blueprint:
    """Give what `_flat` made, for wheels that stand at `roots`."""
    # Lazy: as above.
    from lockenv.plan import Wanted
    from lockenv.transaction.contents import Blueprint, Brought, Contents, WrittenFile
    from lockenv.tree import Link

    wanted, root_files, folders, tops, texts, links, packages, digest = plan
    return Blueprint(
        lock_digest=lock_digest,
        selection=wish.selection,
        interpreter_id=identity,
        packages=tuple(
            Wanted(name=name, version=version, sha256=sha256, filename=file, requested=asked, direct_url=url)
            for name, version, sha256, file, asked, url in wanted
        ),
        root_files=root_files,
        contents=Contents(
            folders=folders,
            tops=tops,
            texts=tuple(
                WrittenFile(path=path, content=content, mode=mode, sha256=sha256, owner=owner, portable=portable)
                for path, content, mode, sha256, owner, portable in texts
            ),
            links=tuple(Link(path=path, target=target) for path, target in links),
            packages=tuple(
                Brought(name=name, version=version, root=root or "", groups=groups, digest=own)
                for (name, version, groups, own), root in zip(packages, roots, strict=True)
            ),
            digest=digest,
        ),
    )


def _place(session: Session, key: str) -> str:
    """Where a plan is kept: beside the few others of its environment."""
    return os.path.join(session.settings.cache_dir, _FOLDER, f"{_stem(session.project.env)}-{key[:16]}")


def _stem(env: str) -> str:
    return sha256(os.fsencode(env)).hexdigest()[:32]


def _read(place: str, key: str) -> tuple[Any, ...] | None:
    """Read what is kept under a key; None where it is missing, damaged, or of another key."""
    try:
        with open(place, "rb", buffering=0) as file:
            content = file.read()
    except OSError:
        return None
    start = len(_MAGIC) + _SEAL
    payload = memoryview(content)[start:]
    # A damaged stream can crash the interpreter, so marshal gets only what bears its key and checksum.
    if content[:start] != _MAGIC + _seal(key, payload):
        return None
    kept: tuple[Any, ...] = marshal.loads(payload)  # noqa: S302
    return kept


def _write(place: str, key: str, payload: bytes) -> None:
    # Lazy: a plan that holds is not written.
    from lockenv.files import write_atomically

    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        write_atomically(place, _MAGIC + _seal(key, payload) + payload)
        _forget_old(place)
    except OSError:
        return


def _forget_old(place: str) -> None:
    """Remove those plans of the same environment that were written first, beyond so many."""
    folder, name = os.path.split(place)
    stem = name.partition("-")[0]
    with os.scandir(folder) as entries:
        found = [(entry.stat().st_mtime_ns, entry.path) for entry in entries if entry.name.startswith(stem)]
    for _, path in sorted(found)[:-_KEPT]:
        os.unlink(path)


def _seal(key: str, payload: bytes | memoryview) -> bytes:
    """Tell the key, and whether the payload is whole: a tenth of the time that a sha256 of it would take."""
    return sha256(key.encode()).digest() + zlib.crc32(payload).to_bytes(4, "big")
