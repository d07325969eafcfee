"""The instant in which an environment changes, and tidying before and after it.

Within an environment that lockenv made, that instant is the rename of one link. A whole folder is made beside
and exchanged with what stands there.
"""

# ruff: noqa: PTH104, PTH105, PTH108, PTH112, PTH115, PTH116, PTH120, PTH211

from __future__ import annotations

import os
import sys
import time

from lockenv.files import FileLock, remove_tree
from lockenv.light import suppress
from lockenv.transaction import modes, places, spare, state
from lockenv.transaction.carry import carry_over
from lockenv.transaction.durability import settle, settle_folder

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  #: renameat2(2)
_RENAME_SWAP = 2  #: renamex_np(2), macOS


#: A generation that a program may have begun with stays for so long after it was retired, in seconds: a program
#: that is starting imports much, and one sync may follow another within that time.
GRACE = 10.0

_happened: Callable[[], bool] | None = None


def happened() -> bool:
    """Whether the commit that this process came to has taken place; False where it came to none.

    The disk is asked, so the answer is right in every instant, also for who was interrupted in the midst of it.
    """
    return _happened is not None and _happened()


def begin() -> None:
    """Forget earlier commits of this process: another change begins."""
    global _happened  # noqa: PLW0603 - see `_watch`
    _happened = None


def _watch(test: Callable[[], bool]) -> None:
    global _happened  # noqa: PLW0603 - an interrupt ends the process, and wants to say what was done by then
    _happened = test


def flip(env: str, number: int, *, durable: bool = False) -> None:
    """Make the generation current: the commit. `durable` has the disk keep everything before, and this after.

    Raises `OSError`, and then the old generation is current.
    """
    before = places.current_number(env)
    if durable:
        settle(env)
    _watch(lambda: places.current_number(env) == number)
    point(env, number)
    if durable:
        settle_folder(places.home(env))
    if before is not None:
        # When it was retired, for `sweep`.
        with suppress(OSError):
            os.utime(places.generation(env, before))


def point(env: str, number: int) -> None:
    """Lead `current` to a generation."""
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
        with suppress(FileNotFoundError):
            os.unlink(f"{env}/{name}")


def sweep(env: str, *, history: int = 1, grace: float = 0.0) -> None:
    """Remove what no longer counts: generations but the current one and `history` others, and what is half made.

    Of the others those stay that were current last. What was retired within the last `grace` seconds stays too.
    The next after those becomes the spare, under another name: who began with it finds as little as if it were
    gone.
    """
    current = places.current_number(env)
    if current is None:
        return
    remove_tree(f"{places.current(env)}.tmp")
    _sweep_notes(env)
    now = time.time()
    keep = {current}
    beyond = []
    for rank, (retired, number) in enumerate(others(env)):
        if rank < history or 0 <= now - retired < grace:
            keep.add(number)
        else:
            beyond.append(number)
    if beyond:
        spare.retire(env, beyond[0])
    spare.sweep(env)
    for number in places.generations(env):
        if number not in keep:
            remove_tree(places.generation(env, number))


def _sweep_notes(env: str) -> None:
    """Remove notes of which a full disk took only the beginning."""
    with os.scandir(places.home(env)) as entries:
        cut = [entry.path for entry in entries if entry.name.endswith(".new")]
    for path in cut:
        remove_tree(path)


def others(env: str) -> list[tuple[float, int]]:
    """List the whole generations besides the current one, as (when retired, number), the last retired first."""
    current = places.current_number(env)
    found = []
    for number in places.generations(env):
        with suppress(OSError):
            folder = places.generation(env, number)
            if number != current and os.path.lexists(f"{folder}/{places.STATE}"):
                found.append((os.stat(folder).st_mtime, number))
    return sorted(found, reverse=True)


def put_in_place(env: str, *, durable: bool = False) -> None:
    """Put the environment that was made beside into its place, where nothing or something old stands: the commit.

    One exchange where the system can. Else two renames; whoever comes next sets right what was cut between them
    (`recover`). The retired environment is left beside. `durable` as for `flip`.
    """
    new = places.new_beside(env)
    if durable:
        settle(new)
    made = os.stat(new)
    _watch(lambda: _stands(env, made))
    _exchange_or_rename(new, env, places.old_beside(env))
    if durable:
        settle_folder(os.path.dirname(env))


def _stands(env: str, made: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.lstat(env), made)
    except OSError:
        return False


def _exchange_or_rename(new: str, env: str, old: str) -> None:
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
    import ctypes  # Lazy: nothing is exchanged where nothing stands

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
    if not (os.path.lexists(new) or os.path.lexists(old)):
        return
    # Lazy: hardly ever is anything beside an environment.
    from lockenv.transaction.strays import is_foreign, keep_strays

    for retired in (old, new):
        # After an exchange the retired one bears the other name; what lockenv began there was nobody's yet.
        if not os.path.lexists(env) and os.path.lexists(retired) and (retired == old or is_foreign(retired)):
            os.rename(retired, env)
    for left in (old, new):
        if os.path.isdir(env):
            carry_over(left, env)
            keep_strays(left, env)
        remove_tree(left)


def restore(env: str) -> None:
    """Put the old environment back where a run died between the two renames of a swap: for those who only read."""
    if os.path.lexists(env) or not os.path.lexists(places.old_beside(env)):
        return
    with suppress(OSError), FileLock(places.lock_beside(env), subject=env, transient=True):
        recover(env)


def leftovers(env: str) -> bool:
    """Whether an earlier run left something beside the environment, be it only its lock's file."""
    beside = (places.new_beside(env), places.old_beside(env), places.lock_beside(env))
    return any(map(os.path.lexists, beside))


def tidy(env: str, links: Iterable[str], *, history: int = 1, grace: float = 0.0) -> None:
    """Do what may as well be done by the next run: errors are left to it, for the environment is right already."""
    with suppress(OSError):
        drop_links(env, links)
    with suppress(OSError):
        modes.close_roots(env)
    with suppress(OSError):
        sweep(env, history=history, grace=grace)
