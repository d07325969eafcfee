"""An amended env.toml and its lock, put in place with the environment that they ask for: all three, or none.

Nothing is written before everything is found out: the lock is made from the amended text, the wheels are in the
store, what can be refused has been refused. Then env.toml is written, then the lock, then the environment changes
in one rename. What fails after the first of these is undone. Where the process is killed between the two files,
env.toml says what is wanted and the lock does not: the next `sync` refuses it as out of date and names `lock`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from lockenv.errors import InstallError, LockenvError, ManifestError, UsageError
from lockenv.events import Warned
from lockenv.files import write_atomically
from lockenv.graph import MAIN
from lockenv.lockfile.freshness import digests
from lockenv.manifest import read as manifest_reader
from lockenv.manifest.environments import within
from lockenv.manifest.model import Manifest
from lockenv.manifest.words import listed
from lockenv.operations.amend import Amended, Line
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.lock import write_lock
from lockenv.operations.locked import Locked, Ready
from lockenv.operations.question import holding
from lockenv.operations.read import parse_lock, whole_manifest
from lockenv.operations.ready import ready
from lockenv.operations.wish import Synced, Wish, wish_of
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.project import LOCK, MANIFEST, Project
from lockenv.session import Session
from lockenv.transaction import state
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What an edit of env.toml did: its lines, the lock, and the environment, if that was to follow.

    `notes` say what a person might wonder about.
    """

    path: str
    lines: tuple[Line, ...]
    locked: Locked
    synced: Synced | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The env.toml that is there: its bytes, its text, what it says, and the files that it includes.

    `manifest` is what it says of the environment that is meant, `whole` what it says of all.
    """

    raw: bytes
    text: str
    manifest: Manifest
    whole: Manifest
    included: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An amended env.toml, what it says (of all environments: `whole`), and the lock that was made from it."""

    amended: Amended
    manifest: Manifest
    whole: Manifest
    ready: Ready


def standing(session: Session) -> Standing:
    """Read env.toml. Raises `ManifestError`."""
    whole, included = whole_manifest(session.project)
    raw = bytes_of(session.project.manifest) or b""
    return Standing(
        raw=raw,
        text=manifest_reader.decode(raw, where=MANIFEST),
        manifest=within(whole, session.project.environment),
        whole=whole,
        included=included,
    )


def draft(
    session: Session,
    amended: Amended,
    *,
    allowed: frozenset[NormalizedName] = frozenset(),
    after: Draft | None = None,
) -> Draft:
    """Read an amended text and make its lock. `after` is a draft whose versions are to be kept.

    Raises `UsageError` where the text is no manifest, and what `lock` raises.
    """
    whole = _read(session, amended.text)
    manifest = within(whole, session.project.environment)
    prefer = holding(manifest, parse_lock(after.ready.content, LOCK)) if after is not None else None
    with _said_once(session, again=after is not None):
        made = ready(session, manifest, allowed=allowed, prefer=prefer)
    return Draft(amended=amended, manifest=manifest, whole=whole, ready=made)


def left_behind(session: Session, before: Standing, made: Draft) -> tuple[str, ...]:
    """Say which other environments have a lock that was made from something else than the draft, if any has."""
    stale = []
    for name in ("", *(each.name for each in made.whole.environments)):
        lock = Project(session.project.folder, environment=name).lock
        if name != session.project.environment and bytes_of(lock) is not None:
            then, now = (digests(within(whole, name)) for whole in (before.whole, made.whole))
            stale += [shown(session.project, lock)] if then != now else []
    return (f"{listed(stale)} may have to follow: `lockenv lock --all` sees to it",) if stale else ()


@contextmanager
def _said_once(session: Session, *, again: bool) -> Iterator[None]:
    """Leave out warnings that were given before; and say of a failure that nothing was written."""
    report = session.report
    if again:
        session.report = lambda event: None if isinstance(event, Warned) else report(event)
    try:
        yield
    except LockenvError as error:
        error.details = (*error.details, _as_before(session))
        raise
    finally:
        session.report = report


def _read(session: Session, text: str) -> Manifest:
    folder = Path(session.project.folder)
    try:
        return manifest_reader.read(
            text, where=MANIFEST, load=lambda path: (folder / path).read_text(encoding="utf-8")
        )
    except ManifestError as error:
        details = [f"{one.message}{f' ({one.hint})' if one.hint else ''}" for one in error.problems]
        raise UsageError(f"{MANIFEST} cannot say this", details=details) from None


