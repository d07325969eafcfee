"""The sync that finds nothing to do: bytes and stats are compared, nothing is parsed, little is imported.

A small note inside the environment says 'this manifest text was found fresh against this lock text', so that an
unchanged pair of files need not be read as TOML again. Whether the environment is still what the lock says is
asked of the transaction's record of it.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import os

from lockenv.sums import sha256
from lockenv.transaction import places as env_places
from lockenv.transaction import state

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lockenv.transaction.compose import Desired

_NOTE, _COMPILED = "fresh", "compiled"


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


def unchanged(
    env: str, *, lock_digest: str, selection: Iterable[str], compiled: bool = False
) -> state.State | None:
    """The record of the environment if it is what this lock and selection made; else None.

    `compiled` asks for bytecode too.
    """
    record = state.read_current(env)
    if record is None or replaced(record.interpreter_id) or (compiled and not is_compiled(env)):
        return None
    if not state.is_current(
        env, lock_digest=lock_digest, selection=selection, interpreter_id=record.interpreter_id
    ):
        return None
    return record


def replaced(identity: str) -> bool:
    """Whether another interpreter, or none, stands where one of this identity stood."""
    try:
        return interpreter_id(identity.split("\0", maxsplit=1)[0]) != identity
    except OSError:
        return True


def is_recorded(env: str, desired: Desired) -> bool:
    """Whether the environment was made for this, as far as its record and a look at its files tell."""
    return state.is_current(
        env,
        lock_digest=desired.lock_digest,
        selection=desired.selection,
        interpreter_id=desired.interpreter_id,
    )


def is_compiled(env: str) -> bool:
    """Whether the modules of the current generation have been compiled."""
    try:
        with open(f"{env_places.home(env)}/{_COMPILED}", encoding="ascii") as file:
            return file.read() == str(env_places.current_number(env))
    except (OSError, ValueError):
        return False


def note_compiled(env: str) -> None:
    """Note that the modules of the current generation have been compiled; without the note they are again."""
    _put(f"{env_places.home(env)}/{_COMPILED}", str(env_places.current_number(env)))


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
    _put(f"{env_places.home(env)}/{_NOTE}", "\n".join([inputs, str(len(included)), *included, *watched]))


def _put(path: str, text: str) -> None:
    try:
        with open(f"{path}.new", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.replace(f"{path}.new", path)  # noqa: PTH105
    except (OSError, ValueError):
        try:
            os.unlink(f"{path}.new")  # noqa: PTH108 - a full disk took only its beginning
        except OSError:
            return
