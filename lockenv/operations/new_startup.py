"""Which start-up files an environment will have that it does not have now. Imports next to nothing."""

from __future__ import annotations

import os

from lockenv.operations.wish import StartUp
from lockenv.sums import sha256

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST = 1 << 20  #: bytes of a file that is compared; a larger one counts as changed


def new_startup(env: str, rows: Iterable[tuple[str, str, str]]) -> tuple[StartUp, ...]:
    """The start-up files that an environment will have and does not have now, or has with another content.

    `rows` are those of `lockenv.operations.startup.startup_of`.
    """
    found = []
    for package, file, digest in rows:
        now = _digest(f"{env}/{file}")
        if now != digest:
            found.append(StartUp(file=file.rpartition("site-packages/")[2], package=package, known=bool(now)))
    return tuple(sorted(found, key=lambda one: (one.file, one.package)))


def _digest(path: str) -> str:
    """The sha256 of a small file as it stands; empty where there is none, a dash where it is something else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_LARGEST + 1)
    return sha256(content).hexdigest() if len(content) <= _LARGEST else "-"