def put(
    session: Session,
    before: Standing,
    made: Draft,
    *,
    sync: bool,
    group: str = MAIN,
    allowed: frozenset[NormalizedName] = frozenset(),
) -> Synced | None:
    """Write the draft and its lock, and bring the environment to them if it is to follow.

    The environment keeps the groups that it was made with, and gets `group`. Raises what `sync` raises; then
    env.toml, the lock and the environment are as they were.
    """
    files = _Files(session, before, made)
    if not sync:
        with files.undone_by_failure():
            files.write()
        return None
    # Lazy: with `--no-sync` none of it is needed.
    from lockenv.operations.converge import Pending, converge

    wish = _wish(session, made.manifest, group, allowed)
    pending = Pending(manifest=made.manifest, included=before.included, write=files.write)
    with files.undone_by_failure():
        return converge(session, wish, raw=made.ready.content, lock_digest=files.lock_digest, pending=pending)


def _wish(session: Session, manifest: Manifest, group: str, allowed: frozenset[NormalizedName]) -> Wish:
    """What the environment was made with, as far as there still is such a thing, and the group that is meant."""
    record = state.read_current(session.project.env)
    before = wish_of(() if record is None else record.selection)
    known = {each.name for each in manifest.groups}
    groups = {name for name in before.groups if name in known}
    if group != MAIN:
        groups.add(canonicalize_name(group))
    return Wish(
        groups=tuple(sorted(groups)),
        all_groups=before.all_groups,
        seed=before.seed,
        allow_build=tuple(sorted(allowed)),
        compile=session.settings.compile,
    )


_begun = False


def begun() -> bool:
    """Whether this process has begun to write env.toml and its lock, and has not put them back."""
    return _begun


def _note_begun(*, begun: bool) -> None:
    global _begun  # noqa: PLW0603 - an interrupt ends the process, and wants to say what was done by then
    _begun = begun


class _Files:
    """env.toml and the lock: as they were, and as they are to be."""

    def __init__(self, session: Session, before: Standing, made: Draft) -> None:
        self._session = session
        # An env.toml that is a link to a file elsewhere stays one.
        self._manifest = Path(session.project.manifest).resolve()
        self._old, self._new = before.raw, _encoded(before.raw, made.amended.text)
        self._ready = made.ready
        self.lock_digest = sha256(made.ready.content).hexdigest()

    def write(self) -> None:
        """Write both. Raises `UsageError` where somebody else has changed env.toml meanwhile, `InstallError`."""
        if bytes_of(self._manifest) != self._old:
            message = f"{MANIFEST} has been changed meanwhile by somebody else"
            raise UsageError(message, hint="look at it, and run this again")
        _note_begun(begun=True)
        try:
            write_atomically(self._manifest, self._new, durable=True)
        except OSError as error:
            raise InstallError(f"{MANIFEST} cannot be written: {error.strerror}") from None
        if self._ready.content != self._ready.standing:
            write_lock(self._session, self._ready.content)

    @contextmanager
    def undone_by_failure(self) -> Iterator[None]:
        """Within this block, what fails leaves both files as they were, and says so.

        Unless the environment is the new one already: then an interrupt came late, and all is done.
        """
        try:
            yield
        except BaseException as error:
            if not self._is_done():
                self._undo()
                if isinstance(error, LockenvError):
                    error.details = (*error.details, _as_before(self._session))
            raise

    def _is_done(self) -> bool:
        record = state.read_current(self._session.project.env)
        changed = self._ready.content != self._ready.standing
        return changed and record is not None and record.lock_digest == self.lock_digest

    def _undo(self) -> None:
        """Put back what stands there as this wrote it."""
        lock = Path(self._session.project.lock)
        for path, old, new in (
            (lock, self._ready.standing, self._ready.content),
            (self._manifest, self._old, self._new),
        ):
            if old != new and bytes_of(path) == new:
                _put_back(path, old)
        _note_begun(begun=False)


def _put_back(path: Path, old: bytes | None) -> None:
    try:
        if old is None:
            path.unlink()
        else:
            write_atomically(path, old, durable=True)
    except OSError as error:
        message = f"{path} could not be put back as it was: {error.strerror}"
        raise InstallError(message, hint="take the old one from version control, or run `lockenv sync`") from None


def _encoded(old: bytes, text: str) -> bytes:
    """A text as bytes, with the byte order mark that the file had."""
    mark = b"\xef\xbb\xbf"
    return mark * old.startswith(mark) + text.encode("utf-8")


def _as_before(session: Session) -> str:
    project = session.project
    return f"{MANIFEST}, {shown(project, project.lock)} and {shown(project, project.env)} are as they were"
