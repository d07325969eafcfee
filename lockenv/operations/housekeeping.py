"""`cache`: how big it is, and taking out what nobody has used for a while."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lockenv.build import housekeeping as builds
from lockenv.events import StageFinished, StageStarted
from lockenv.files import remove_tree
from lockenv.index.sources import SOURCES
from lockenv.operations import archives
from lockenv.operations.scripts import FOLDER as SCRIPTS
from lockenv.operations.scripts import READY
from lockenv.session import Session
from lockenv.values import dataclass

_DAY = 24 * 3600.0
#: What was found out, in files of its own: of interpreters, of locks (and why there was none), of environments, of
#: bytecode.
_REMEMBERED = ("interpreters", "standing", "failures", "plans", "bytecode", "agreed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes in each part of the cache: unpacked wheels, pages and metadata, what is built and built from."""

    store: int
    index: int
    builds: int

    @property
    def together(self) -> int:
        """All of them."""
        return self.store + self.index + self.builds


def sizes(session: Session) -> Sizes:
    """Count the bytes of each part."""
    return Sizes(
        store=session.store.size(),
        index=session.index_cache.size()[0],
        builds=builds.size(session.cache) + archives.size(session.cache / SOURCES),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BadWheel:
    """An entry of the store that was taken out: its name there, the wheel's if known, and the files at fault."""

    entry: str
    wheel: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreVerified:
    """How many wheels there were, and which of them were bad."""

    wheels: int
    bad: tuple[BadWheel, ...]


def verify_store(session: Session) -> StoreVerified:
    """Hash every file of every unpacked wheel, and remove the wheels that are not what they were at first."""
    session.report(StageStarted(stage="Reading"))
    wheels, faults = session.store.verify()
    bad = []
    for entry, files in sorted(faults.items()):
        bad.append(BadWheel(entry=entry, wheel=session.store.filename(entry), files=files))
        session.store.remove(entry)
    session.report(StageFinished(stage="Reading"))
    return StoreVerified(wheels=wheels, bad=tuple(bad))


def clean(session: Session) -> int:
    """Remove everything that the cache holds; give the bytes freed. Environments keep their files.

    Only what lockenv made is known and removed: the folder may hold other things.
    """
    freed = prune(session, older_than_days=0.0)
    for name in _REMEMBERED:
        for file in _files(session.cache / name):
            freed += _remove(file)
    return freed


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [file for file in folder.iterdir() if not file.is_dir() or file.is_symlink()]
    return []


def prune(session: Session, *, older_than_days: float) -> int:
    """Remove what was not used for so many days; give the bytes freed. Environments keep their files."""
    age = older_than_days * _DAY
    freed = session.store.prune(older_than=age)
    freed += session.index_cache.prune(older_than_days=older_than_days)[0]
    freed += builds.prune(session.cache, older_than=age) + archives.prune(session.cache / SOURCES, older_than=age)
    freed += sum(_remove_tree(folder) for folder in _unused_scripts(session.cache / SCRIPTS, age))
    left = (session.cache / "arriving", session.cache / SOURCES)
    return freed + sum(_remove(file) for folder in left for file in _abandoned(folder))


def _unused_scripts(folder: Path, age: float) -> Iterator[Path]:
    """The environments of scripts that none was run in for so long; one without its note was never finished."""
    with contextlib.suppress(OSError):
        for home in sorted(folder.iterdir()):
            note = home / READY
            if (note if note.exists() else home).lstat().st_mtime <= time.time() - age:
                yield home


def _remove_tree(folder: Path) -> int:
    """Remove an environment; what it shares with the store frees nothing."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                found = Path(place, name).lstat()
                size += found.st_size if found.st_nlink == 1 else 0
    try:
        # Aside first: nobody may start in half an environment.
        gone = folder.rename(folder.with_name(f".gone-{folder.name}"))
        remove_tree(gone)
    except OSError:
        return 0
    return size


def _abandoned(folder: Path) -> Iterator[Path]:
    """Downloads that a killed process has left behind; one that has grown within a day may still arrive."""
    with contextlib.suppress(OSError):
        files = [file for file in folder.iterdir() if not file.is_dir()]
        yield from [file for file in files if file.lstat().st_mtime < time.time() - _DAY]


def _remove(file: Path) -> int:
    try:
        size = file.lstat().st_size
        remove_tree(file)
    except OSError:
        return 0
    return size
