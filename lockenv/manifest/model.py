"""The values that `env.toml` states (DESIGN section 3). Reading them is `lockenv.manifest.read`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from lockenv.limits import DEFAULT, Limits
from lockenv.packages import Index, NormalizedName, Requirement
from lockenv.values import dataclass, field

ALL = ":all:"  #: in `only-binary` and `no-binary`: every package


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A dependency group (PEP 735) with its includes followed. `name` is normalised.

    `includes` are the groups that it includes, itself or by way of others.
    """

    name: str
    requirements: tuple[Requirement, ...]
    includes: frozenset[NormalizedName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """`[targets]`: what the lock must be right for. Floors are (major, minor)."""

    platforms: tuple[str, ...]
    glibc: tuple[int, int] | None = None
    musl: tuple[int, int] | None = None
    macos: tuple[int, int] | None = None
    implementations: tuple[str, ...] = ("cpython",)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSource:
    """`{ index = "acme" }`: the package comes from this index and from no other."""

    index: str
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSource:
    """`{ path = "libs/core", editable = true }`: relative to the manifest, POSIX."""

    path: str
    editable: bool = False
    subdirectory: str | None = None
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """`{ git = "https://…", rev = "v2.1.0", subdirectory = "…" }`."""

    git: str
    rev: str | None = None
    subdirectory: str | None = None
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSource:
    """`{ url = "https://…/x-1.0-py3-none-any.whl" }`."""

    url: str
    subdirectory: str | None = None
    marker: Marker | None = None


Source: TypeAlias = IndexSource | PathSource | GitSource | UrlSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`[resolution]`: what shapes the answer.

    `exclude_newer` is a moment or an age; `exclude_newer_package` says otherwise for single packages, None meaning
    no cut-off. `conflicts` are sets of groups of which no two are ever installed together; names are normalised,
    and each set and the list of sets are sorted.
    """

    strategy: Literal["highest", "lowest", "lowest-direct"] = "highest"
    across_pythons: Literal["newest", "fewest"] = "newest"
    prereleases: Literal["if-necessary", "allow", "disallow"] = "if-necessary"
    exclude_newer: datetime | timedelta | None = None
    exclude_newer_package: tuple[tuple[NormalizedName, datetime | timedelta | None], ...] = ()
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    only_binary: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()
    conflicts: tuple[tuple[NormalizedName, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """`[build]`: the packages whose build may run."""

    allow: frozenset[NormalizedName] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """`[environments.NAME]`: where it differs from what the tables of the manifest itself say.

    None stands for what is not said there. `dependencies` are instead of the manifest's, `extra_dependencies`
    beside them, `groups` those of the manifest that always belong to it. `resolution` is complete: what is not
    said is the manifest's. `folder` is relative to the manifest, POSIX.
    """

    name: str
    python: SpecifierSet | None = None
    dependencies: tuple[Requirement, ...] | None = None
    extra_dependencies: tuple[Requirement, ...] = ()
    groups: tuple[NormalizedName, ...] | None = None
    targets: Targets | None = None
    resolution: Options | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that `env.toml` says.

    `name` is the environment's name (default: the folder's). `groups` are sorted by name. `indexes` are in
    order of declaration, with URLs as written (a relative one names a folder beside the manifest); none means
    the index that pip is configured for. `sources` are sorted by name; a name stands several times where markers
    tell its sources apart. `startup` are the packages that may bring start-up files; None means all. `places`
    maps a key path such as ``env.dependencies[2]`` to its line, for messages; it takes no part in comparison.
    `environments` are the named ones, sorted; what a manifest says for one of them is a manifest without any
    (`lockenv.manifest.environments`).
    """

    name: str | None = None
    python: SpecifierSet
    dependencies: tuple[Requirement, ...] = ()
    groups: tuple[Group, ...] = ()
    targets: Targets | None = None
    indexes: tuple[Index, ...] = ()
    sources: tuple[tuple[NormalizedName, Source], ...] = ()
    resolution: Options = field(default_factory=Options)
    build: Build = field(default_factory=Build)
    startup: frozenset[NormalizedName] | None = None
    limits: Limits = DEFAULT
    environments: tuple[Environment, ...] = ()
    places: tuple[tuple[str, int], ...] = field(default=(), compare=False, repr=False)
