"""What indexes were asked and what came of it, as files beside their pages. Imports next to nothing.

An answer is a `marshal` of plain tuples behind a checksum over it and the question's key; one with anything wrong
in it counts as missing. Several answers may be kept to one question: what else they rest on is their own affair.
So many are kept as were used last.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH103, PTH108, PTH208

from __future__ import annotations

import marshal
import os

from lockenv.sums import sha256

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_FOLDER = "answers"
_MAGIC = b"lockenv answer 1\n"  #: to be changed with the shape of what is kept
_KEPT = 64


def read(root: str, key: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give the answers to the question of this key, each with its place."""
    folder = f"{root}/{_FOLDER}"
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in sorted(names):
        if name.startswith(f"{key[:32]}-") and "." not in name:
            place = f"{folder}/{name}"
            kept = _read(place, key)
            if kept is not None:
                yield place, kept


def _read(place: str, key: str) -> tuple[Any, ...] | None:
    try:
        with open(place, "rb", buffering=0) as file:  # noqa: PTH123
            content = file.read()
    except OSError:
        return None
    start = len(_MAGIC) + 32
    payload = content[start:]
    # A damaged stream can crash the interpreter, so marshal gets only what bears its key and checksum.
    if content[:start] != _MAGIC + _seal(key, payload):
        return None
    kept: tuple[Any, ...] = marshal.loads(payload)  # noqa: S302
    return kept


def write(root: str, key: str, variant: str, kept: tuple[Any, ...]) -> None:
    """Keep an answer, in the place of an earlier one with the same key and variant.

    One that cannot be kept costs time later, nothing else.
    """
    # Lazy: an answer that is given is not written.
    from lockenv.files import write_atomically

    payload = marshal.dumps(kept, 4)
    try:
        os.makedirs(f"{root}/{_FOLDER}", exist_ok=True)
        write_atomically(f"{root}/{_FOLDER}/{key[:32]}-{variant[:16]}", _MAGIC + _seal(key, payload) + payload)
    except OSError:
        return
    for path, _ in sorted(files(root), key=lambda one: one[1].st_mtime_ns)[:-_KEPT]:
        _unlink(path)


def mark_used(place: str) -> None:
    """Let an answer be among the last to go."""
    try:
        os.utime(place)
    except OSError:
        return


def files(root: str) -> list[tuple[str, os.stat_result]]:
    """All that is kept: path and status."""
    found = []
    try:
        with os.scandir(f"{root}/{_FOLDER}") as entries:
            found += [(entry.path, entry.stat(follow_symlinks=False)) for entry in entries]
    except OSError:
        pass
    return found


def remove_until(root: str, moment: float) -> list[int]:
    """Remove what was not used since a moment; give the bytes of each that went."""
    return [status.st_size for path, status in files(root) if status.st_mtime <= moment and _unlink(path)]


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _seal(key: str, payload: bytes) -> bytes:
    whole = sha256(key.encode())
    whole.update(payload)
    return whole.digest()
