"""The values that resolution takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal, Protocol

from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.packages import IndexFile, Metadata, NormalizedName, Origin, Requirement
from lockenv.targets import Target
from lockenv.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What shapes the answer besides the requirements (`[resolution]` and `[build]` of the manifest).

    `exclude_newer` is a moment: files uploaded at or after it do not exist; `exclude_newer_package` says otherwise
    for single packages, None meaning that all of their files exist. `untimed` are the URLs of indexes that say of
    no file when it was uploaded, and whose files exist all the same. Names are normalised; a set that holds
    ``:all:`` means every package. `sources` are the names and URLs that the manifest takes packages from: a
    package of an index may require these by URL, and no others. `asked` are versions that the command line asks
    for, this once; they stand among the constraints too. `owned` are patterns of names with the one index that is
    asked for these, `explicit` the indexes that are asked for nothing else: these change no answer, but the words
    for a name that is unknown.
    """

    strategy: Literal["highest", "lowest", "lowest-direct"] = "highest"
    prereleases: Literal["if-necessary", "allow", "disallow"] = "if-necessary"
    exclude_newer: datetime | None = None
    exclude_newer_package: Mapping[NormalizedName, datetime | None] = field(default_factory=dict)
    untimed: frozenset[str] = frozenset()
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()
    allow_build: frozenset[str] = frozenset()
    sources: frozenset[tuple[NormalizedName, str]] = frozenset()
    asked: Mapping[NormalizedName, Version] = field(default_factory=dict)
    owned: tuple[tuple[str, str], ...] = ()
    explicit: tuple[str, ...] = ()

    def owners(self, name: NormalizedName) -> tuple[str, ...]:
        """The indexes that alone are asked for a package; none where all are."""
        return tuple(dict.fromkeys(index for pattern, index in self.owned if fnmatchcase(name, pattern)))

    def cutoff(self, name: NormalizedName) -> datetime | None:
        """The moment from which on files of a package do not exist; None if all do."""
        return self.exclude_newer_package.get(name, self.exclude_newer)


#: The members of conflicting groups that are asked for, themselves or by a group that includes them, at most one
#: of each set: what is resolved apart.
Fork = frozenset[str]
NO_FORK: Fork = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The version that the old lock holds, and those that it would rather hold: they once gave way to others."""

    version: Version
    instead_of: tuple[Version, ...] = ()


class Keeping(Protocol):
    """What the old lock holds for a target and a choice among conflicting groups."""

    def __call__(self, target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
        """Give it by package; packages that are to move are left out."""


def nothing_held(target: Target, fork: Fork) -> Mapping[NormalizedName, Held]:
    """Where there is no old lock."""
    del target, fork
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that decides a resolution, apart from what the indexes say.

    `roots` maps a gate (`graph.MAIN` or a group's name) to its requirements. `conflicts` are sets of groups of
    which one at most is asked for; `includes` says which groups others include, so that who asks for one of these
    asks for a conflicting group as well. `across_pythons` says whether each Python gets the newest versions it can
    have, or all as few different ones as possible. `held` are versions to take where they fit, from the old lock.
    `here` is the full version of this machine's Python where a target stands for this machine: other patch
    versions of that target may be left out.
    """

    targets: tuple[Target, ...]
    roots: Mapping[str, tuple[Requirement, ...]]
    policy: Policy = field(default_factory=Policy)
    conflicts: tuple[tuple[str, ...], ...] = ()
    includes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    across_pythons: Literal["newest", "fewest"] = "newest"
    held: Keeping = nothing_held
    here: Version | None = None

    def is_open(self, gate: str, fork: Fork) -> bool:
        """Whether a gate can be asked for under a choice among conflicting groups."""
        apart = {group for members in self.conflicts for group in members}
        return apart & {gate, *self.includes.get(gate, ())} <= fork


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One target of the answer, for one choice among conflicting groups."""

    target: Target
    fork: Fork = NO_FORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package at one version, and where it is needed.

    `reach` says for each gate that leads to it (a group, or `graph.MAIN` if no group is needed) in which cells, by
    their place in `Resolution.cells`. `requires` are the requirements that count in some cell, as PEP 508 text,
    sorted. `files` are those that some target can use. `index` is the URL of the index; a package with an `origin`
    comes from there instead. `direct` packages are
    named by the manifest itself. `instead_of` are versions that the old lock held, or would have held, and that
    had to give way, each with the cells in which it did.
    """

    name: NormalizedName
    version: Version
    index: str
    requires_python: str | None
    requires: tuple[str, ...]
    extras: tuple[str, ...]
    files: tuple[IndexFile, ...]
    reach: Mapping[str, frozenset[int]]
    direct: bool = False
    origin: Origin | None = None
    instead_of: Mapping[Version, frozenset[int]] = field(default_factory=dict)

    @property
    def cells(self) -> frozenset[int]:
        """All cells in which some gate leads to it."""
        return frozenset().union(*self.reach.values())

    @property
    def gates(self) -> frozenset[str]:
        """All gates that lead to it somewhere."""
        return frozenset(self.reach)

    def needed(self, cell: int, groups: frozenset[str]) -> bool:
        """Whether it is installed in a cell when these groups are asked for."""
        return any(cell in cells and (gate == MAIN or gate in groups) for gate, cells in self.reach.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """An optional target that is left out of the lock, and why."""

    target: Target
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer: for every cell, one version of each package that is needed there.

    `pins` are sorted by name and version. `evidence` is the metadata that it rests on, by package and file name.
    `notes` are decisions worth telling (`-v`), `warnings` what a person should know; both without duplicates, in a
    fixed order.
    """

    cells: tuple[Cell, ...]
    pins: tuple[Pin, ...]
    evidence: Mapping[tuple[NormalizedName, str], Metadata] = field(default_factory=dict)
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets of the cells, each once."""
        return tuple(dict.fromkeys(cell.target for cell in self.cells))
