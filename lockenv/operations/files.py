"""The bytes of a project's files, and how a person calls them."""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH123

from __future__ import annotations

import os

from lockenv.errors import UsageError

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from pathlib import Path

    from lockenv.project import Project


def bytes_of(path: Path | str) -> bytes | None:
    """A file's content; None where there is none. Raises `UsageError` where it cannot be read."""
    try:
        with open(path, "rb", buffering=0) as file:
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
