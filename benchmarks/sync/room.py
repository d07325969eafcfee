"""How much room a run takes on the disk, known before it begins."""

from __future__ import annotations

import math
import shutil
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.recording import Recording
from benchmarks.sync.record import folder_of
from benchmarks.sync.sets import Set
from benchmarks.sync.ways import Way

_GB: Final = 1e9
_ROUNDED: Final = 2048  #: what a file takes more than it has, on average: half a block
_LEAST: Final = 64e6  #: an environment without packages, a home, logs; Python's own pip where there is one
#: Room for a cache and links into it, and for the copies of an environment, in terms of what is installed. Of 96
#: packages, and of 261, lockenv and uv take 2.0 to 2.1 times as much for both, pip 1.6.
_CACHE: Final = 1.15
_COPY: Final = 1.05
_SPARE: Final = 1.1  #: a disk is not to be full, and a file system has tables of its own
_JOURNAL: Final = 0.5e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What the wheels of a set have inside, all of its locks together."""

    bytes: int
    files: int

    @property
    def on_disk(self) -> float:
        """What that takes once, in bytes."""
        return self.bytes + self.files * _ROUNDED


def footprint(recording: Recording, each: Set) -> Footprint:
    """Look into the wheels of a set, as far as they are recorded."""
    wheels = {path for lot in each.lots for path in _wheels(recording, each.name, lot) if path.is_file()}
    inside = [info for path in wheels for info in _inside(path)]
    return Footprint(bytes=sum(info.file_size for info in inside), files=len(inside))


def _inside(wheel: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.infolist()


def _wheels(recording: Recording, name: str, lot: str) -> Iterator[Path]:
    lock = folder_of(recording.folder, name, lot) / "lockenv" / "pylock.toml"
    for package in tomllib.loads(lock.read_text(encoding="utf-8")).get("packages", ()) if lock.is_file() else ():
        for wheel in package.get("wheels", ()):
            yield recording.file(package["name"], _filename(wheel))


def _filename(wheel: dict[str, Any]) -> str:
    name: str = wheel.get("name") or wheel["url"].rpartition("/")[2]
    return name


def needed(sizes: Iterable[Footprint], ways: Sequence[Way], phases: Sequence[str]) -> float:
    """The bytes that these ways take for the largest of these sets: what is done with one, is removed."""
    return max((sum(_LEAST + _parts(way, phases) * each.on_disk for way in ways) for each in sizes), default=0.0)


def _parts(way: Way, phases: Sequence[str]) -> float:
    taken = [phase for phase in phases if not way.phases or phase in way.phases]
    return _CACHE + (_COPY if not way.links or "warm-copy" in taken else 0)


def disk_for(need: float) -> int:
    """The gigabytes (2³⁰) of a disk that has room for so many bytes."""
    return math.ceil((need * _SPARE + _JOURNAL) / (1 << 30))


def refuse_if_short(need: float, folder: Path, *, free: float | None = None) -> None:
    """Raise `SystemExit` where a folder has no room for so many bytes."""
    free = free_in(folder) if free is None else free
    if need > free:
        msg = (
            f"the tools need about {need / _GB:.1f} GB for the largest set, and {free / _GB:.1f} GB are free in "
            f"{folder}; choose fewer at a time (--tool, --set, --phase), or another place (--work)"
        )
        raise SystemExit(msg)


def free_in(folder: Path, mounts: str = "/proc/mounts", memory: str = "/proc/meminfo") -> float:
    """The bytes that are free in a folder; where that lies in memory, no more than what is free of it."""
    free = float(shutil.disk_usage(folder).free)
    if _kind_of(folder.resolve(), _lines(mounts)) == "tmpfs":
        left = next((line.split()[1] for line in _lines(memory) if line.startswith("MemAvailable:")), None)
        free = min(free, float(left) * 1024) if left else free
    return free


def _kind_of(folder: Path, mounts: Iterable[str]) -> str:
    """The kind of file system that a folder lies on: the last that was mounted at it or nearest above it."""
    found = [(len(Path(row[1]).parts), row[2]) for row in map(str.split, mounts) if folder.is_relative_to(row[1])]
    return max(reversed(found), key=lambda each: each[0])[1] if found else ""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
