"""The values that resolution takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from packaging.version import Version

from lockenv.markers.slices import Slice
from lockenv.packages import IndexFile, NormalizedName, Requirement
from lockenv.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What shapes the answer besides the requirements (`[resolution]` and `[build]` of the manifest).

    `exclude_newer` is a moment: files uploaded at or after it do not exist. Names are normalised; a set that
    holds ``:all:`` means every package.
    """

    strategy: Literal["highest", "lowest", "lowest-direct"] = "highest"
    prereleases: Literal["if-necessary", "allow", "disallow"] = "if-necessary"
    exclude_newer: datetime | None = None
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()
    allow_build: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that decides a resolution, apart from what the indexes say.

    `roots` maps a gate (`graph.MAIN` or a group's name) to its requirements. `preferences` are versions to
    take where they fit, from the old lock.
    """

    targets: tuple[Target, ...]
    roots: Mapping[str, tuple[Requirement, ...]]
    policy: Policy = field(default_factory=Policy)
    preferences: Mapping[NormalizedName, Version] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One package at one version, and where it is needed.

    `targets` are indexes into `Resolution.targets`; `gates` the groups that lead to it (`graph.MAIN` among them
    if no group is needed). `requires` are the requirements that count on some target, as PEP 508 text, sorted.
    `files` are those that some target can use. `index` is the URL of the index. `direct` packages are named by the
    manifest itself.
    """

    name: NormalizedName
    version: Version
    index: str
    requires_python: str | None
    requires: tuple[str, ...]
    extras: tuple[str, ...]
    files: tuple[IndexFile, ...]
    targets: frozenset[int]
    gates: frozenset[str]
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer: for every target, one version of each package that is needed there.

    `pins` are sorted by name and version. `notes` are decisions worth telling (`-v`), `warnings` what a person
    should know; both without duplicates, in a fixed order. `slices` are the patch versions of Python for which
    the answer holds, one for each target.
    """

    targets: tuple[Target, ...]
    slices: tuple[Slice, ...]
    pins: tuple[Pin, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
