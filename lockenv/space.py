"""Whether a disk has room for what is about to be written, asked before the first byte of it."""

# ruff: noqa: PTH120

from __future__ import annotations

import os

from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes, and files (inodes): what is needed, or what is free. None stands for what a disk does not say."""

    bytes: int | None
    files: int | None


def free_at(folder: str) -> Room:
    """Ask what is free for this user on the disk that holds `folder`, or will hold it once it is made.

    Quotas are not part of it. Disks without a fixed number of inodes say nothing of files. Raises `OSError`.
    """
    while not os.path.isdir(folder):  # noqa: PTH112
        folder = os.path.dirname(folder) or "/"
    found = os.statvfs(folder)
    return Room(
        bytes=found.f_bavail * found.f_frsize if found.f_blocks else None,
        files=found.f_favail if found.f_files else None,
    )


def shortage(need: Room, free: Room) -> str | None:
    """Say what is short, as in ``1.2 GB are needed, and 300.0 MB are free``; None where there is room enough."""
    if need.bytes is not None and free.bytes is not None and need.bytes > free.bytes:
        return f"{_amount(need.bytes)} are needed, and {_amount(free.bytes)} are free"
    if need.files is not None and free.files is not None and need.files > free.files:
        return f"{need.files} new files and folders are needed, and the disk has room for {free.files}"
    return None


def _amount(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 999.95:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
