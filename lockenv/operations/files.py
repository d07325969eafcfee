"""The bytes of a project's files, and how a person calls them."""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH123

from __future__ import annotations

import os
import stat

from lockenv.errors import UsageError

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from pathlib import Path

    from lockenv.project import Project


_LONGEST = 256 << 20  #: bytes; a lock of five hundred packages has less than one MiB


def bytes_of(path: Path | str) -> bytes | None:
    """A file's content; None where there is none. Raises `UsageError` where it cannot be read.

    A repository may bring a link to anything: only a plain file is read, and none that is longer than any of ours.
    """
    try:
        # Not waiting, as the other end of a pipe may never come.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST:
                kind = f"longer than {_LONGEST >> 20} MiB" if found.st_size else "no plain file"
                msg = f"{path} is {kind}"
                raise UsageError(msg, hint="put the file itself there, or name another")
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise UsageError(msg) from None


def shown(project: Project, path: str) -> str:
    """A path as a person would say it from the project's folder."""
    if path == project.folder:
        return "."
    inside = f"{project.folder.rstrip(os.sep)}{os.sep}"
    return path[len(inside) :].replace(os.sep, "/") if path.startswith(inside) else path


def relative_to(folder: Path, place: Path) -> str:
    """A path as a lock in `folder` has it: relative, POSIX (PEP 751). `place` is resolved."""
    up, folder = 0, folder.resolve()
    while not place.is_relative_to(folder):
        folder, up = folder.parent, up + 1
    return "/".join([".."] * up + list(place.relative_to(folder).parts)) or "."
