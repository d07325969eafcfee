"""The things that are named, listed, fetched and installed, as values.

`IndexFile`, `Release` and `Listing` are what an index says (PEP 503, 691, 700, 714); `Metadata` is the part of the
core metadata specification that resolution reads. What a lock can hold (PEP 751) has its values in
`packaging.pylock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from lockenv.values import dataclass, field

if TYPE_CHECKING:
    from packaging.pylock import PackageArchive, PackageDirectory, PackageVcs

__all__ = [
    "MARKER_VARIABLES",
    "Index",
    "IndexFile",
    "Listing",
    "Metadata",
    "NormalizedName",
    "Origin",
    "Release",
    "Releases",
    "Remark",
    "Requirement",
    "Sourced",
    "address",
    "canonicalize_name",
    "parse_requirement",
    "parse_specifier",
]

#: Where a package comes from that the manifest takes from no index (PEP 751, ``packages.archive`` and so on).
Origin: TypeAlias = "PackageArchive | PackageDirectory | PackageVcs"


def address(origin: Origin) -> str:
    """Say where a package comes from that comes from no index: no two sources of one package have the same."""
    place = getattr(origin, "url", None) or origin.path or ""
    commit = getattr(origin, "commit_id", "")
    return f"{place}@{commit}#{origin.subdirectory or ''}"


#: The marker variables of PEP 508, in the order of the specification.
MARKER_VARIABLES = (
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_version",
    "python_full_version",
    "implementation_name",
    "implementation_version",
)


@lru_cache(maxsize=65536)
def parse_requirement(text: str) -> Requirement:
    """Parse a PEP 508 requirement; equal text gives the same object, which nobody may change.

    Raises `packaging.requirements.InvalidRequirement`, also for what is nested too deeply or never ends.
    """
    if len(text) > _LONG and re.search(_ENDLESS, text):
        raise InvalidRequirement("it holds a number of a thousand digits")
    try:
        return (_ordinary(text) if len(text) <= _LONG else None) or Requirement(text)
    except RecursionError:
        raise InvalidRequirement("it is nested too deeply") from None


@lru_cache(maxsize=8192)
def parse_specifier(text: str) -> SpecifierSet:
    """Parse a PEP 440 specifier set; equal text gives the same object. Raises `InvalidSpecifier`."""
    return SpecifierSet(text)


@lru_cache(maxsize=8192)
def _parse_marker(text: str) -> Marker:
    return Marker(text)


def _ordinary(text: str) -> Requirement | None:
    """Read a requirement as nearly all are written, a third of the work; None where it is another.

    Requirements of a release share few markers and specifiers, which are parsed once. What is wrong with one is
    left to `Requirement` to say.
    """
    head, semicolon, marker = text.partition(";")
    found = _ORDINARY.fullmatch(head)
    if found is None:
        return None
    name, extras, specifier = found.group(1, 2, 4)
    made = Requirement.__new__(Requirement)
    try:
        made.specifier = parse_specifier(specifier)
        made.marker = _parse_marker(marker) if semicolon else None
    except ValueError:  # InvalidSpecifier, InvalidMarker
        return None
    made.name, made.url = name, None
    made.extras = set(extras.replace(" ", "").split(",")) if extras else set()
    return made


# Spaces are taken possessively: else a line of nothing but spaces takes their number to the power of three.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_EXTRAS = rf"\[ *+({_NAME}(?: *+, *+{_NAME})*) *+\]"
_CLAUSE = r"(?:[<>!~=]=|[<>]) *+[0-9][0-9A-Za-z.*+!_-]*"
_CLAUSES = rf"((?:{_CLAUSE}(?: *+, *+{_CLAUSE})*)?)"
#: A name, extras, and clauses with or without parentheses; what a clause's version may be, `SpecifierSet` knows.
_ORDINARY = re.compile(rf" *+({_NAME}) *+(?:{_EXTRAS} *+)?(?P<open>\( *+)?{_CLAUSES} *+(?(open)\) *+)")
_LONG = 1000  #: characters of a requirement; real ones are far shorter
#: Python refuses to turn such a text into a number, but only when somebody looks at the version.
_ENDLESS = r"[0-9]{1000}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A package index of the simple repository API (PEP 503), as a manifest declares it.

    `url` is absolute: ``https:``, ``http:``, or ``file:`` for a folder that is either a simple repository or
    flat (wheels and sdists side by side). `packages` are `fnmatch` patterns over normalised names that this
    index owns: such names come from here and nowhere else. An `explicit` index is asked for no other names.
    Without `upload_times`, it says of no file when it was uploaded (PEP 700).
    """

    name: str
    url: str
    packages: tuple[str, ...] = ()
    explicit: bool = False
    upload_times: bool = True


