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
# ruff: noqa: PTH103, PTH110, PTH118, PTH120, PTH123

from __future__ import annotations

import marshal
import os

import packaging

from lockenv import __version__
from lockenv.operations.inputs import inputs_digest
from lockenv.operations.unchanged import digest_of, note_fresh, replaced
from lockenv.operations.wish import Synced, Wish, verifies
from lockenv.python.probe_cache import system
from lockenv.python.surroundings import surroundings
from lockenv.sums import sha256

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from lockenv.session import Session
    from lockenv.transaction.compose import Desired
    from lockenv.tree import Entry

_FOLDER = "plans"
_MAGIC = b"lockenv plan 1\n"  #: to be changed with the shape of what is kept, and with what shapes a plan


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
    kept = _read(_place(session), key) if key else None
    if kept is None:
        return None
    included, inputs, identity, digest, notes, startup, plan = kept
    if replaced(identity) or inputs_digest(session.project, lock_digest, included) != inputs:
        return None
    desired = _desired(session, wish, plan, lock_digest=lock_digest, identity=identity)
    if desired is None:
        return None
    # Lazy: with these the imports begin that a plan which does not hold can do without.
    from lockenv.events import Noted
    from lockenv.operations.carry_out import carry_out
    from lockenv.operations.startup import new_startup

    for message in (*notes, "planned before"):
        session.report(Noted(message=message))
    new = new_startup(session.project.env, startup)
    applied = carry_out(session, desired)
    note_fresh(session.project.env, inputs, included, ())
    return Synced(
        env=env,
        lock=where,
        packages=len(desired.packages),
        plan=applied.plan if applied.changed else None,
        reason=applied.reason,
        startup=new if applied.changed else (),
        digest=digest,
    )


def keep_plan(
    session: Session,
    key: str,
    desired: Desired,
    *,
    inputs: str,
    included: Sequence[str],
    notes: Sequence[str],
    startup: Iterable[tuple[str, str, str]],
    digest: str,
) -> None:
    """Keep a plan that was carried out. One that cannot be kept costs time later, nothing else.

    `key` is that of before anything was read, `inputs` the digest of what was read, `notes` what was said of it,
    `startup` are the start-up files (`startup_of`), `digest` is the environment's.
    """
    scheme = desired.scheme
    plan = (
        tuple(map(_flat, desired.entries)),
        (scheme.purelib, scheme.platlib, scheme.scripts, scheme.headers, scheme.data),
        tuple(
            (str(one.name), one.version, one.sha256, one.filename, one.requested, one.direct_url)
            for one, _ in desired.packages
        ),
        desired.runtime,
    )
    kept = (tuple(included), inputs, desired.interpreter_id, digest, tuple(notes), tuple(startup), plan)
    _write(_place(session), key, marshal.dumps(kept, 4))


def _desired(
    session: Session, wish: Wish, plan: tuple[Any, ...], *, lock_digest: str, identity: str
) -> Desired | None:
    """Put together what an environment should be; None where a wheel is not in the store, or not as it was."""
    # Lazy: as above.
    from lockenv.plan import Wanted
    from lockenv.transaction.compose import Desired
    from lockenv.tree import Scheme

    entries, scheme, wheels, runtime = plan
    packages = []
    for name, version, digest, filename, requested, direct_url in wheels:
        stored = session.store.get(digest)
        if stored is None or stored.version != version or stored.filename != filename:
            return None
        wanted = Wanted(
            name=name,
            version=version,
            sha256=digest,
            filename=filename,
            requested=requested,
            direct_url=direct_url,
        )
        packages.append((wanted, stored))
    purelib, platlib, scripts, headers, data = scheme
    return Desired(
        lock_digest=lock_digest,
        selection=wish.selection,
        interpreter_id=identity,
        entries=tuple(map(_entry, entries)),
        scheme=Scheme(purelib=purelib, platlib=platlib, scripts=scripts, headers=headers, data=data),
        packages=tuple(packages),
        runtime=runtime,
    )


def _flat(entry: Entry) -> tuple[str | bytes | bool, ...]:
    """An entry as marshal takes it: a folder by its path, a link with its target, a text with content and mode."""
    from lockenv.tree import Link, Text  # as above

    match entry:
        case Text(path=path, content=content, executable=executable):
            return path, content, executable
        case Link(path=path, target=target):
            return path, target
        case _:
            return (entry.path,)


def _entry(values: tuple[object, ...]) -> Entry:
    from lockenv.tree import Directory, Link, Text  # as above

    match values:
        case (str(path), bytes(content), bool(executable)):
            return Text(path=path, content=content, executable=executable)
        case (str(path), str(target)):
            return Link(path=path, target=target)
        case _:
            return Directory(path=str(values[0]))


def _place(session: Session) -> str:
    """Where the plan of this environment is kept: one for each, so that they do not become many."""
    name = sha256(os.fsencode(session.project.env)).hexdigest()[:32]
    return os.path.join(session.settings.cache_dir, _FOLDER, name)


def _read(place: str, key: str) -> tuple[Any, ...] | None:
    """Read what is kept under a key; None where it is missing, damaged, or of another key."""
    try:
        with open(place, "rb", buffering=0) as file:
            content = file.read()
    except OSError:
        return None
    start = len(_MAGIC) + 32
    payload = content[start:]
    # A damaged stream can crash the interpreter, so marshal gets only what bears its key and checksum.
    if content[:start] != _MAGIC + _seal(key, payload):
        return None
    kept: tuple[Any, ...] = marshal.loads(payload)  # noqa: S302
    return kept


def _write(place: str, key: str, payload: bytes) -> None:
    # Lazy: a plan that holds is not written.
    from pathlib import Path

    from lockenv.files import write_atomically

    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        write_atomically(Path(place), _MAGIC + _seal(key, payload) + payload)
    except OSError:
        return


def _seal(key: str, payload: bytes) -> bytes:
    return sha256(key.encode() + payload).digest()
