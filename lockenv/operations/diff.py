"""`diff`: what is different between locks, Git revisions of the lock, generations, and the environment."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from packaging.pylock import Pylock

from lockenv.build.children import Children
from lockenv.build.git_program import Git
from lockenv.errors import LockError, UsageError
from lockenv.lockfile.diff import Difference, Item, Side, by_name, diff, item_of, side_of
from lockenv.manifest.words import quoted
from lockenv.operations.absent import no_lock
from lockenv.operations.desire import choose, is_wheel
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.look import installed_in
from lockenv.operations.read import parse_lock
from lockenv.operations.wish import wish_of
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.python.installed import BrokenDistribution
from lockenv.python.interpreter import RefusedInterpreter, probe
from lockenv.session import Session
from lockenv.store import StoredWheel
from lockenv.transaction import places, state
from lockenv.values import dataclass
from lockenv.wheels import is_startup

_ENVIRONMENT = "env"
_PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")  #: the names that PEP 751 knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two sides as a person calls them, and what is different."""

    before: str
    after: str
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locked:
    """A lock to be compared."""

    called: str
    lock: Pylock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    """What is installed, from which selection of a lock, for the Python at `executable`."""

    called: str
    packages: tuple[tuple[NormalizedName, Item], ...]
    selection: tuple[str, ...]
    executable: str

    @property
    def side(self) -> Side:
        """It as it stands."""
        return Side(items=by_name(self.packages))


def compare(session: Session, before: str | None = None, after: str | None = None) -> Compared:
    """Compare two sides, each `env`, a generation (`@17`), a lock file, or a Git revision (`HEAD`, `main:path`).

    Without the second, a generation is compared with the environment, everything else with the project's lock.
    Without both, the lock as Git's HEAD has it is compared with the one that stands there or, outside of a
    repository, the environment with the lock. Raises `UsageError` for what is none of these, `LockError` for a
    lock that cannot be read or is not for the environment.
    """
    first = (_at_head(session) or _environment(session)) if before is None else _named(session, before)
    if after is not None:
        second = _named(session, after)
    elif before is not None and before.startswith("@"):
        second = _environment(session)
    else:
        second = _working(session)
    then, now = _sides(session, first, second)
    found = diff(then, now)
    differing = {change.name for change in found.changes} | {each.name for each in found.rehashed} | {*found.files}
    then, now = (_with_startup(session, side, differing) for side in (then, now))
    return Compared(before=first.called, after=second.called, difference=diff(then, now))


# ── what is meant


def _named(session: Session, text: str) -> _Locked | _Installed:
    if text == _ENVIRONMENT:
        return _environment(session)
    if text.startswith("@"):
        return _generation(session, text)
    file = Path(session.folder, text)
    raw = bytes_of(file) if file.is_file() else None
    if raw is not None:
        return _Locked(called=text, lock=_parsed(raw, text, file.name))
    return _revision(session, text)


def _parsed(raw: bytes, called: str, name: str) -> Pylock:
    """Parse a file called so, which may be none that was meant as a pylock.toml. Raises `LockError`."""
    if b"lock-version" in raw or _PYLOCK.fullmatch(name):
        return parse_lock(raw, called)
    # Lazy: only who is wrong about a file has to be told what it is.
    from lockenv.formats.incoming import detect

    wishes = detect.wishes_for(name)
    theirs = ": it is another tool's lock" if wishes is not None else ""
    raise LockError(
        f"{called} is no pylock.toml (PEP 751){theirs}",
        details=["what can be compared: pylock.toml files of any tool, Git revisions of them, generations, `env`"],
        hint=f"`lockenv import {wishes} {name}` brings its versions into a lock" if wishes is not None else None,
    )


def _working(session: Session) -> _Locked:
    where = shown(session.project, session.project.lock)
    raw = bytes_of(session.project.lock)
    if raw is None:
        raise no_lock(session.project)
    return _Locked(called=where, lock=parse_lock(raw, where))


# ── Git


def _at_head(session: Session) -> _Locked | None:
    """The lock as the last commit has it; None outside of a repository, or where it is not committed."""
    text = _asked_of_git(session, f"HEAD:./{Path(session.project.lock).name}")
    return None if text is None else _Locked(called="HEAD", lock=parse_lock(text.encode(), "the lock in HEAD"))


def _revision(session: Session, text: str) -> _Locked:
    """A revision of the project's lock, or of another path; what looks like an option of Git's is none."""
    spec = text if ":" in text else f"{text}:./{Path(session.project.lock).name}"
    found = None if text.startswith("-") or not text else _asked_of_git(session, spec)
    if found is None:
        raise UsageError(
            f"{quoted(text)} is no lock file, generation (`@17`) or Git revision that holds the lock",
            hint="say a file, `env`, `@N` as in `lockenv history`, or REVISION[:PATH] as for `git show`",
        )
    return _Locked(called=text, lock=_parsed(found.encode(), quoted(text), Path(spec.partition(":")[2]).name))


