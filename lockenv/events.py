"""What happens, as values. Nobody below the command line prints; they say it to a `Reporter`.

Events may come from several threads at once; a reporter must allow for that and must return quickly.
"""

from __future__ import annotations

from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias


#: The stage of who waits for another process. Whom one waits for has been told when it begins.
WAITING = "Waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A stage of an operation begins, such as 'Resolving' or 'Linking', perhaps within another one.

    `total` counts its units and `size` the bytes that will arrive, if known. One that is `brisk` tells of its
    steps so often that nobody need look after it meanwhile.
    """

    stage: str
    total: int | None = None
    size: int | None = None
    brisk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StageAdvanced:
    """A stage has done `done` units; `detail` names what it is busy with."""

    stage: str
    done: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinished:
    """A stage is over."""

    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadStarted:
    """A file begins to arrive. `size` in bytes, if known beforehand."""

    filename: str
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadAdvanced:
    """`received` further bytes of a file have arrived."""

    filename: str
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFinished:
    """A file is complete and its hashes are right."""

    filename: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One HTTP request was sent, and its answer is waited for. `url` carries no credentials."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to such a request begins, or there will be none."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """One HTTP request was answered (`-vv`). `url` carries no credentials."""

    method: str
    url: str
    status: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A decision worth telling on request (`-v`), such as a release that was skipped and why."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something a person should know though nothing failed."""

    message: str
    hint: str | None = None


Event: TypeAlias = (
    StageStarted
    | StageAdvanced
    | StageFinished
    | DownloadStarted
    | DownloadAdvanced
    | DownloadFinished
    | Asked
    | Answered
    | Requested
    | Noted
    | Warned
)

if TYPE_CHECKING:
    Reporter: TypeAlias = Callable[[Event], None]
else:
    Reporter = object  # to name the type would import `collections`


def silent(event: Event) -> None:
    """Do nothing with an event: the reporter of those who do not listen."""
