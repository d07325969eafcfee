"""The lock that has nothing to do: what was said of the same bytes before is said again.

A note in the cache says 'this manifest was found answered by this lock'. It holds for the same bytes of both, of
what the manifest includes and of `.python-version`, for the same settings, the same lockenv, and the same Python
on this machine where that has a say. Nothing is parsed and little imported.
"""

# pathlib and json are among the heavy imports that are avoided here.
# ruff: noqa: PTH123

from __future__ import annotations

import marshal
import os

from lockenv import __version__
from lockenv.operations.files import bytes_of
from lockenv.operations.inputs import inputs_digest
from lockenv.operations.unchanged import digest_of, interpreter_id
from lockenv.sums import sha256

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Protocol

    from lockenv.project import Project
    from lockenv.settings import Settings

    class Place(Protocol):
        """What of a session is needed here: a lock that stands is told of without one."""

        @property
        def project(self) -> Project:
            """The project's files."""

        @property
        def settings(self) -> Settings:
            """A person's settings."""

        @property
        def cache(self) -> Path | str:
            """The cache folder."""


_FOLDER = "standing"
_MAGIC = b"lockenv standing 2\n"  #: to be changed with the shape of a note


def standing(session: Place) -> str | None:
    """What was said of the project's lock when it was last found in order, if nothing has changed since."""
    try:
        with open(_place(session), "rb") as file:
            raw = file.read()
        if not raw.startswith(_MAGIC):
            return None
        seen, included, executable, said = marshal.loads(raw[len(_MAGIC) :])  # noqa: S302 - the person's own cache
        if executable and interpreter_id(executable.split("\0")[0]) != executable:
            return None
        now = digest_with(inputs_of(session, included), bytes_of(session.project.lock))
        return said if isinstance(said, str) and seen == now else None
    except (OSError, ValueError, TypeError, AttributeError, EOFError):
        return None


def note_standing(session: Place, said: str, *, seen: str, included: Sequence[str], executable: str) -> None:
    """Note that the lock is in order. A note that cannot be written costs time later, nothing else.

    `seen` is the digest of what was looked at (`digest_with`). `executable` is the Python of this machine that had
    a say; '' if none had.
    """
    place = _place(session)
    try:
        python = interpreter_id(executable) if executable else ""
        note = (seen, tuple(included), python, said)
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(f"{place}.{os.getpid()}", "wb") as file:
            file.write(_MAGIC + marshal.dumps(note))
        os.replace(f"{place}.{os.getpid()}", place)  # noqa: PTH105
    except (OSError, ValueError):
        return


def inputs_of(session: Place, included: Sequence[str]) -> str:
    """One digest of all that a lock's being in order rests on, but for the lock itself."""
    settings = f"{__version__}\0{session.settings.python}\0{session.project.manifest}"
    return digest_of(inputs_digest(session.project, "", included).encode(), settings.encode())


def digest_with(inputs: str, lock: bytes | None) -> str:
    """The digest of `inputs_of` and a lock's bytes."""
    return digest_of(inputs.encode(), lock)


def _place(session: Place) -> str:
    name = sha256(os.fsencode(os.path.abspath(session.project.lock))).hexdigest()[:32]  # noqa: PTH100
    return f"{session.cache}/{_FOLDER}/{name}"