def _asked_of_git(session: Session, spec: str) -> str | None:
    folder = Path(session.project.lock).parent
    git = Git(session.environ, Children())
    if not git.is_there or not folder.is_dir() or "\0" in spec:
        return None
    return git.answer(folder, "cat-file", "blob", spec, theirs=True)


# ── what is installed


def _environment(session: Session) -> _Installed:
    env = session.project.env
    called = shown(session.project, env)
    record = state.read_current(env)
    if record is not None:
        return _recorded(called, record)
    packages = [
        (canonicalize_name(one.name), Item(version=one.version))
        for one in installed_in(session)
        if not isinstance(one, BrokenDistribution)
    ]
    return _Installed(called=called, packages=tuple(packages), selection=(), executable=f"{env}/bin/python")


def _generation(session: Session, text: str) -> _Installed:
    env = session.project.env
    kept = places.generations(env)
    number = int(text[1:]) if text[1:].isascii() and text[1:].isdigit() and len(text) < 12 else None
    record = None if number not in kept or number is None else state.read(places.generation(env, number))
    if record is None:
        has = ", ".join(f"@{each}" for each in kept) or "none"
        place = shown(session.project, env)
        raise UsageError(
            f"{place} has no generation {quoted(text)} (it keeps: {has})", hint="see `lockenv history`"
        )
    return _recorded(text, record)


def _recorded(called: str, record: state.State) -> _Installed:
    return _Installed(
        called=called,
        packages=tuple(
            (
                canonicalize_name(name),
                Item(version=version, direct=requested, files={"": {"sha256": sha256}} if sha256 else {}),
            )
            for name, version, sha256, requested in record.packages
        ),
        selection=tuple(record.selection),
        executable=record.interpreter_id.partition("\0")[0],
    )


# ── the two together


def _sides(session: Session, first: _Locked | _Installed, second: _Locked | _Installed) -> tuple[Side, Side]:
    match first, second:
        case _Locked(), _Installed():
            return _selected(session, first, second), _without_seed(second, first)
        case _Installed(), _Locked():
            return _without_seed(first, second), _selected(session, second, first)
        case _:
            return _whole(first), _whole(second)


def _whole(side: _Locked | _Installed) -> Side:
    return side_of(side.lock) if isinstance(side, _Locked) else side.side


def _selected(session: Session, locked: _Locked, installed: _Installed) -> Side:
    """What of a lock would be installed in the place of something: for the same Python and selection."""
    interpreter = probe(Path(installed.executable), session.probes)
    if isinstance(interpreter, RefusedInterpreter):
        msg = f"{installed.called} cannot be compared with a lock: {interpreter.reason}"
        raise UsageError(msg, hint="run `lockenv sync` to make the environment anew")
    chosen = choose(locked.lock, wish_of(installed.selection), interpreter.target(), locked.called)
    items = []
    for one in chosen:
        item = dataclasses.replace(item_of(one.package), marker="", source="", index=None)
        # What is built has a hash that no lock knows.
        items.append((one.package.name, item if is_wheel(one) else dataclasses.replace(item, files={})))
    return Side(items=by_name(_versioned(items, installed)))


def _versioned(
    items: Iterable[tuple[NormalizedName, Item]], installed: _Installed
) -> Iterable[tuple[NormalizedName, Item]]:
    """Give a package from a folder, of which a lock names no version (PEP 751), the version that is installed."""
    known = dict(installed.packages)
    for name, item in items:
        own = known.get(name)
        yield name, dataclasses.replace(item, version=own.version) if own and not item.version else item


def _without_seed(installed: _Installed, locked: _Locked) -> Side:
    """What is installed, without the pip that was asked for besides the lock."""
    if "seed" not in installed.selection or any(package.name == "pip" for package in locked.lock.packages):
        return installed.side
    return Side(items=by_name((name, item) for name, item in installed.packages if name != "pip"))


# ── start-up files


def _with_startup(session: Session, side: Side, names: Collection[NormalizedName]) -> Side:
    """Let the packages of these names say which start-up files they bring, as far as their wheels are at hand."""
    items = {
        name: tuple(_starting(session, item) for item in found) if name in names else found
        for name, found in side.items.items()
    }
    return dataclasses.replace(side, items=items)


def _starting(session: Session, item: Item) -> Item:
    digests = {hashes["sha256"] for hashes in item.files.values() if "sha256" in hashes}
    wheels = [stored for digest in sorted(digests) if (stored := session.store.known(digest)) is not None]
    if not wheels:
        return item
    return dataclasses.replace(item, startup=frozenset(file for stored in wheels for file in _startup_in(stored)))


def _startup_in(stored: StoredWheel) -> Iterable[str]:
    folders = [f"{stored.data_folder}/{kind}/" for kind in ("purelib", "platlib")] if stored.data_folder else []
    for row in stored.rows:
        place = next((row[0].removeprefix(folder) for folder in folders if row[0].startswith(folder)), row[0])
        if is_startup(place):
            yield place
