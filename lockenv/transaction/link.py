"""Files from the store into a generation: by clone where the disk can, hard link, or copy.

A clone shares blocks and nothing else; a hard link shares the file, so the store's are read-only and their facts
are compared after linking; a copy shares nothing.
"""

# Strings and system calls: a large environment has tens of thousands of files.
# ruff: noqa: PTH108

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from lockenv.events import Noted, Reporter

LinkMode: TypeAlias = Literal["auto", "clone", "hardlink", "copy"]
LINK_MODES: tuple[LinkMode, ...] = get_args(LinkMode)

_CHUNK = 1 << 20
_FICLONE = 0x40049409  #: ioctl_ficlone(2)
_NO_CLONE = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM})
#: Another disk; a store that belongs to somebody else (protected_hardlinks); too many links; a disk without links.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


class Linker:
    """Brings files by one mode, falling back where the disk cannot and saying so once.

    `mode` is what is used now: ``auto`` becomes the first that works.
    """

    def __init__(self, mode: LinkMode, reporter: Reporter) -> None:
        self.mode = mode
        self._reporter = reporter
        self._noted = False

    def bring(self, pairs: Iterable[tuple[str, str, int, int]]) -> None:
        """Bring each (source, destination, mtime in ns, mode); folders must be there. Raises `OSError`."""
        for source, destination, mtime, mode in pairs:
            wished = self.mode
            if wished in {"auto", "clone"} and self._clone(source, destination, mtime, mode, wished):
                continue
            if self.mode == "hardlink" and self._hard_link(source, destination):
                continue
            self._copy(source, destination, mtime, mode)

    def _hard_link(self, source: str, destination: str) -> bool:
        """Link one file; False where it has to be copied, with `mode` changed if that goes for all."""
        try:
            os.link(source, destination)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            if error.errno != errno.EMLINK:
                self._fall_back("copy", "hard link", error)
            return False
        return True

    def _clone(self, source: str, destination: str, mtime: int, mode: int, wished: LinkMode) -> bool:
        """Clone one file; False, with `mode` changed, where the disk cannot.

        Threads try at the same time: what was `wished` when this file's turn came decides what follows.
        """
        try:
            with _Pair(source, destination, mtime, mode) as (reading, writing):
                fcntl.ioctl(writing, _FICLONE, reading)
        except OSError as error:
            if error.errno not in _NO_CLONE or error.filename is not None:
                raise
            if wished == "clone":
                self._fall_back("copy", "clone", error)
            elif self.mode == "auto":
                self.mode = "hardlink"
            return False
        self.mode = "clone"
        return True

    def _copy(self, source: str, destination: str, mtime: int, mode: int) -> None:
        with _Pair(source, destination, mtime, mode) as (reading, writing):
            while chunk := os.read(reading, _CHUNK):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[os.write(writing, rest) :]

    def _fall_back(self, mode: LinkMode, wished: str, error: OSError) -> None:
        self.mode = mode
        if not self._noted:
            self._noted = True
            reason = os.strerror(error.errno or 0)
            self._reporter(
                Noted(message=f"files are copied: the store's disk cannot {wished} to this one ({reason})")
            )


class _Pair:
    """A source and a new destination, both open; the destination is finished on leaving, or removed."""

    def __init__(self, source: str, destination: str, mtime: int, mode: int) -> None:
        self._source, self._destination, self._mtime, self._mode = source, destination, mtime, mode

    def __enter__(self) -> tuple[int, int]:
        self._reading = os.open(self._source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._writing = os.open(self._destination, flags, 0o600)
        except BaseException:
            os.close(self._reading)
            raise
        return self._reading, self._writing

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                # Shared with nobody, so its owner may edit it; the drift check will notice.
                os.fchmod(self._writing, self._mode | 0o200)
                os.utime(self._writing, ns=(self._mtime, self._mtime))
            else:
                os.unlink(self._destination)
        finally:
            os.close(self._writing)
            os.close(self._reading)
