"""What has to happen to an environment, computed before anything does.

The law: applying a plan to what is installed gives what is wanted, and a second plan is empty.
"""

from __future__ import annotations

from lockenv.errors import InternalError
from lockenv.values import dataclass

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias, TypeVar

    # What it imports takes long, and a sync that was planned before needs none of it.
    from lockenv.packages import NormalizedName

    Step: TypeAlias = "Install | Replace | Remove"
    _Package = TypeVar("_Package", "Wanted", "Installed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A package that should be there. `sha256` and `filename` are the wheel's; `direct_url` is PEP 610's JSON."""

    name: NormalizedName
    version: str
    sha256: str
    filename: str
    requested: bool = False
    direct_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A package that is there, by the state of the environment's generation.

    `sha256` is empty where there is no such state, because others made the environment: then it is replaced, be
    the version the same or not.
    """

    name: NormalizedName
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A package comes."""

    wanted: Wanted

    @property
    def name(self) -> NormalizedName:
        """The package's name."""
        return self.wanted.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """A package changes its version, or its artifact under the same version."""

    installed: Installed
    wanted: Wanted

    @property
    def name(self) -> NormalizedName:
        """The package's name."""
        return self.wanted.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """A package goes."""

    installed: Installed

    @property
    def name(self) -> NormalizedName:
        """The package's name."""
        return self.installed.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps and what is kept, each sorted by name."""

    steps: tuple[Step, ...] = ()
    kept: tuple[Wanted, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.steps


def make_plan(wanted: Iterable[Wanted], installed: Iterable[Installed]) -> Plan:
    """Compare what should be there with what is there. Raises `InternalError` for a name that stands twice."""
    new = _by_name(wanted)
    old = _by_name(installed)
    steps: list[Step] = []
    kept: list[Wanted] = []
    for name in sorted(new.keys() | old.keys()):
        if name not in old:
            steps.append(Install(wanted=new[name]))
        elif name not in new:
            steps.append(Remove(installed=old[name]))
        elif (new[name].version, new[name].sha256) != (old[name].version, old[name].sha256):
            steps.append(Replace(installed=old[name], wanted=new[name]))
        else:
            kept.append(new[name])
    return Plan(steps=tuple(steps), kept=tuple(kept))


def _by_name(packages: Iterable[_Package]) -> dict[NormalizedName, _Package]:
    found: dict[NormalizedName, _Package] = {}
    for package in packages:
        if package.name in found:
            raise InternalError(f"the selection holds {package.name} twice")
        found[package.name] = package
    return found
