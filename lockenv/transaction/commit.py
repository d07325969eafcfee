"""The instant in which an environment changes, and tidying before and after it.

Within an environment that lockenv made, that instant is the rename of one link. A whole folder is made beside
and exchanged with what stands there.
"""

# ruff: noqa: PTH104, PTH105, PTH112, PTH108, PTH115, PTH211

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterable

from lockenv.files import remove_tree
from lockenv.transaction import places, state
from lockenv.transaction.carry import carry_over

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  #: renameat2(2)
_RENAME_SWAP = 2  #: renamex_np(2), macOS


def flip(env: str, number: int) -> None:
    """Make the generation current: the commit."""
    temporary = f"{places.current(env)}.tmp"
    remove_tree(temporary)
    os.symlink(f"g-{number}", temporary)
    os.replace(temporary, places.current(env))


def missing_links(env: str, names: Iterable[str]) -> list[str]:
    """List the top-level links that are not there. Raises `FileExistsError` where something else stands."""
    missing = []
    for name in names:
        try:
            text = os.readlink(f"{env}/{name}")
        except FileNotFoundError:
            missing.append(name)
        except OSError:
            raise FileExistsError(f"{env}/{name}") from None
        else:
            if text != places.link_text(name):
                raise FileExistsError(f"{env}/{name}")
    return missing


def add_links(env: str, names: Iterable[str]) -> None:
    """Make top-level links; they point to nothing until the flip."""
    for name in names:
        os.symlink(places.link_text(name), f"{env}/{name}")


def drop_links(env: str, keep: Iterable[str]) -> None:
    """Remove those top-level links of ours that `keep` does not name; whatever else stands there is left."""
    wanted = set(keep)
    with os.scandir(env) as entries:
        stale = [entry.name for entry in entries if entry.name not in wanted and state.is_own_link(env, entry)]
    remove_links(env, stale)


def remove_links(env: str, names: Iterable[str]) -> None:
    """Remove top-level links that are there."""
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{env}/{name}")


def sweep(env: str) -> None:
    """Remove what no longer counts: generations but the current one and the one before, and what was half made."""
    current = places.current_number(env)
    if current is None:
        return
    remove_tree(f"{places.current(env)}.tmp")
    earlier = [number for number in places.generations(env) if number < current and _is_whole(env, number)]
    keep = {current, *earlier[-1:]}
    for number in places.generations(env):
        if number not in keep:
            remove_tree(places.generation(env, number))


def _is_whole(env: str, number: int) -> bool:
    return os.path.lexists(f"{places.generation(env, number)}/{places.STATE}")


def put_in_place(env: str) -> None:
    """Put the environment that was made beside into its place, where nothing or something old stands.

    One exchange where the system can. Else two renames; whoever comes next sets right what was cut between them
    (`recover`). The retired environment is left beside.
    """
    new, old = places.new_beside(env), places.old_beside(env)
    if not os.path.lexists(env):
        os.rename(new, env)
        return
    if exchange(new, env):
        return
    os.rename(env, old)
    try:
        os.rename(new, env)
    except BaseException:
        os.rename(old, env)
        raise


def exchange(one: str, other: str) -> bool:
    """Exchange two folders in one step; False where the system or the disk cannot, and nothing has changed."""
    try:
        library = ctypes.CDLL(None)
        first, second = os.fsencode(one), os.fsencode(other)
        if sys.platform == "darwin":
            return bool(library.renamex_np(first, second, _RENAME_SWAP) == 0)
        return bool(library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE) == 0)
    except (AttributeError, OSError):
        return False


def recover(env: str) -> None:
    """Set right what an earlier run left beside the environment; its lock must be held.

    Raises `UsageError` where people's own things are among it and others of the same name stand in their place.
    """
    new, old = places.new_beside(env), places.old_beside(env)
    if os.path.lexists(old) and not os.path.lexists(env):
        os.rename(old, env)
    for left in (old, new):
        if os.path.isdir(env):
            carry_over(left, env)
        remove_tree(left)


def leftovers(env: str) -> bool:
    """Whether an earlier run left something beside the environment, be it only its lock's file."""
    beside = (places.new_beside(env), places.old_beside(env), places.lock_beside(env))
    return any(map(os.path.lexists, beside))


def tidy(env: str, links: Iterable[str]) -> None:
    """Do what may as well be done by the next run: errors are left to it, for the environment is right already."""
    with contextlib.suppress(OSError):
        drop_links(env, links)
    with contextlib.suppress(OSError):
        sweep(env)
