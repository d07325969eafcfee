"""The sync that finds nothing to do: bytes and stats are compared, nothing is parsed, little is imported.

A small note inside the environment says 'this manifest text was found fresh against this lock text', so that an
unchanged pair of files need not be read as TOML again. Whether the environment is still what the lock says is
asked of the transaction's record of it.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256

from lockenv.transaction import places as env_places
from lockenv.transaction import state

_NOTE = "fresh"


def digest_of(*texts: bytes | None) -> str:
    """One digest for several texts, of which some may not exist."""
    whole = sha256()
    for text in texts:
        whole.update(b"-" if text is None else b"%d:%b" % (len(text), text))
    return whole.hexdigest()


def interpreter_id(executable: str) -> str:
    """What identifies an interpreter without starting it: its path, modification time (ns) and size.

    Raises `OSError` where it is gone.
    """
    found = os.stat(executable)
    return f"{executable}\0{found.st_mtime_ns}\0{found.st_size}"


def count_if_unchanged(env: str, *, lock_digest: str, selection: Iterable[str]) -> int | None:
    """The number of packages if the environment is what this lock and selection made; else None."""
    record = state.read_current(env)
    if record is None:
        return None
    executable = record.interpreter_id.split("\0")[0]
    try:
        same = interpreter_id(executable) == record.interpreter_id
    except OSError:
        return None
    if not same or not state.is_current(
        env, lock_digest=lock_digest, selection=selection, interpreter_id=record.interpreter_id
    ):
        return None
    return len(record.packages)


def read_note(env: str) -> tuple[str, list[str], list[str]]:
    """What was noted when all was last found in order: the digest of the inputs, and what went into it.

    That is the files that the manifest includes, as it names them, and the folders and files that are watched.
    """
    try:
        with open(f"{env_places.home(env)}/{_NOTE}", encoding="utf-8", errors="surrogateescape") as file:
            inputs, count, *names = file.read().split("\n")
        return inputs, names[: int(count)], names[int(count) :]
    except (OSError, ValueError):
        return "", [], []


def note_fresh(env: str, inputs: str, included: Sequence[str], watched: Iterable[str]) -> None:
    """Note that these inputs were found in order.

    A note that cannot be written costs time later, nothing else.
    """
    path = f"{env_places.home(env)}/{_NOTE}"
    try:
        with open(f"{path}.new", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\n".join([inputs, str(len(included)), *included, *watched]))
        os.replace(f"{path}.new", path)  # noqa: PTH105
    except (OSError, ValueError):
        return
