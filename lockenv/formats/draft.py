"""What a foreign file says, in the words of a manifest: each part with the place it comes from."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import Problem
from lockenv.manifest.model import Source
from lockenv.packages import Index, NormalizedName, Requirement
from lockenv.values import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class At(Generic[T]):
    """A value and the place that says it, such as ``requirements.txt:12``."""

    where: str
    value: T


#: What a group holds: a requirement, or the name of a group that it includes (PEP 735).
Item: TypeAlias = "At[Requirement] | At[NormalizedName]"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftGroup:
    """A group that is to stand in `[groups]`."""

    name: NormalizedName
    where: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A version that a foreign file holds a package at: kept by the next lock where it fits.

    Where `marker` is not None, it is held there only; it may ask for extras and groups, as a lock's may (PEP 751).
    """

    name: NormalizedName
    version: Version
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A manifest in the making.

    No requirement holds an address: those are `sources`. `resolution` are keys of `[resolution]` with their values
    as TOML has them. `pins` are no part of the manifest, but preferences for the lock. `left_out` says everything
    that could not be carried over, with its place and the reason; `notes` what was carried over in another form.
    """

    name: At[str] | None = None
    python: At[SpecifierSet] | None = None
    dependencies: tuple[At[Requirement], ...] = ()
    groups: tuple[DraftGroup, ...] = ()
    indexes: tuple[At[Index], ...] = ()
    sources: tuple[At[tuple[NormalizedName, Source]], ...] = ()
    constraints: tuple[At[Requirement], ...] = ()
    overrides: tuple[At[Requirement], ...] = ()
    resolution: tuple[At[tuple[str, object]], ...] = ()
    pins: tuple[Pin, ...] = ()
    notes: tuple[str, ...] = ()
    left_out: tuple[Problem, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether it asks for any package, rather than only holding versions."""
        return bool(self.dependencies) or any(group.items for group in self.groups)
