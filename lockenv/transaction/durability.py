"""Having the disk keep what was written, whatever happens to the power.

One request for the whole file system before the commit, and one for the folder that holds the committing link
after it: to ask for each file would take longer than everything else together
(docs/decisions/0017-a-sync-survives-a-power-cut.md).
"""

# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import _thread
import errno
import os

from lockenv.forks import can_fork, fork, hold_signals, let_signals, status
from lockenv.light import suppress

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    #: What a change survives: a power cut, or no more than the end of the process that makes it.
    Durable: TypeAlias = Literal["power", "process"]
else:
    Durable = str


class _Aside:
    """One request to the disk of a folder, made by another process, so that this one has no thread beside it."""

    def __init__(self, folder: str) -> None:
        self.disk = os.stat(folder).st_dev
        self._folder = folder
        self._reading, writing = os.pipe()
        held = hold_signals()
        try:
            self._child = fork(lambda: _tell(folder, writing), held)
        finally:
            os.close(writing)
            let_signals(held)
        if self._child is None:
            os.close(self._reading)
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    def wait(self) -> None:
        """Wait for the end, which an interrupt cuts short. Raises `OSError`."""
        with open(self._reading, "rb") as answer:
            said = answer.read()
        if self._child is not None:
            status(self._child)
        if said != _WELL:
            # Who was ended before it could say anything may have been told of an error that is told once.
            code = int(said or errno.EIO)
            raise OSError(code, os.strerror(code), self._folder)


_WELL = b"0"


def _tell(folder: str, writing: int) -> None:
    try:
        _settle(folder)
    except OSError as error:
        os.write(writing, str(error.errno or errno.EIO).encode())
    else:
        os.write(writing, _WELL)


class _Settling:
    """One request to the disk of a folder, made by a thread of its own: the system call cannot be interrupted."""

    def __init__(self, folder: str) -> None:
        self.disk = os.stat(folder).st_dev
        self._folder = folder
        self._failed: BaseException | None = None
        #: Held until the thread is done. `threading` would take a millisecond to import.
        self._busy = _thread.allocate_lock()
        self._busy.acquire()
        try:
            _thread.start_new_thread(self._work, ())
        except RuntimeError:
            self._work()  # the system refuses another thread

    def _work(self) -> None:
        try:
            _settle(self._folder)
        except BaseException as error:  # noqa: BLE001 - raised by who waits
            self._failed = error
        finally:
            self._busy.release()

    def wait(self) -> None:
        """Wait for the end, which an interrupt cuts short. Raises `OSError`."""
        with self._busy:
            pass
        if self._failed is not None:
            raise self._failed


#: What was begun, by the thread that makes the change: of two changes at once, each hears of its own.
_begun: dict[int, list[_Aside | _Settling]] = {}


def settle(folder: str) -> None:
    """Wait until the disk has all that was written to the file system of `folder`. Raises `OSError`.

    The system tells of an error once, so what it told a request that this thread began earlier is raised here.
    """
    now = _Settling(folder)
    begun = _begun.get(_thread.get_ident(), [])
    for one in [one for one in begun if one.disk == now.disk]:
        begun.remove(one)
        if not begun:
            del _begun[_thread.get_ident()]
        one.wait()
    now.wait()


def begin_to_settle(folder: str) -> None:
    """Have the disk begin with what was written to the file system of `folder`, and wait for nothing.

    What is written by now is then mostly done when somebody waits for all of it (`settle`), in the same thread,
    who hears of errors.
    """
    with suppress(OSError):
        begun = _Aside(folder) if can_fork() else _Settling(folder)
        _begun.setdefault(_thread.get_ident(), []).append(begun)


def _settle(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if (code := _syncfs(descriptor)) is None:
            os.sync()
        elif code:
            raise OSError(code, os.strerror(code), folder)
    finally:
        os.close(descriptor)


def _syncfs(descriptor: int) -> int | None:
    """Call syncfs(2); give what the system refuses it by, or 0. None where the system has no such call."""
    # Lazy: not everybody waits for the disk. Its core alone, as `ctypes` takes two milliseconds to import.
    import _ctypes

    class Int(_ctypes._SimpleCData):  # type: ignore[type-arg]  # noqa: SLF001
        _type_ = "i"

    class Call(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = Int

    try:
        program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type] # what the process itself is linked with
        call = Call(_ctypes.dlsym(program, "syncfs"))
    except OSError:
        return None
    return _ctypes.get_errno() or errno.EIO if call(descriptor) else 0


def settle_folder(folder: str) -> None:
    """Have the disk keep a folder's entries, as far as it can.

    Errors are not raised: this follows the commit, and whichever of the two the disk keeps is whole.
    """
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
