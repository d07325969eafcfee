"""Files from the store into a generation: by clone where the disk can, hard link, or copy.

A clone shares blocks and nothing else; a hard link shares the file, so the store's are read-only and their facts
are compared after linking; a copy shares nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from typing import Literal, NamedTuple, Self, TypeAlias, get_args

from lockenv.events import Noted, Reporter
from lockenv.transaction import state

LinkMode: TypeAlias = Literal["auto", "clone", "hardlink", "copy"]
LINK_MODES: tuple[LinkMode, ...] = get_args(LinkMode)

#: Size, modification time in ns and mode of a regular file: a `state.Fact`.
Facts: TypeAlias = tuple[int, int, int]

_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FICLONE = 0x40049409  #: ioctl_ficlone(2)
_NO_CLONE = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM})
#: Another disk; a store that belongs to somebody else (protected_hardlinks); too many links; a disk without links.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


class File(NamedTuple):
    """A file to be brought: its names in the store's folder and the generation's, and what the store promises."""

    source: str
    name: str
    mtime: int
    mode: int
    size: int


class Linker:
    """Brings files by one mode, falling back where the disk cannot and saying so once.

    `mode` is what is used now: ``auto`` becomes the first that works.
    """

    def __init__(self, mode: LinkMode, reporter: Reporter) -> None:
        self.mode = mode
        self._reporter = reporter
        self._noted = False

    def bring(self, source: str, destination: str, files: Iterable[File]) -> dict[str, Facts]:
        """Bring files from one folder into another, which must be there; give what they are there, by name.

        Both folders are open meanwhile: the kernel then walks one name a file instead of two paths. Raises
        `OSError`, also where a folder is a link.
        """
        reading = os.open(source, _FOLDER)
        try:
            writing = os.open(destination, _FOLDER)
            try:
                return {file.name: self._bring(file, reading, writing) for file in files}
            finally:
                os.close(writing)
        finally:
            os.close(reading)

    def _bring(self, file: File, source: int, destination: int) -> Facts:
        wished = self.mode
        if wished in {"auto", "clone"}:
            fact = self._clone(file, source, destination, wished)
            if fact is not None:
                return fact
        if self.mode == "hardlink" and self._hard_link(file, source, destination):
            return state.fact_of(os.stat(file.name, dir_fd=destination, follow_symlinks=False))
        return self._copy(file, source, destination)

    def _hard_link(self, file: File, source: int, destination: int) -> bool:
        """Link one file; False where it has to be copied, with `mode` changed if that goes for all."""
        try:
            os.link(file.source, file.name, src_dir_fd=source, dst_dir_fd=destination, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            if error.errno != errno.EMLINK:
                self._fall_back("copy", "hard link", error)
            return False
        return True

    def _clone(self, file: File, source: int, destination: int, wished: LinkMode) -> Facts | None:
        """Clone one file; None, with `mode` changed, where the disk cannot.

        Threads try at the same time: what was `wished` when this file's turn came decides what follows.
        """
        try:
            with _Pair(file, source, destination) as pair:
                fcntl.ioctl(pair.writing, _FICLONE, pair.reading)
        except OSError as error:
            if error.errno not in _NO_CLONE or error.filename is not None:
                raise
            if wished == "clone":
                self._fall_back("copy", "clone", error)
            elif self.mode == "auto":
                self.mode = "hardlink"
            return None
        self.mode = "clone"
        return pair.fact

    def _copy(self, file: File, source: int, destination: int) -> Facts:
        with _Pair(file, source, destination) as pair:
            while chunk := os.read(pair.reading, _CHUNK):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[os.write(pair.writing, rest) :]
        return pair.fact

    def _fall_back(self, mode: LinkMode, wished: str, error: OSError) -> None:
        self.mode = mode
        if not self._noted:
            self._noted = True
            reason = os.strerror(error.errno or 0)
            self._reporter(
                Noted(message=f"files are copied: the store's disk cannot {wished} to this one ({reason})")
            )


class _Pair:
    """A source and a new destination, both open; the destination is finished on leaving, or removed.

    `fact` is what it is when it is finished.
    """

    fact: Facts

    def __init__(self, file: File, source: int, destination: int) -> None:
        self._file, self._source, self._destination = file, source, destination

    def __enter__(self) -> Self:
        self.reading = os.open(self._file.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._source)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self.writing = os.open(self._file.name, flags, 0o600, dir_fd=self._destination)
        except BaseException:
            os.close(self.reading)
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                # Shared with nobody, so its owner may edit it; the drift check will notice.
                os.fchmod(self.writing, self._file.mode | 0o200)
                os.utime(self.writing, ns=(self._file.mtime, self._file.mtime))
                self.fact = state.fact_of(os.fstat(self.writing))
            else:
                os.unlink(self._file.name, dir_fd=self._destination)
        finally:
            os.close(self.writing)
            os.close(self.reading)
