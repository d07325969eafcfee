"""`add` and `remove` for a script that says what it needs (PEP 723): its block, and its lock if it has one."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from lockenv.errors import InstallError, UsageError
from lockenv.files import write_atomically
from lockenv.inline import find_block, with_block
from lockenv.manifest import edit
from lockenv.manifest.bounds import bounds_for
from lockenv.manifest.syntax import decode, parse
from lockenv.manifest.words import closest, quoted
from lockenv.operations.add import names_of, requirement_of
from lockenv.operations.amend import Amended, Line, release_from, require_in
from lockenv.operations.choose import any_interpreter
from lockenv.operations.files import bytes_of
from lockenv.operations.lock import write_lock
from lockenv.operations.locked import Locked
from lockenv.operations.scripts import Drafted, Script, draft, speaking_of
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.session import Session
from lockenv.settings import Bounds
from lockenv.values import dataclass

_LIST = ("dependencies",)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedScript:
    """What an edit of a script did: its lines, and the lock beside it if there is one."""

    path: str
    lines: tuple[Line, ...]
    locked: Locked | None


def add_to_script(
    session: Session,
    path: str,
    requirements: Sequence[str],
    *,
    bounds: Bounds = "major",
    allowed: frozenset[NormalizedName] = frozenset(),
) -> EditedScript:
    """Put requirements into the block of a script, and lock it if it has a lock.

    A script without a block gets one, for this machine's Python and later ones. Bounds are those of `add`. Raises
    `UsageError` and what `lock` raises; then the script and its lock are as they were.
    """
    before = _Before(session, path)
    wanted = [_wanted(text) for text in requirements]
    with speaking_of(path):
        start = _with_list(before.text or _new(session))
        made = before.draft(_all(start, wanted), allowed)
        bounded = [_bounded(one, start.text, made, bounds) for one in wanted]
        if bounded != wanted:
            made = before.draft(_all(start, bounded), allowed)
    return before.put(made)


def remove_from_script(
    session: Session, path: str, names: Sequence[str], *, allowed: frozenset[NormalizedName] = frozenset()
) -> EditedScript:
    """Take requirements out of the block of a script, and lock it if it has a lock. Raises as `add_to_script`."""
    before = _Before(session, path)
    amended = Amended(text=before.text or "")
    for name in names_of(names):
        shorter = release_from(amended, _LIST, name)
        if shorter == amended:
            near = closest(name, [canonicalize_name(one.name) for one in _stated(amended.text)])
            raise UsageError(
                f"{quoted(name)} is not in the block of {path}",
                hint=f"did you mean {quoted(near)}?" if near else None,
            )
        amended = shorter
    with speaking_of(path):
        made = before.draft(amended, allowed)
    return before.put(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """An amended block, the script around it, and its lock."""

    amended: Amended
    content: bytes
    drafted: Drafted


class _Before:
    """A script as it stands."""

    def __init__(self, session: Session, path: str) -> None:
        self._session, self._name = session, path
        # A script that is a link to a file elsewhere stays one.
        self._file = Path(session.folder, path).resolve()
        source = bytes_of(self._file)
        if source is None:
            raise UsageError(f"there is no {path}")
        self._source = source
        self._block = find_block(source, where=path)
        #: The TOML of its block; None where it has none.
        self.text = None if self._block is None else decode(self._block.toml, where=path)
        if self.text is not None:
            parse(self.text, where=path)

    def draft(self, amended: Amended, allowed: frozenset[NormalizedName]) -> _Draft:
        content = with_block(self._source, self._block, amended.text.encode())
        block = find_block(content, where=self._name)
        if block is None:
            raise UsageError(f"the block of {self._name} cannot say this")
        script = Script(path=str(Path(self._session.folder, self._name)), name=self._name, block=block)
        return _Draft(amended=amended, content=content, drafted=draft(self._session, script, allowed=allowed))

    def put(self, made: _Draft) -> EditedScript:
        """Write the script and, if it has one, its lock; or neither."""
        if bytes_of(self._file) != self._source:
            message = f"{self._name} has been changed meanwhile by somebody else"
            raise UsageError(message, hint="look at it, and run this again")
        self._write(made.content)
        drafted = made.drafted
        try:
            if drafted.stands and drafted.ready.content != drafted.ready.standing:
                write_lock(drafted.session, drafted.ready.content)
        except BaseException:
            self._write(self._source)
            raise
        locked = drafted.ready.locked if drafted.stands else None
        return EditedScript(path=self._name, lines=made.amended.lines, locked=locked)

    def _write(self, content: bytes) -> None:
        try:
            write_atomically(self._file, content, durable=True)
        except OSError as error:
            raise InstallError(f"{self._name} cannot be written: {error.strerror}") from None


# ── the block


def _new(session: Session) -> str:
    version = any_interpreter(session).version_info
    return f'requires-python = ">={version.major}.{version.minor}"\n'


def _with_list(text: str) -> Amended:
    if "dependencies" in tomllib.loads(text):
        return Amended(text=text)
    return Amended(text=edit.set_key(text, (), "dependencies", "[]"))


def _all(amended: Amended, wanted: Sequence[Requirement]) -> Amended:
    for one in wanted:
        amended = require_in(amended, _LIST, one)
    return amended


def _stated(text: str) -> tuple[Requirement, ...]:
    items = tomllib.loads(text).get("dependencies", [])
    return tuple(parse_requirement(item) for item in items if isinstance(item, str))


# ── requirements


def _wanted(text: str) -> Requirement:
    requirement = requirement_of(text)
    if requirement.url is not None:
        raise UsageError(f"{quoted(text)} names its place", hint="write that into the block by hand")
    return requirement


def _bounded(one: Requirement, text: str, made: _Draft, bounds: Bounds) -> Requirement:
    """The same with bounds, if it names no versions and is new."""
    name = canonicalize_name(one.name)
    if one.specifier or any(canonicalize_name(each.name) == name for each in _stated(text)):
        return one
    entries = made.drafted.ready.locked.packages.get(name, ())
    specifier = bounds_for([Version(entry.version) for entry in entries if entry.version], bounds)
    marker = f" ; {one.marker}" if one.marker is not None else ""
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    return parse_requirement(f"{one.name}{extras}{specifier}{marker}")
