"""What the system refuses while an environment is being made, in words: what, where, and what mends it."""

from __future__ import annotations

import errno
import os

from lockenv.errors import InstallError
from lockenv.light import contextmanager

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator

_YOURS = "see to it that the folder is yours, or give another `--env DIR`"
#: What is said, and the remedy. Others are told in the system's own words.
_TOLD: dict[int, tuple[str, str | None]] = {
    errno.ENOSPC: ("the disk is full", "free some space and run it again"),
    errno.EDQUOT: ("your quota on the disk is used up", "free some space and run it again"),
    errno.EFBIG: ("a file would be larger than is allowed here", "raise the limit (`ulimit -f`) and run it again"),
    errno.EMFILE: ("too many files are open in this process", "raise the limit (`ulimit -n`) and run it again"),
    errno.ENFILE: ("too many files are open on this machine", "end some programs and run it again"),
    errno.EROFS: ("the disk is mounted read-only", "mount it for writing, or give another `--env DIR`"),
    errno.EACCES: ("this is not allowed", _YOURS),
    errno.EPERM: ("this is not allowed", _YOURS),
    errno.EIO: ("the disk failed", "look at the system's log: the disk may be breaking"),
}


@contextmanager
def unchanged(env: str) -> Iterator[None]:
    """Say of every refusal of the system that the environment is as it was. Raises `InstallError`."""
    try:
        yield
    except OSError as error:
        told, hint = _TOLD.get(error.errno or 0, (error.strerror or str(error), None))
        if error.errno in _TOLD and error.errno != errno.ENOSPC:
            told = f"{told} ({error.strerror})"  # what people search for
        where = f" at {os.fsdecode(error.filename)}" if error.filename else ""
        raise InstallError(f"{told}{where}; the environment {env} was not changed", hint=hint) from error
