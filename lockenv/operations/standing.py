"""The lock that has nothing to do: what was said of the same bytes before is said again.

A note in the cache says 'this manifest was found answered by this lock'. It holds for the same bytes of both, of
what the manifest includes and of `.python-version`, for the same settings, the same lockenv, and the same Python
on this machine where that has a say. Nothing is parsed and little imported.
"""

# pathlib is used where it has been imported already.
# ruff: noqa: PTH123

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from hashlib import sha256

from lockenv import __version__
from lockenv.operations.files import bytes_of
from lockenv.operations.inputs import inputs_digest
from lockenv.operations.unchanged import digest_of, interpreter_id
from lockenv.session import Session

_FOLDER = "standing"


def standing(session: Session) -> str | None:
    """What was said of the project's lock when it was last found in order, if nothing has changed since."""
    try:
        with open(_place(session), encoding="utf-8") as file:
            note = json.load(file)
        executable = note["python"]
        if executable and interpreter_id(executable.split("\0")[0]) != executable:
            return None
        said = note["said"]
        seen = digest_with(inputs_of(session, note["included"]), bytes_of(session.project.lock))
        return said if isinstance(said, str) and note["seen"] == seen else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def note_standing(session: Session, said: str, *, seen: str, included: Sequence[str], executable: str) -> None:
    """Note that the lock is in order. A note that cannot be written costs time later, nothing else.

    `seen` is the digest of what was looked at (`digest_with`). `executable` is the Python of this machine that had
    a say; '' if none had.
    """
    place = _place(session)
    try:
        python = interpreter_id(executable) if executable else ""
        note = {"seen": seen, "included": list(included), "python": python, "said": said}
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        with open(f"{place}.{os.getpid()}", "w", encoding="utf-8") as file:
            json.dump(note, file)
        os.replace(f"{place}.{os.getpid()}", place)  # noqa: PTH105
    except (OSError, ValueError):
        return


def inputs_of(session: Session, included: Sequence[str]) -> str:
    """One digest of all that a lock's being in order rests on, but for the lock itself."""
    settings = f"{__version__}\0{session.settings.python}\0{session.project.manifest}"
    return digest_of(inputs_digest(session.project, "", included).encode(), settings.encode())


def digest_with(inputs: str, lock: bytes | None) -> str:
    """The digest of `inputs_of` and a lock's bytes."""
    return digest_of(inputs.encode(), lock)


def _place(session: Session) -> str:
    name = sha256(os.fsencode(os.path.abspath(session.project.lock))).hexdigest()[:32]  # noqa: PTH100
    return f"{session.cache}/{_FOLDER}/{name}"
