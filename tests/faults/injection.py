"""Spoiling the n-th mutating call of a process: as an audit hook, and in place of what has no audit event."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from lockenv.transaction import durability

_MUTATIONS = frozenset(
    {
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
    }
)
_GROWING = frozenset({"open", "os.link", "os.mkdir", "os.symlink", "write"})
_OPENING = frozenset({"open", "os.scandir", "os.listdir"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

DIED = 70

#: What can happen, and the error that is met then.
ERRORS = {
    "error": errno.EIO,
    "denied": errno.EACCES,
    "full": errno.ENOSPC,
    "read-only": errno.EROFS,
    "descriptors": errno.EMFILE,
}
#: These are met by every further call of their kind as well.
LASTING = frozenset({"full", "read-only", "descriptors"})
#: ``kill``: the process dies. ``interrupt``: the user presses Ctrl-C.
FAULTS = (*ERRORS, "kill", "interrupt")


class Fault:
    """Counts the calls that can fail in this way and spoils the n-th, while it is `armed`.

    What is spoilt in the midst of a write leaves half of it in the file.
    """

    def __init__(self, kind: str, number: int, *, exchange: bool) -> None:
        self.kind, self.number, self.exchange = kind, number, exchange
        self.count = 0
        self.armed = False
        self._turn = threading.RLock()  #: threads count and are struck one after the other

    def install(self) -> None:
        """Set it for the rest of this process, which had better be a fork."""
        sys.addaudithook(self)
        for name in ("fsync", "ftruncate", "pwrite"):
            setattr(os, name, self._spoilt(getattr(os, name)))
        setattr(os, "write", self._spoilt_write(os.write))  # noqa: B010 - typed as what cannot be assigned
        setattr(fcntl, "ioctl", self._spoilt(fcntl.ioctl))  # noqa: B010
        setattr(durability, "_settle", self._spoilt(durability._settle))  # noqa: B010
        self.armed = True

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        """Hear of a call, as audit hooks do."""
        if not self.armed:
            return
        if event == "ctypes.dlsym" and not self.exchange and arguments[1] == "renameat2":
            raise OSError(errno.ENOSYS, "no exchange here")
        if self._concerns(event, arguments):
            with self._turn:
                self.count += 1
                self.strike(event)

    def _concerns(self, event: str, arguments: tuple[object, ...]) -> bool:
        if self.kind == "descriptors":
            return event in _OPENING
        return event in _MUTATIONS or (event == "open" and _writes(arguments))

    def _spoilt(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def spoilt(*arguments: Any) -> Any:
            if self.armed and self.kind != "descriptors":
                with self._turn:
                    self.count += 1
                    self.strike("sync")
            return call(*arguments)

        return spoilt

    def _spoilt_write(self, call: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def spoilt(descriptor: int, content: Any) -> int:
            if self.armed and self.kind != "descriptors":
                with self._turn:
                    self.count += 1
                    if self.count == self.number:
                        call(descriptor, content[: len(content) // 2])
                    self.strike("write")
            return call(descriptor, content)

        return spoilt

    def strike(self, event: str) -> None:
        """Spoil this call if its turn has come."""
        if self.count != self.number and not (self.kind in LASTING and self.count > self.number):
            return
        if self.kind == "kill":
            os._exit(DIED)
        if self.kind == "interrupt":
            raise KeyboardInterrupt
        if self.kind != "full" or event in _GROWING:
            raise OSError(ERRORS[self.kind], os.strerror(ERRORS[self.kind]))


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & _WRITING)
