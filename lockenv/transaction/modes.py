"""How open the folders of an environment are: to whom they belong, and who besides may write into them.

lockenv makes folders with what the umask leaves. Who has one of 002 has group-writable environments, and that is
no finding; who made a folder more open afterwards, or had it belong to somebody else, has given others a say in
what is installed.
"""

# ruff: noqa: PTH101, PTH116, PTH120

from __future__ import annotations

import os
import stat

from lockenv.transaction import places

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_TO_USE = stat.S_IRUSR | stat.S_IXUSR  #: who takes more from himself may have meant it


class Openness:
    """What the folders of one environment may be: `allowed` write permissions of others, `owners` and `group`.

    A plain class, since a sync that changes something asks, too.
    """

    __slots__ = ("allowed", "group", "owners")

    def __init__(self, env: str) -> None:
        """Take the measure. Raises `OSError` where there is no such folder, or it cannot be looked at."""
        above = os.stat(os.path.dirname(env)).st_mode
        # Who may rename the whole folder needs no way into it; in a sticky one that is only its owner.
        around = 0 if above & stat.S_ISVTX else above
        self.allowed = (~_umask() | around | _witnessed(env)) & _OTHERS_WRITE
        root = os.lstat(env)
        self.owners, self.group = {root.st_uid, 0}, root.st_gid

    def fault(self, found: os.stat_result) -> str:
        """Say what is wrong with a folder; '' where nothing is."""
        mode = stat.S_IMODE(found.st_mode)
        if mode & _OTHERS_WRITE & ~self.allowed:
            who = "anybody" if mode & stat.S_IWOTH & ~self.allowed else "its group"
            return f"{mode:04o}, so that {who} may write into it"
        if mode & _TO_USE != _TO_USE:
            return f"{mode:04o}, so that its owner cannot use it"
        # People who share an environment through their group make generations of it in turn.
        shared = self.allowed & mode & stat.S_IWGRP and found.st_gid == self.group
        return "" if found.st_uid in self.owners or shared else f"it belongs to user {found.st_uid}"


def root_faults(env: str, openness: Openness) -> Iterator[tuple[str, str]]:
    """Yield (path, fault) of the folders in which generations stand: no flip can put those right."""
    for path, place in ((".", env), (places.HOME, places.home(env))):
        try:
            fault = openness.fault(os.lstat(place))
        except OSError as error:
            fault = error.strerror or str(error)
        if fault:
            yield path, fault


def close_roots(env: str) -> None:
    """Take from these folders what they are too open by. Raises `OSError`."""
    allowed = Openness(env).allowed
    for place in (env, places.home(env)):
        mode = stat.S_IMODE(os.lstat(place).st_mode)
        right = mode & ~(_OTHERS_WRITE & ~allowed)
        if mode != right:
            os.chmod(place, right)


def _witnessed(env: str) -> int:
    """What the umask left when the environment was made, as its lock's file still tells: of its group, no more."""
    try:
        return os.lstat(places.lock(env)).st_mode & stat.S_IWGRP
    except OSError:
        return 0


def _umask() -> int:
    # It can only be read by setting it; what another thread makes meanwhile is closed rather than open.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
