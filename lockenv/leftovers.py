"""What a process or machine that died left: half-made folders, and files whose bytes never reached the disk.

A half-made folder is locked by whoever makes it, so one that is not locked belongs to nobody. What is finished
bears the name of the machine's run in which it was made until somebody has read it in a later one: a power cut can
keep names, sizes and times of files and lose what was in them.
"""

# ruff: noqa: PTH102, PTH108, PTH112, PTH115, PTH123, PTH208, PTH211

from __future__ import annotations

import fcntl
import os

from lockenv.files import remove_tree
from lockenv.light import contextmanager, suppress

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator

_MARK = "unsettled"
_run: str | None = None
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def half_made(parent: str, stem: str) -> Iterator[str]:
    """Make a folder in `parent`, its name a dot and `stem` and more; what is left of it is removed in the end."""
    path, descriptor = _claimed(parent, stem)
    try:
        yield path
    finally:
        with suppress(OSError):
            remove_tree(path)
        os.close(descriptor)


def _claimed(parent: str, stem: str) -> tuple[str, int]:
    while True:
        path = f"{parent}/.{stem}-{os.getpid()}-{os.urandom(4).hex()}"
        os.mkdir(path)
        try:
            descriptor = os.open(path, _FOLDER)
        except FileNotFoundError:
            continue
        # Disks that know no locks are swept by age (`Store.prune`) instead.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.path.isdir(path):
            return path, descriptor
        os.close(descriptor)  # somebody who swept was quicker than the lock


def sweep(parent: str) -> None:
    """Remove the half-made folders in `parent` whose makers are dead. What cannot be removed is left."""
    try:
        names = [name for name in os.listdir(parent) if name.startswith(".")]
    except OSError:
        return
    for name in names:
        with suppress(OSError):
            descriptor = os.open(f"{parent}/{name}", _FOLDER)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(f"{parent}/{name}")
            finally:
                os.close(descriptor)


def mark_unsettled(folder: str) -> None:
    """Say that a folder was filled in this run of the machine. Raises `OSError`."""
    os.symlink(machine_run() or "unknown", f"{folder}/{_MARK}")


def is_unsettled(folder: str) -> bool:
    """Whether what a folder holds was written in another run of the machine and not read since."""
    try:
        return os.readlink(f"{folder}/{_MARK}") != machine_run()
    except OSError:
        return False


def settle(folder: str) -> None:
    """Say that all a folder holds was read and found right."""
    with suppress(OSError):
        os.unlink(f"{folder}/{_MARK}")


def machine_run() -> str:
    """Name the time since this machine was started; '' where the system does not say."""
    global _run  # noqa: PLW0603 - it is a fact of the process
    if _run is None:
        _run = _read_run()
    return _run


def _read_run() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""
