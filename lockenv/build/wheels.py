"""Wheels that were built, kept by what they were built from and with.

``<root>/wheels/<sha256>/<filename>`` is a wheel, ``<root>/answers/<key>`` says which one a build led to. Both are
written whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from lockenv.build.answers import Answers
from lockenv.errors import BuildError, Refused
from lockenv.files import hash_file, remove_tree
from lockenv.packages import NormalizedName
from lockenv.python.interpreter import Interpreter
from lockenv.values import dataclass

_RACE = 3600.0  #: seconds for which a wheel may wait for its key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWheel:
    """A wheel that was built. `version` is as its file name has it; the file may be gone or damaged since."""

    path: Path
    filename: str
    sha256: str
    name: NormalizedName
    version: str

    @property
    def is_sound(self) -> bool:
        """Whether the file is there with the bytes it was kept with."""
        try:
            return hash_file(self.path)["sha256"] == self.sha256
        except OSError:
            return False


class BuiltWheels:
    """The built wheels below ``<cache>/built``. Several threads and processes may use them at once."""

    def __init__(self, root: Path) -> None:
        self._wheels = root / "wheels"
        self._answers = Answers(root / "answers")

    def recall(self, key: str) -> KeptWheel | None:
        """Give the wheel that was kept under a key, sound or not; None where there was none."""
        match self._answers.get(key):
            case {"filename": str(filename), "sha256": str(sha256)}:
                return _kept(self._wheels / sha256 / filename, sha256)
            case _:
                return None

    def keep(self, key: str, wheel: KeptWheel) -> None:
        """Copy a wheel here under a key. Raises `OSError`."""
        folder = self._wheels / wheel.sha256
        folder.mkdir(parents=True, exist_ok=True)
        # Beside its place first, so that the rename is one.
        temporary = folder / f".{os.getpid()}-{key[:16]}.tmp"
        try:
            shutil.copyfile(wheel.path, temporary)
            temporary.replace(folder / wheel.filename)
        finally:
            temporary.unlink(missing_ok=True)
        self._answers.keep(key, {"filename": wheel.filename, "sha256": wheel.sha256})

    def size(self) -> int:
        """Count the bytes of all wheels."""
        return sum(path.stat().st_size for path in self._wheels.glob("*/*"))

    def prune(self, *, older_than: float = 0.0) -> int:
        """Remove what was not used for so many seconds; give the bytes freed."""
        now = time.time()
        for path, used in self._answers.all():
            if now - used >= older_than:
                path.unlink(missing_ok=True)
        wanted = set(self._named())
        freed = 0
        for folder in self._folders():
            if folder.name not in wanted and now - folder.stat().st_mtime >= min(older_than, _RACE):
                freed += sum(path.stat().st_size for path in folder.iterdir())
                remove_tree(folder)
        return freed

    def _named(self) -> Iterator[str]:
        for path, _ in self._answers.all():
            match self._answers.get(path.name):
                case {"sha256": str(sha256)}:
                    yield sha256
                case _:
                    pass

    def _folders(self) -> list[Path]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(self._wheels.iterdir())
        return []


def _kept(path: Path, sha256: str) -> KeptWheel:
    name, version, *_ = parse_wheel_filename(path.name)
    return KeptWheel(path=path, filename=path.name, sha256=sha256, name=name, version=str(version))


def check_built(
    wheel: Path, interpreter: Interpreter, *, shown: str, name: NormalizedName | None, version: str | None
) -> KeptWheel:
    """See that a backend made what it was asked for: this package, this version, and for this interpreter.

    Raises `BuildError` for a wheel that this interpreter does not take, `Refused` for one of something else.
    """
    try:
        its_name, its_version, _, tags = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        raise BuildError(f"{shown} was built into {wheel.name!r}, which is no name of a wheel: {error}") from None
    if (name is not None and its_name != name) or (version is not None and not _is_same(its_version, version)):
        raise Refused(
            f"{shown} was built into {its_name} {its_version}, not {name or its_name} {version or its_version}",
            hint="the source is not what it is called; tell the package's authors",
        )
    if tags.isdisjoint(interpreter.target().ranks):
        raise BuildError(
            f"{shown} was built into {wheel.name}, which Python {interpreter.version} does not take here",
            hint="its backend builds for another platform; variables such as ARCHFLAGS may be why",
        )
    return _kept(wheel, hash_file(wheel)["sha256"])


def _is_same(version: Version, stated: str) -> bool:
    try:
        return version == Version(stated)
    except InvalidVersion:
        return False
