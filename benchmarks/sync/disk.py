"""A disk to measure on: a journaled ext4 image, mounted by loop, where that can be had.

A file system without a journal, which machines of this kind may have as their root, takes many times longer to
create a file after large deletions; and tools whose folders lie on different disks cannot be compared at all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FICLONE = 0x40049409  #: ioctl_ficlone(2)
_PROGRAMS = ("mkfs.ext4", "mount", "umount")


@contextmanager
def disk(folder: Path | None, gigabytes: int) -> Iterator[tuple[Path, str]]:
    """A folder to work in, and what is to be said of its disk; it is gone afterwards.

    That is an image of at most so many gigabytes, in `folder` or where temporary files are; a plain folder there
    for those who may not mount, who lack the programs, or who ask for an image of size 0.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="lockenv-sync-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        point = place / "disk"
        reason = _hindrance(gigabytes) or _mount(place / "image", point, gigabytes)
        if reason:
            yield place, f"a folder of this machine's disk ({reason})"
            return
        try:
            yield point, f"a journaled ext4 image of {gigabytes} GB, mounted by loop"
        finally:
            _unmount(point)


def _hindrance(gigabytes: int) -> str:
    """Say why no image can be mounted, else ''."""
    if not gigabytes:
        return "as was asked for"
    if os.geteuid() != 0:
        return "only root can mount an image"
    missing = [program for program in _PROGRAMS if _found(program) is None]
    return f"there is no {missing[0]}" if missing else ""


def _found(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _mount(image: Path, point: Path, gigabytes: int) -> str:
    """Make an image and mount it; say why that did not go well, else ''."""
    point.mkdir()
    with image.open("wb") as file:
        file.truncate(gigabytes << 30)
    # Packages have many small files; and nothing is to be written in the background.
    reason = _run("mkfs.ext4", "-q", "-F", "-i", "8192", str(image)) or _run(
        "mount", "-o", "loop,noinit_itable", str(image), str(point)
    )
    if reason:
        image.unlink()
        point.rmdir()
    return reason


def _unmount(point: Path) -> None:
    """Unmount; what still has files open there, being killed, is given a moment to go."""
    for _ in range(20):
        if subprocess.run([_found("umount") or "umount", point], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.25)
    _run("umount", "--lazy", str(point))


def _run(program: str, *arguments: str) -> str:
    """Run a program; say what it says if it fails, else ''."""
    done = subprocess.run([_found(program) or program, *arguments], capture_output=True, text=True, check=False)
    return f"{program}: {' '.join(done.stderr.split())}" if done.returncode else ""


def can_clone(folder: Path) -> bool:
    """Whether files in a folder can be cloned."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        one, other = Path(name, "one"), Path(name, "other")
        one.write_bytes(b"x" * 4096)
        with one.open("rb") as reading, other.open("wb") as writing:
            try:
                fcntl.ioctl(writing.fileno(), _FICLONE, reading.fileno())
            except OSError:
                return False
        return True


def flush(folder: Path) -> None:
    """Have a disk written down, so that nobody pays for what was written before."""
    subprocess.run(["sync", "--file-system", folder], check=False)
