"""The spare: what was a generation, and is kept beyond all that is promised, for the next one to be made of it.

A change of one package then costs one package (docs/decisions/0022-the-next-generation-is-made-of-a-spare.md).
A spare with a record is as it was as a generation; before anything of it is changed, its record goes, and without
one it is rubbish like all that is half made.
"""

# ruff: noqa: PTH102, PTH104, PTH106, PTH108

from __future__ import annotations

import os

from lockenv.files import remove_tree
from lockenv.light import suppress
from lockenv.transaction import places, state

_COPIED = "copy"


def retire(env: str, number: int) -> None:
    """Make a generation the spare, in the place of an older one. Raises `OSError`.

    One of copies does not become it: it would take its whole size of the disk.
    """
    folder = places.generation(env, number)
    record = state.read(folder)
    if record is not None and record.origin[1] != _COPIED:
        remove_tree(places.spare(env))
        os.rename(folder, places.spare(env))


def sweep(env: str) -> None:
    """Remove a spare that somebody began to change, or to remove, and did not come to an end with."""
    spare = places.spare(env)
    if os.path.lexists(spare) and not os.path.lexists(f"{spare}/{places.STATE}"):
        remove_tree(spare)


def claim(env: str, number: int, *, wished: str, run: str) -> tuple[state.State, list[str]] | None:
    """Make the spare generation `number`, half made: give what it holds, and its folders of bytecode.

    None where there is no spare, or none that would do, which is removed then. It has to be what it was by a look
    at every file, and made as a new one would be made now: the umask may be another. Raises `OSError`.
    """
    spare, folder = places.spare(env), places.generation(env, number)
    record = state.read(spare)
    if record is None or (record.origin[0], record.origin[2]) != (wished, run):
        _discard(spare)
        return None
    os.mkdir(folder)
    bytecode: list[str] = []
    if state.tree_drift(spare, record.tree, bytecode, state.like_of(os.lstat(folder))) is not None:
        os.rmdir(folder)
        _discard(spare)
        return None
    os.unlink(f"{spare}/{places.STATE}")
    os.rename(spare, folder)
    return record, bytecode


def _discard(spare: str) -> None:
    """Remove a spare, or leave it to the next sweep: what cannot be removed is in nobody's way."""
    with suppress(OSError):
        os.unlink(f"{spare}/{places.STATE}")
    with suppress(OSError):
        remove_tree(spare)
