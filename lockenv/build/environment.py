"""The environment of one build: a bare one with the build requirements in it, thrown away afterwards.

Nothing but these wheels can be imported beside the standard library: no system packages, no user's. Files are
copied from the store, never linked: what a build does to its environment stays there.
"""

# Paths are joined as strings here: placements are checked before, and there are many.
# ruff: noqa: PTH103, PTH120, PTH211

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from lockenv.placement import Placement, check_collisions, place
from lockenv.python.interpreter import Interpreter
from lockenv.python.scripts import check_path, rewritten, wrapper
from lockenv.python.venv import bare, layout
from lockenv.store import StoredWheel
from lockenv.tree import Directory, Entry, Link, Text, fixed_mtime_ns
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildEnvironment:
    """Where an environment stands, its interpreter, and the folder of its programs."""

    folder: Path
    python: Path
    scripts: Path


def make_environment(interpreter: Interpreter, wheels: Iterable[StoredWheel], folder: Path) -> BuildEnvironment:
    """Make an environment of these wheels in `folder`, absolute, which must not exist; the caller removes it.

    Raises `Refused` for wheels that cannot stand side by side, `UsageError` for a folder that no environment can
    stand in, `InstallError` where an interpreter's own `venv` is needed and fails, `OSError`.
    """
    check_path(str(folder))
    stored = sorted(wheels, key=lambda wheel: wheel.name)
    entries = bare(interpreter, env_dir=folder, prompt="build")
    scheme = layout(interpreter)
    placements = [_placed(wheel, interpreter, entries) for wheel in stored]
    reserved = [entry.path for entry in entries if not isinstance(entry, Directory)]
    check_collisions(placements, scheme=scheme, reserved=reserved)
    made = BuildEnvironment(
        folder=folder,
        python=folder / scheme.scripts / ("python.exe" if interpreter.system == "win32" else "python"),
        scripts=folder / scheme.scripts,
    )
    for entry in entries:
        _write(entry, folder)
    for wheel, placement in zip(stored, placements, strict=True):
        _bring(wheel, placement, made)
    return made


def _placed(wheel: StoredWheel, interpreter: Interpreter, entries: Sequence[Entry]) -> Placement:
    return place(
        wheel.rows,  # each by itself: they are few
        name=wheel.name,
        dist_info=wheel.dist_info,
        data_folder=wheel.data_folder,
        root_is_purelib=wheel.root_is_purelib,
        scripts=wheel.scripts,
        scheme=layout(interpreter),
        aliases={
            entry.path: entry.target for entry in entries if isinstance(entry, Link) and "/" not in entry.path
        },
    )


def _write(entry: Entry, folder: Path) -> None:
    path = f"{folder}/{entry.path}"
    match entry:
        case Directory():
            os.makedirs(path, exist_ok=True)
        case Link(target=target):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(target, path)
        case Text(content=content, executable=executable):
            _write_text(path, content, executable=executable)


def _write_text(path: str, content: bytes, *, executable: bool) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o755 if executable else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _bring(wheel: StoredWheel, placement: Placement, made: BuildEnvironment) -> None:
    """Copy a wheel's files, and write the programs of its entry points and scripts."""
    folders: set[str] = set()
    for destination, source, sha256, _, mode in placement.files:
        path = f"{made.folder}/{destination}"
        parent = os.path.dirname(path)
        if parent not in folders:
            folders.add(parent)
            os.makedirs(parent, exist_ok=True)
        if os.path.lexists(path):
            continue  # another wheel's, of the same content: `check_collisions` has seen to that
        shutil.copyfile(f"{wheel.root}/{source}", path, follow_symlinks=False)
        os.chmod(path, mode | 0o200)  # noqa: PTH101
        mtime = fixed_mtime_ns(sha256)
        os.utime(path, ns=(mtime, mtime))
    for path, content in _programs(wheel, placement, made):
        if os.path.lexists(path):
            os.unlink(path)  # noqa: PTH108
        _write_text(path, content, executable=True)


def _programs(wheel: StoredWheel, placement: Placement, made: BuildEnvironment) -> Iterator[tuple[str, bytes]]:
    """Give the programs that are written rather than copied, with their paths."""
    for script in placement.scripts:
        yield f"{made.scripts}/{script.name}", wrapper(script, str(made.python))
    for file in placement.files:
        if wheel.data_folder is not None and file.source.startswith(f"{wheel.data_folder}/scripts/"):
            content = rewritten((wheel.root / file.source).read_bytes(), str(made.python))
            if content is not None:
                yield f"{made.folder}/{file.destination}", content
