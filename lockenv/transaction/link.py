"""Files from the store into a generation: by clone where the disk can, hard link, or copy.

A clone shares blocks and nothing else; a hard link shares the file, so the store's are read-only and their facts
are compared after linking; a copy shares nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

from lockenv.errors import InstallError
from lockenv.events import Noted
from lockenv.transaction import state

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from typing import Literal, Self, TypeAlias

    from lockenv.events import Reporter
    from lockenv.transaction.contents import Group
    from lockenv.transaction.state import Fact

    Promised: TypeAlias = tuple[int, int, int]  #: a `Fact` of a file in the store
    Row: TypeAlias = tuple[str, str, Promised]  #: its name in the store, and in the generation, and its fact
    LinkMode: TypeAlias = Literal["auto", "clone", "hardlink", "copy"]
else:
    LinkMode = str

OWNERS_TO_WRITE = 0o200  #: what a copy or a clone has, which is shared with nobody, and a hard link has not

_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  #: nobody waits for a pipe
_FICLONE = 0x40049409  #: ioctl_ficlone(2)
_NO_CLONE = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM})
#: What opening a stored folder says where something else stands, or nothing, or where its mode is another.
_NO_FOLDER = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES})
#: Another disk; a store that belongs to somebody else (protected_hardlinks); too many links; a disk without links.
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


class Changed(InstallError):
    """A file of the store is not what the store says: `path`, below the stored wheel's folder `root`."""

    def __init__(self, root: str, path: str) -> None:
        self.root, self.path = root, path
        super().__init__(
            f"{root}/{path} in the store was changed through another environment; the environment was not changed",
            hint="`lockenv cache verify` takes out what was changed, and the next sync brings it anew",
        )


class _Odd(Exception):
    """A file is not what was promised."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Linker:
    """Brings files by one mode, falling back where the disk cannot and saying so once.

    `mode` is what is used now: ``auto`` becomes the first that works.
    """

    def __init__(self, mode: LinkMode, reporter: Reporter) -> None:
        self.mode = mode
        self._reporter = reporter
        self._noted = False

    def bring(self, root: str, group: Group, generation: str) -> dict[str, Fact]:
        """Bring files of the stored wheel at `root` into a generation; give what they are there, by name.

        That is the group's own facts, the very dict, where none is another there than in the store.

        Both folders, which must be there, are open meanwhile: the kernel then walks one name a file instead of two
        paths. Raises `Changed` for a file that is not what it should be, `OSError`, also where a folder is a link.
        """
        source, folder, *_ = group
        reading = _open_stored(root, group)
        try:
            writing = os.open(f"{generation}/{folder}", _FOLDER)
            try:
                return self._bring_all(group, reading, writing)
            except _Odd as odd:
                raise Changed(root, f"{source}/{odd.name}" if source else odd.name) from None
            finally:
                os.close(writing)
        finally:
            os.close(reading)

    def _bring_all(self, group: Group, source: int, destination: int) -> dict[str, Fact]:
        _, _, promised, olds, _ = group
        others: dict[str, Fact] = {}
        names = list(promised)
        position = 0
        while position < len(names):
            if self.mode == "hardlink":
                position = self._hard_link_from(position, names, group, source, destination)
            if position < len(names):
                new = names[position]
                row = olds.get(new, new), new, promised[new]
                found = self._clone_or_copy(row, source, destination)
                if found is None:
                    continue  # and now by another mode
                if found != _owners(promised[new]):
                    raise _Odd(row[0])
                others[new] = found
                position += 1
        facts: dict[str, Fact] = promised  # type: ignore[assignment] # nobody adds to it
        return facts | others if others else facts

    def _hard_link_from(self, position: int, names: list[str], group: Group, source: int, destination: int) -> int:
        """Link files from this position on; give the position of one that has to be copied, or the end.

        `mode` is changed where that goes for all. This loop is most of what a sync does, so it is a plain one.
        """
        _, _, promised, olds, _ = group
        link, look = os.link, os.stat
        for at in range(position, len(names)):
            new = names[at]
            old = olds.get(new, new)
            try:
                link(old, new, src_dir_fd=source, dst_dir_fd=destination, follow_symlinks=False)
            except OSError as error:
                if _is_odd(old, source, promised[new]):
                    raise _Odd(old) from None
                if error.errno not in _NO_LINK:
                    raise
                if error.errno != errno.EMLINK:
                    self._fall_back("copy", "hard link", error)
                return at
            found = look(new, dir_fd=destination, follow_symlinks=False)
            if (found.st_size, found.st_mtime_ns, found.st_mode) != promised[new]:
                raise _Odd(old)
        return len(names)

    def _clone_or_copy(self, row: Row, source: int, destination: int) -> Fact | None:
        """Clone or copy one file; None where it was to be cloned, the disk cannot, and links come next."""
        if (wished := self.mode) in {"auto", "clone"}:
            fact = self._clone(row, source, destination, wished)
            if fact is not None or self.mode == "hardlink":
                return fact
        return self._copy(row, source, destination)

    def _clone(self, row: Row, source: int, destination: int, wished: LinkMode) -> Fact | None:
        """Clone one file; None, with `mode` changed, where the disk cannot.

        Threads try at the same time: what was `wished` when this file's turn came decides what follows.
        """
        try:
            with _Pair(row, source, destination) as pair:
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

    def _copy(self, row: Row, source: int, destination: int) -> Fact:
        with _Pair(row, source, destination) as pair:
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


def _open_stored(root: str, group: Group) -> int:
    """Open a folder of a stored wheel. Raises `Changed` where none stands, or a link does, `OSError`."""
    source, _, facts, olds, _ = group
    try:
        return os.open(f"{root}/{source}" if source else root, _FOLDER)
    except OSError as error:
        if error.errno in _NO_FOLDER:
            first = next(iter(facts))
            raise Changed(root, source or olds.get(first, first)) from None
        raise


def _is_odd(name: str, folder: int, promised: tuple[int, int, int]) -> bool:
    """Whether a file that could not be used is gone or another: then that is why, and it can be mended."""
    try:
        return state.fact_of(os.stat(name, dir_fd=folder, follow_symlinks=False)) != promised
    except OSError as error:
        return error.errno == errno.ENOENT


def _owners(fact: tuple[int, int, int]) -> Fact:
    size, mtime, mode = fact
    return size, mtime, mode | OWNERS_TO_WRITE


class _Pair:
    """A source and a new destination, both open; the destination is finished on leaving, or removed.

    `fact` is what it is when it is finished.
    """

    fact: Fact

    def __init__(self, row: Row, source: int, destination: int) -> None:
        self._old, self._new, self._promised = row
        self._source, self._destination = source, destination

    def __enter__(self) -> Self:
        try:
            self.reading = os.open(self._old, _FILE, dir_fd=self._source)
        except OSError:
            if _is_odd(self._old, self._source, self._promised):
                raise _Odd(self._old) from None
            raise
        try:
            if state.fact_of(os.fstat(self.reading)) != self._promised:
                raise _Odd(self._old)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self.writing = os.open(self._new, flags, 0o600, dir_fd=self._destination)
        except BaseException:
            os.close(self.reading)
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                # Shared with nobody, so its owner may edit it; the drift check will notice.
                _, mtime, mode = self._promised
                os.fchmod(self.writing, stat.S_IMODE(mode) | OWNERS_TO_WRITE)
                os.utime(self.writing, ns=(mtime, mtime))
                self.fact = state.fact_of(os.fstat(self.writing))
            else:
                os.unlink(self._new, dir_fd=self._destination)
        finally:
            os.close(self.writing)
            os.close(self.reading)
