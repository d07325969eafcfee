"""How much a new generation needs of its disk, known before anything of it is made."""

# ruff: noqa: PTH116

from __future__ import annotations

import os

from lockenv.errors import InstallError
from lockenv.space import Room, free_at, shortage
from lockenv.transaction.contents import Brought, Contents
from lockenv.transaction.link import Changed, LinkMode

_BLOCK = 4096  #: what the smallest file takes of most disks


def check_space(folder: str, contents: Contents, mode: LinkMode) -> None:
    """Raise `InstallError` unless the disk of `folder` has room for a generation.

    Raises `Changed` where a package is no longer in the store, `OSError`.
    """
    short = shortage(needed(contents, mode, folder), free_at(folder))
    if short is not None:
        raise InstallError(
            f"there is no room for the new environment: {short} at {folder}; the environment was not changed",
            hint="free some space and run it again",
        )


def needed(contents: Contents, mode: LinkMode, folder: str) -> Room:
    """Count what is written or copied, each in whole blocks; what is linked needs nothing that counts."""
    total = sum(_on_disk(len(text.content)) for text in contents.texts)
    total += _BLOCK * len(contents.folders)
    files = len(contents.texts) + len(contents.links) + len(contents.folders)
    disk = os.stat(folder).st_dev
    for package in contents.packages:
        if mode == "copy" or _disk_of(package) != disk:
            sizes = [size for group in package.groups for size, _, _ in group[2].values()]
            total += sum(map(_on_disk, sizes))
            files += len(sizes)
    return Room(bytes=total, files=files)


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _disk_of(package: Brought) -> int:
    """Say on which disk a package is stored. Raises `Changed` where it is no more."""
    try:
        return os.stat(package.root).st_dev
    except OSError:
        raise Changed(package.root, _first_of(package)) from None


def _first_of(package: Brought) -> str:
    """Name the first file of a package, as it is called in the store; '' where it has none."""
    for folder, _, facts, olds, _ in package.groups:
        name = next(iter(facts))
        return f"{folder}/{olds.get(name, name)}" if folder else olds.get(name, name)
    return ""
