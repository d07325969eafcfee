"""What can go wrong, as values: one class per kind, one exit status per class.

Every refusal says what, where, why, and what to do (DESIGN promise 8). The text of an error is made here and
in the module that raises it; only `lockenv.cli` shows it to a person.
"""

from __future__ import annotations

from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import ClassVar, Never, NoReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong and the place where it stands.

    `where` is a place a person can go to, such as ``env.toml:12`` or ``packages[3].wheels[0]``; it may be
    empty where the message alone says it. `hint` is a remedy for this one problem, if there is one.
    """

    where: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{remedy}"


class LockenvError(Exception):
    """Base of everything lockenv raises on purpose.

    `code` is a stable, greppable name; `exit_status` the process's exit status (DESIGN section 7). `details`
    are lines of explanation below the message, `hint` the line or command that mends it.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        problems: Sequence[Problem] = (),
        details: Sequence[str] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)
        self.details = tuple(details)
        self.hint = hint


class CheckFailed(LockenvError):
    """A check that was asked for answered 'no' (a stale lock under `--check`, a drifted environment)."""

    code = "check-failed"
    exit_status = 1


class UsageError(LockenvError):
    """The command line, a setting or the surroundings make the request meaningless."""

    code = "usage"
    exit_status = 2


class ManifestError(LockenvError):
    """`env.toml` cannot be read as a manifest; `problems` holds everything that is wrong with it."""

    code = "manifest"
    exit_status = 2


class LockError(LockenvError):
    """`pylock.toml` is missing, malformed, stale, or does not cover what is asked of it."""

    code = "lock"
    exit_status = 2


class InterpreterNotFound(LockenvError):
    """No Python on this machine fits; `details` lists what was found and why each was refused."""

    code = "no-python"
    exit_status = 2


class ResolutionImpossible(LockenvError):
    """No set of versions satisfies the manifest: it 'cannot be'.

    `derivation` gives further lines, for those who ask for them; `document` is what the message, details and hint
    say, as a value for JSON.
    """

    code = "resolution-impossible"
    exit_status = 3

    def __init__(
        self,
        message: str,
        *,
        details: Sequence[str] = (),
        hint: str | None = None,
        derivation: Callable[[], Sequence[str]] = tuple,
        document: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, details=details, hint=hint)
        self.derivation = derivation
        self.document = document or {}


class ResolutionUnknown(ResolutionImpossible):
    """No answer, because what some releases require cannot be read: it 'could not be found out'."""

    code = "resolution-unknown"
    exit_status = 5


class ResolutionGaveUp(LockenvError):
    """The search reached its bound of rounds without an answer either way."""

    code = "resolution-gave-up"
    exit_status = 3


class Refused(LockenvError):
    """Something is not what it claims to be or breaks a policy: a wrong hash, a hostile archive, a build."""

    code = "refused"
    exit_status = 4


class NetworkError(LockenvError):
    """An index or file could not be reached, or answered with something unusable: it 'could not be found out'."""

    code = "network"
    exit_status = 5


class OfflineMiss(NetworkError):
    """`--offline` was asked for and the cache does not hold what is needed."""

    code = "offline"
    exit_status = 5


class MetadataError(LockenvError):
    """The metadata of one release is missing or broken; resolution skips the release and keeps the reason."""

    code = "metadata"
    exit_status = 5


class InstallError(LockenvError):
    """Building or committing an environment failed; the old environment is as it was."""

    code = "install"
    exit_status = 6


class BuildError(LockenvError):
    """A source cannot be turned into metadata or a wheel; no environment was changed."""

    code = "build"
    exit_status = 6


class InternalError(LockenvError):
    """A promise of lockenv's own is broken, such as an unsound resolution: a bug."""

    code = "internal"
    exit_status = 70


def unforeseen(value: Never) -> NoReturn:
    """End a closed choice that is matched whole: `typing.assert_never` without typing."""
    raise InternalError(f"nobody foresaw {value!r}")
