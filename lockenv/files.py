"""Single files, done safely: written whole or not at all, locked, hashed; trees removed and no link followed.

Nothing here knows what a file is for. Errors are the operating system's own (`OSError`), except where a lock is
held by somebody else.
"""

# Paths are plain strings beside descriptors here, and `os` is the vocabulary of the system calls that are meant.
# ruff: noqa: PTH105, PTH108, PTH115, PTH119, PTH120, PTH123

from __future__ import annotations

import errno
import fcntl
import os
import stat
import sys
import time

from lockenv.errors import InstallError
from lockenv.light import suppress

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_CHUNK = 1 << 20
_POLL = 0.05  #: seconds between two tries for a lock that somebody holds


def seal_of(descriptor: int) -> tuple[int, ...]:
    """Say which file is open, and in which state: where this is the same again, so are its bytes."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def write_atomically(path: Path | str, content: bytes, *, durable: bool = False) -> None:
    """Put `content` at `path`, wholly or not at all: readers see the old file or the new one.

    An existing file's mode is kept, a new file gets what the umask leaves of 0666. Where `path` is a symbolic
    link, the link itself is replaced, never what it points to. `durable` waits for the disk. Raises `OSError`,
    after which neither `path` nor its folder has changed.
    """
    temporary = f"{path}.{os.urandom(6).hex()}.tmp"
    # O_EXCL with O_CREAT never follows a link, so nobody can have one wait for us at the temporary name.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        try:
            _keep_mode(path, descriptor)
            _write_all(descriptor, content)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        _sync_folder(os.path.dirname(path) or ".")


def _keep_mode(path: Path | str, descriptor: int) -> None:
    try:
        existing = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISREG(existing.st_mode):
        os.fchmod(descriptor, stat.S_IMODE(existing.st_mode))


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hash_file(path: Path | str, algorithms: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Hash a file once for every algorithm of `hashlib` that is named; hexadecimal, lower case."""
    with open(path, "rb", buffering=0) as file:
        return hash_descriptor(file.fileno(), algorithms)


def hash_descriptor(descriptor: int, algorithms: Iterable[str] = ("sha256",)) -> dict[str, str]:
    """Hash what an open descriptor yields from where it stands to its end."""
    import hashlib  # Lazy: its library takes longer to load than a sync of what is in the store needs altogether

    digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    while count := os.readv(descriptor, [buffer]):
        for digest in digests.values():
            digest.update(view[:count])
    return {name: digest.hexdigest() for name, digest in digests.items()}


def remove_tree(path: Path | str) -> None:
    """Remove a file, link or folder with all that is in it; links are removed, never followed.

    Read-only folders are opened up on the way. What is gone already is no error, so that two who sweep the same
    tree do not quarrel. Raises `OSError` for what cannot be removed.
    """
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        # POSIX lets unlink(2) say EPERM for a folder, as macOS does.
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise
        parent = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _remove_folder(os.path.basename(path), parent)
        finally:
            os.close(parent)


def _remove_folder(name: str, parent: int) -> None:
    """Remove the folder `name` of the folder open at `parent`: descriptors cannot be led astray by a link."""
    try:
        folder = _open_folder(name, parent)
    except FileNotFoundError:
        return
    try:
        with os.scandir(folder) as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for entry, is_folder in listed:
            if is_folder:
                _remove_folder(entry, folder)
            else:
                with suppress(FileNotFoundError):
                    _unlock_and(os.unlink, entry, folder)
    finally:
        os.close(folder)
    with suppress(FileNotFoundError):
        _unlock_and(os.rmdir, name, parent)


def _open_folder(name: str, parent: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=parent)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=parent)
        return os.open(name, flags, dir_fd=parent)


def _unlock_and(remove: Callable[..., None], name: str, folder: int) -> None:
    """Remove an entry of an open folder; where the folder may not be written to, make it so and try again."""
    try:
        remove(name, dir_fd=folder)
    except PermissionError:
        os.fchmod(folder, 0o700)
        remove(name, dir_fd=folder)


