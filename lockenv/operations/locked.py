"""What `lock` did, as values."""

from __future__ import annotations

from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.operations.answered_before import Rests
    from lockenv.operations.changes import Change, Entries
    from lockenv.resolution.model import Dropped
    from lockenv.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What a lock's being in order rests on: bytes with the digest `seen` (`lockenv.operations.standing`).

    Among them are files that the manifest includes. `executable` is this machine's Python where it has a say, and
    `around` what decides on it: '' where none has one, None where that was not noted.
    """

    seen: str
    included: tuple[str, ...]
    executable: str
    around: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What `lock` did.

    `path` is the lock as a person says it, `packages` what it holds; `written` is false where its bytes were
    right, `first` is true where there was none before. `targets` are those that it is for, `uncovered` those that
    were left out, of which `dropped` says why if that was found out now. `stands` is there if the lock was found
    in order and will be so as long as a few bytes do not change. `again` is what another run will find then, if
    this one made the lock, and `rests` what its bytes, `content`, rest on, if that can be told.
    """

    path: str
    targets: tuple[Target, ...]
    packages: Entries
    changes: tuple[Change, ...] = ()
    uncovered: tuple[Target, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    written: bool = False
    first: bool = False
    hosts: tuple[str, ...] = ()
    stands: Stands | None = None
    again: Locked | None = None
    rests: Rests | None = None
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A lock that is made and not yet written: what is to be said of it, its bytes, and those that stand there."""

    locked: Locked
    content: bytes
    standing: bytes | None
