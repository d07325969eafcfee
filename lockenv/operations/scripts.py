"""Scripts that say what they need (PEP 723): each runs in a locked environment of its own, which the cache keeps.

Where a lock stands beside the script, that counts. Else one is made for the Python and the machine at hand, and
kept with the environment. The environment's place is named by a digest of all that it rests on
(`lockenv.cli.script`): as long as that is the same, nothing is asked of anybody.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from packaging.specifiers import SpecifierSet

from lockenv.errors import InstallError, LockenvError, UsageError
from lockenv.events import Warned
from lockenv.formats.script import read_script
from lockenv.inline import Block, find_block, lock_of
from lockenv.manifest.model import Manifest, Targets
from lockenv.operations.choose import interpreter_for_script
from lockenv.operations.converge import Pending, converge
from lockenv.operations.files import bytes_of
from lockenv.operations.lock import write_lock
from lockenv.operations.locked import Locked, Ready
from lockenv.operations.question import Upgrade
from lockenv.operations.read import parse_lock
from lockenv.operations.ready import ready
from lockenv.operations.wish import Synced, Wish
from lockenv.packages import NormalizedName
from lockenv.platforms import PLATFORMS, platform_of
from lockenv.project import LOCK, MANIFEST, Project
from lockenv.python.interpreter import Interpreter
from lockenv.session import Session
from lockenv.values import dataclass

#: The folder in the cache, and what is in each of its folders: the environment, and a note that it is whole.
FOLDER, ENVIRONMENT, READY = "scripts", "env", "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script: where it is, absolutely, how a person calls it, and its block."""

    path: str
    name: str
    block: Block


def script_at(path: str, *, folder: str) -> Script:
    """Read a script that has to say what it needs; a relative path begins in `folder`. Raises `UsageError`."""
    absolute = os.path.abspath(os.path.join(folder, path))  # noqa: PTH100, PTH118
    source = bytes_of(absolute)
    if source is None:
        raise UsageError(f"there is no {path}")
    block = find_block(source, where=path)
    if block is None:
        hint = 'begin it with `# /// script`, `# requires-python = ">=3.11"`, `# dependencies = []` and `# ///`'
        raise UsageError(f"{path} does not say what it needs (PEP 723)", hint=hint)
    return Script(path=absolute, name=path, block=block)


# ── its environment


def prepare(session: Session, script: Script, home: str) -> Synced:
    """Make the environment of a script, in a folder of the cache. Raises as `lock` and `sync` do."""
    with speaking_of(script.name):
        manifest = _manifest(session, script)
        raw = None if _is_claimed(script) else bytes_of(lock_of(script.path))
        lock = f"{home}/{LOCK}" if raw is None else lock_of(script.path)
        own = _session(session, script, lock=lock, home=home)
        own.heed(manifest)
        made = _locked_here(own, manifest) if raw is None else _as_locked(own, manifest, raw)
        _make_folder(home)
        synced = _install(own, *made)
        Path(home, READY).write_bytes(b"")
    return synced


def _locked_here(
    session: Session, manifest: Manifest, allowed: frozenset[NormalizedName] = frozenset()
) -> tuple[Manifest, Ready]:
    """Lock for this machine's Python and nothing else: nobody but this machine will use it."""
    interpreter = interpreter_for_script(session, manifest.python, None)
    session.settings = replace(session.settings, python=str(interpreter.path))
    narrow = _narrowed(manifest, interpreter)
    return narrow, ready(session, narrow, allowed=allowed)


def _as_locked(session: Session, manifest: Manifest, raw: bytes) -> tuple[Manifest, bytes]:
    lock = parse_lock(raw, session.project.lock)
    python = manifest.python & (lock.requires_python or SpecifierSet())
    interpreter = interpreter_for_script(session, python, lock)
    session.settings = replace(session.settings, python=str(interpreter.path))
    return manifest, raw


def _install(session: Session, manifest: Manifest, made: Ready | bytes) -> Synced:
    content = made.content if isinstance(made, Ready) else made

    def write() -> None:
        if isinstance(made, Ready) and made.content != made.standing:
            write_lock(session, made.content)

    pending = Pending(manifest=manifest, included=(), write=write)
    wish = Wish(compile=session.settings.compile)
    return converge(session, wish, raw=content, lock_digest=sha256(content).hexdigest(), pending=pending)


def _narrowed(manifest: Manifest, interpreter: Interpreter) -> Manifest:
    """A manifest for one Python on one machine; unless a lock has no name for that."""
    platform = platform_of(dict(interpreter.markers), interpreter.facts)
    if platform.name not in PLATFORMS or interpreter.abiflags:
        return manifest
    floor = interpreter.facts.os_version
    kind = platform.libc or ("macos" if platform.system == "darwin" else "")
    floors = {name: floor for name in ("glibc", "musl", "macos") if name == kind}
    targets = Targets(platforms=(platform.name,), implementations=(interpreter.implementation,), **floors)
    version = interpreter.version_info
    python = manifest.python & SpecifierSet(f"=={version.major}.{version.minor}.*")
    return replace(manifest, python=python, targets=targets)