class FileLock:
    """An exclusive lock between processes: flock(2) on a file that says who holds it.

    The lock ends with its process, whatever happens to it. `subject` is what it guards, for messages. `wait` is
    how many seconds to try: None waits for ever, 0 tries once. `on_wait` is told once who holds the lock, before
    waiting begins. A `transient` lock's file is removed on release; whoever waited for it notices and takes the
    file that stands there then.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        subject: str | None = None,
        wait: float | None = None,
        transient: bool = False,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self._subject = subject or str(path)
        self._wait = wait
        self._transient = transient
        self._on_wait = on_wait
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def descriptor(self) -> int | None:
        """The open descriptor that carries the lock, while it is held."""
        return self._descriptor

    def acquire(self) -> None:
        """Take the lock. Raises `InstallError`, which names the holder, after `wait` seconds."""
        deadline = None if self._wait is None else time.monotonic() + self._wait
        told = False
        while not self._try():
            if deadline is not None and time.monotonic() >= deadline:
                raise InstallError(
                    f"{self._subject} is being changed by {self.holder()}",
                    hint="wait until it is done, or give `--wait SECONDS`",
                )
            if self._on_wait is not None and not told:
                self._on_wait(self.holder())
                told = True
            time.sleep(_POLL)

    def _try(self) -> bool:
        """Try once; False where somebody else holds it."""
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                current = self._stands_at_path(descriptor)
            except BaseException as error:
                os.close(descriptor)
                if isinstance(error, OSError) and error.errno in {errno.EAGAIN, errno.EACCES}:
                    return False
                raise
            if current:
                break
            # A lock on a file that no longer stands at the path is no lock.
            os.close(descriptor)
        self._descriptor = descriptor
        # Who holds it is a courtesy to others: a full disk must not keep anybody from mending things.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            told = f"{os.getpid()} {_command()}\n{_whereabouts()}\n"
            os.pwrite(descriptor, told.encode(errors="replace"), 0)
        return True

    def _stands_at_path(self, descriptor: int) -> bool:
        try:
            there = os.lstat(self.path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))

    def release(self) -> None:
        """Give the lock back; does nothing where it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            with suppress(OSError):
                if self._transient and self._stands_at_path(descriptor):
                    os.unlink(self.path)
                else:
                    os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def holder(self) -> str:
        """Who holds the lock, as far as the file says: ``process 4711 (lockenv sync)``.

        A process of another machine or container has its number there, so its whereabouts are added.
        """
        try:
            with open(self.path, encoding="utf-8", errors="replace") as file:
                text = file.read()
        except OSError:
            text = ""
        first, _, place = text.strip().partition("\n")
        pid, _, command = first.partition(" ")
        if not pid.isdigit():
            return "another process, which does not say who it is"
        shown = _printable(command)[:80]
        named = f"process {pid} ({shown})" if shown else f"process {pid}"
        return f"{named}{_elsewhere(place)}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)


def _whereabouts() -> str:
    """Say where this process's number counts: on which machine, and in which container's count of processes."""
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = "-"
    return f"{numbers} {os.uname().nodename}"


def _elsewhere(place: str) -> str:
    """Say where a process is if not here, from what it wrote of its whereabouts."""
    if not place or place == _whereabouts():
        return ""
    host = _printable(place.partition(" ")[2])[:80]
    if host and host != os.uname().nodename:
        return f" on {host}, which cannot be seen from here"
    return " in another container, which cannot be seen from here"


def _command() -> str:
    """Say what this process is: the program's name and its first word."""
    place = sys.argv[0] if sys.argv and sys.argv[0] else "python"
    # A package that is run by `python -m` is known by its folder.
    program = os.path.basename(place.removesuffix("/__main__.py"))
    words = [word for word in sys.argv[1:2] if not word.startswith("-")]
    return " ".join([program, *words])