class IndexFile(NamedTuple):
    """One file of an index page (PEP 503, 592, 658, 691, 700, 714).

    A named tuple, not a dataclass: pages hold thousands, are cached as plain tuples, and most are never looked
    at. `url` is absolute and without fragment. `hashes` as (algorithm, digest) pairs. `upload_time` is the
    index's ISO 8601 text. `yanked` is None, or the reason, which may be empty. `core_metadata` is None where
    the index does not say that it serves ``<url>.metadata``, else the hashes of that file, which may be none.
    """

    filename: str
    url: str
    hashes: tuple[tuple[str, str], ...] = ()
    requires_python: str | None = None
    size: int | None = None
    upload_time: str | None = None
    yanked: str | None = None
    core_metadata: tuple[tuple[str, str], ...] | None = None

    @property
    def is_wheel(self) -> bool:
        """Whether this is a wheel (else an sdist; other kinds of file are dropped by the page parser)."""
        return self.filename.endswith(".whl")


_PYTHON, _YANKED = map(IndexFile._fields.index, ("requires_python", "yanked"))

_WITH_PATCH = re.compile(r"\d+\.\d+\.[1-9]")


def names_patch(requires_python: object) -> bool:
    """Whether a Requires-Python text speaks of a patch version of Python."""
    return isinstance(requires_python, str) and _WITH_PATCH.search(requires_python) is not None


#: A release at a place of its listing: whether a file of it is yanked, and the texts of its Requires-Python that
#: speak of a patch version.
Remark: TypeAlias = tuple[int, bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Release:
    """All files of one version. `rows` are plain tuples in the order of `IndexFile`'s fields."""

    version: str
    rows: Sequence[tuple[object, ...]]

    @property
    def files(self) -> tuple[IndexFile, ...]:
        """The rows as values, made when asked for: most releases of a page are never looked at."""
        return tuple(IndexFile._make(row) for row in self.rows)

    @property
    def is_yanked(self) -> bool:
        """Whether nothing is left but yanked files (PEP 592)."""
        return bool(self.rows) and all(row[_YANKED] is not None for row in self.rows)

    @property
    def is_remarkable(self) -> bool:
        """Whether a file is yanked (PEP 592), or asks for a patch version of Python."""
        return self.remark(0) is not None

    def remark(self, place: int) -> Remark | None:
        """What is remarkable of a release that stands at this place of its listing; None for most."""
        rows = self.rows
        yanked = any(row[_YANKED] is not None for row in rows)
        pythons = sorted({str(row[_PYTHON]) for row in rows if names_patch(row[_PYTHON])})
        return (place, yanked, tuple(pythons)) if yanked or pythons else None


class Releases(Sequence[Release]):
    """The releases of a page in order: newest version first, each once and spelt as `str(Version)`.

    They are made when somebody looks at them; `rows` has the rows of each.
    """

    __slots__ = ("_rows", "versions")

    def __init__(self, versions: tuple[str, ...], rows: Sequence[Sequence[tuple[object, ...]]]) -> None:
        if len(versions) != len(rows):
            msg = f"{len(versions)} versions with the rows of {len(rows)}"
            raise ValueError(msg)
        self.versions = versions
        self._rows = rows

    def __len__(self) -> int:
        return len(self.versions)

    def __iter__(self) -> Iterator[Release]:
        return map(Release, self.versions, self._rows)

    @overload
    def __getitem__(self, place: int) -> Release: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Release, ...]: ...
    def __getitem__(self, place: int | slice) -> Release | tuple[Release, ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        return Release(self.versions[place], self._rows[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tuple | Releases) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """A file of a listing that comes from no index, but from where the manifest says.

    `url` is the file's in the listing; `origin` is how a lock names the source (PEP 751). Where `marker` is not
    None, the file exists only where that is true, and what indexes list only where no such marker is.
    """

    url: str
    origin: Origin
    marker: Marker | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one index says about one project: its releases, newest version first (PEP 440 order).

    `index` is the index's URL, '' where none is asked. `sourced` are the files that come from elsewhere. `status`
    is the project status of PEP 792 (``active`` if the index says none). `skipped` counts files whose names are no
    valid wheel or sdist name. `remarkable` says which releases are so, and why; None where nobody has looked.
    """

    name: NormalizedName
    index: str
    releases: Sequence[Release]
    status: str = "active"
    status_reason: str = ""
    skipped: int = 0
    sourced: tuple[Sourced, ...] = ()
    remarkable: tuple[Remark, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What resolution reads of a distribution's core metadata, as the texts that stand there."""

    name: NormalizedName
    version: str
    requires_python: str | None = None
    requires_dist: tuple[str, ...] = ()
    provides_extra: tuple[NormalizedName, ...] = ()