def _session(session: Session, script: Script, *, lock: str, home: str) -> Session:
    """A session for the script's own files. No env.toml has a say, not even one that stands beside it."""
    project = Project(str(Path(script.path).parent), lock=lock, env=f"{home}/{ENVIRONMENT}")
    project.manifest = f"{home}/{MANIFEST}"
    return session.beside(project)


def _make_folder(home: str) -> None:
    try:
        Path(home).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{home} cannot be made: {error.strerror}"
        raise InstallError(message, hint="name another folder for the cache with `--cache-dir`") from None


# ── its lock


def lock_script(
    session: Session,
    script: Script,
    *,
    upgrade: Upgrade | None = None,
    check: bool = False,
    allowed: frozenset[NormalizedName] = frozenset(),
) -> Locked:
    """Do what `lock` does for a script; the lock stands beside it, for all its targets. Raises as `lock` does."""
    if _is_claimed(script):
        name = Path(lock_of(script.path)).name
        message = f"{name} is the lock of an environment that {MANIFEST} declares"
        raise UsageError(message, hint=f"rename {script.name}, or the environment")
    with speaking_of(script.name):
        made = _complete(session, script, upgrade=upgrade, check=check, allowed=allowed)
        if made.ready.content != made.ready.standing:
            write_lock(made.session, made.ready.content)
    return made.ready.locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """The lock of a script, not yet written; `stands` says whether there is a place for it beside the script."""

    session: Session
    ready: Ready
    stands: bool


def draft(session: Session, script: Script, *, allowed: frozenset[NormalizedName] = frozenset()) -> Drafted:
    """Make the lock of a script: the one beside it, if it has one, else one for this machine's Python alone."""
    if not _is_claimed(script) and bytes_of(lock_of(script.path)) is not None:
        return _complete(session, script, allowed=allowed)
    home = str(session.cache / FOLDER)
    own = _session(session, script, lock=f"{home}/{LOCK}", home=home)
    _, made = _locked_here(own, _manifest(session, script), allowed)
    return Drafted(session=own, ready=made, stands=False)


def _complete(
    session: Session,
    script: Script,
    *,
    upgrade: Upgrade | None = None,
    check: bool = False,
    allowed: frozenset[NormalizedName] = frozenset(),
) -> Drafted:
    """Make the lock that stands beside a script."""
    manifest = _manifest(session, script)
    if not str(manifest.python):
        message = f"{script.name} does not say which Pythons it is for, and a lock is for these"
        raise UsageError(message, hint='add `# requires-python = ">=3.11"` to its block')
    own = _session(session, script, lock=lock_of(script.path), home=str(session.cache / FOLDER))
    made = ready(own, manifest, upgrade=upgrade, check=check, allowed=allowed)
    changes = (replace(change, why=change.why.replace(MANIFEST, script.name)) for change in made.locked.changes)
    locked = replace(made.locked, changes=tuple(changes))
    return Drafted(session=own, ready=replace(made, locked=locked), stands=True)


def _manifest(session: Session, script: Script) -> Manifest:
    manifest, remarks = read_script(script.block, where=script.name, folder=str(Path(script.path).parent))
    for remark in remarks:
        session.report(Warned(message=remark, hint="write it under [tool.lockenv]"))
    return manifest


def _is_claimed(script: Script) -> bool:
    """Whether an env.toml beside the script declares an environment whose lock has the name of the script's."""
    raw = bytes_of(Path(script.path).parent / MANIFEST)
    if raw is None or b"environments" not in raw:
        return False
    try:
        declared = tomllib.loads(raw.decode("utf-8-sig")).get("environments")
    except (ValueError, RecursionError):
        return False
    name = Path(lock_of(script.path)).name.removeprefix("pylock.").removesuffix(".toml")
    return isinstance(declared, dict) and name in declared


# ── words


@contextmanager
def speaking_of(name: str) -> Iterator[None]:
    """Let an error speak of the script called `name` where it would of env.toml."""
    try:
        yield
    except LockenvError as error:
        error.message = _told(error.message, name)
        error.details = tuple(_told(line, name) for line in error.details)
        error.hint = error.hint and _told(error.hint, name)
        raise


def _told(text: str, name: str) -> str:
    lock = f"`lockenv lock --script {name}`"
    text = text.replace("`lockenv lock`, then `lockenv sync`", lock).replace("`lockenv lock`", lock)
    text = text.replace("`lockenv upgrade ", f"`lockenv upgrade --script {name} ")
    text = text.replace("`python` in the manifest", f"`requires-python` in {name}")
    text = text.replace("the manifest's", f"{name}'s")
    return text.replace("your manifest", name).replace(MANIFEST, name)
