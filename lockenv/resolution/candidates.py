"""What may be chosen: the releases of a project, in order, that a target can use.

Everything here is asked again and again by the search, so each answer is kept: a project's versions once for all
targets (`Projects`), usability and order once for each target (`Offers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.version import Version

from lockenv.manifest.model import ALL
from lockenv.packages import IndexFile, Listing, NormalizedName, Release
from lockenv.resolution.model import Policy
from lockenv.resolution.source import Source
from lockenv.targets import Target


@lru_cache(maxsize=8192)
def parse_version(text: str) -> Version:
    """Parse a PEP 440 version; equal text gives the same object. Raises `InvalidVersion`."""
    return Version(text)


@lru_cache(maxsize=8192)
def parse_specifier(text: str) -> SpecifierSet:
    """Parse a PEP 440 specifier set; equal text gives the same object. Raises `InvalidSpecifier`."""
    return SpecifierSet(text)


def python_specifier(text: str) -> SpecifierSet | None:
    """Parse a Requires-Python text; None where it is no specifier (PEP 440)."""
    try:
        return parse_specifier(text)
    except InvalidSpecifier:
        return None


@lru_cache(maxsize=16384)
def _tags(text: str) -> frozenset[Tag]:
    return frozenset(parse_tag(text))


def wheel_tags(filename: str) -> frozenset[Tag]:
    """The compatibility tags of a wheel's file name (PEP 427): the last three parts."""
    return _tags("-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:]))


def build_number(filename: str) -> tuple[int, str]:
    """The build tag of a wheel's file name (PEP 427), which breaks ties; (0, '') where there is none."""
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) != 6:
        return (0, "")
    digits = len(parts[2]) - len(parts[2].lstrip("0123456789"))
    return (int(parts[2][:digits] or 0), parts[2][digits:])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidate:
    """One version of a package, or of one extra of it, that the target can use. Compared by identity.

    `file` is what the target would install; its metadata counts. `yanked` is PEP 592's reason, or None.
    """

    name: NormalizedName
    extra: str
    version: Version
    release: Release
    index: str
    file: IndexFile
    yanked: str | None

    def __str__(self) -> str:
        return f"{self.name}[{self.extra}] {self.version}" if self.extra else f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Why the target cannot use a version."""

    version: Version
    reason: str


Offer: TypeAlias = Candidate | Unfit


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's versions, newest first, and its releases by version."""

    listing: Listing
    versions: tuple[Version, ...]
    releases: dict[Version, Release]
    has_final: bool


class Projects:
    """Listings turned into ordered versions, once for all targets."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[NormalizedName, Project | None] = {}

    def get(self, name: NormalizedName) -> Project | None:
        """All versions of a project; None where no index knows it. Raises `NetworkError`."""
        if name not in self._known:
            listing = self._source.listing(name)
            self._known[name] = None if listing is None else _project(listing)
        return self._known[name]


def _project(listing: Listing) -> Project:
    releases: dict[Version, Release] = {}
    for release in listing.releases:
        version = parse_version(release.version)
        earlier = releases.get(version)
        # '1.0' and '1.0.0' are one version (PEP 440) though an index may spell it in two ways.
        releases[version] = release if earlier is None else Release(earlier.version, earlier.rows + release.rows)
    versions = tuple(sorted(releases, reverse=True))
    has_final = any(not version.is_prerelease for version in versions)
    return Project(listing=listing, versions=versions, releases=releases, has_final=has_final)


class Offers:
    """What one target can use of each project, and in which order it is tried."""

    def __init__(self, projects: Projects, target: Target, policy: Policy) -> None:
        self._projects = projects
        self._target = target
        self._policy = policy
        self._offers: dict[tuple[NormalizedName, str, Version], Offer] = {}
        self._pythons: dict[str, bool] = {}

    def project(self, name: NormalizedName) -> Project | None:
        """All versions of a project, whether usable or not."""
        return self._projects.get(name)

    def offer(self, name: NormalizedName, extra: str, version: Version) -> Offer:
        """Say what the target can use of a version, or why it cannot."""
        key = (name, extra, version)
        known = self._offers.get(key)
        if known is None:
            known = self._judge(name, version) if not extra else self._with_extra(name, extra, version)
            self._offers[key] = known
        return known

    def accepts_python(self, requires_python: str | None) -> bool:
        """Whether a Requires-Python text admits the target's Python, upper bounds included.

        A text that is no specifier, such as ``>=3.5.*``, bounds nothing: so do pip and the index's own pages.
        """
        if not requires_python:
            return True
        known = self._pythons.get(requires_python)
        if known is None:
            specifier = python_specifier(requires_python)
            known = specifier is None or specifier.contains(self._target.python, prereleases=True)
            self._pythons[requires_python] = known
        return known

    def usable_files(self, name: NormalizedName, release: Release) -> tuple[IndexFile, ...]:
        """The files of a release to lock: the wheels this target can use and, where sdists count, the sdist."""
        files = [file for file in release.files if self._exists(file)]
        wheels = [file for file in files if file.is_wheel and self._rank(file) is not None]
        if _named(name, self._policy.no_binary):
            wheels = []
        sdists = [] if _named(name, self._policy.only_binary) else [f for f in files if not f.is_wheel][:1]
        return (*wheels, *sdists)

    def _with_extra(self, name: NormalizedName, extra: str, version: Version) -> Offer:
        plain = self.offer(name, "", version)
        if isinstance(plain, Unfit):
            return plain
        return replace(plain, extra=extra)

    def _judge(self, name: NormalizedName, version: Version) -> Offer:
        project = self._projects.get(name)
        if project is None:  # pragma: no cover - versions come from a project
            return Unfit(version=version, reason="unknown to every index")
        if project.listing.status == "quarantined":
            # PEP 792: a quarantined project must not be installed.
            return Unfit(version=version, reason="the index has put the project under quarantine")
        release = project.releases[version]
        files = release.files
        existing = [file for file in files if self._exists(file)]
        if not existing:
            return Unfit(version=version, reason=self._cut_off(files))
        current = [file for file in existing if file.yanked is None]
        yanked = None if current else existing[0].yanked
        fitting = [file for file in current or existing if self.accepts_python(file.requires_python)]
        if not fitting:
            wanted = next(file.requires_python for file in current or existing)
            return Unfit(version=version, reason=f"needs Python {wanted}")
        chosen = self._best(name, fitting)
        if isinstance(chosen, str):
            return Unfit(version=version, reason=chosen)
        return Candidate(
            name=name,
            extra="",
            version=version,
            release=release,
            index=project.listing.index,
            file=chosen,
            yanked=yanked,
        )

    def _best(self, name: NormalizedName, files: list[IndexFile]) -> IndexFile | str:
        ranked = [
            ((-rank, build_number(file.filename)), file)
            for file in files
            if file.is_wheel and (rank := self._rank(file)) is not None
        ]
        if ranked and not _named(name, self._policy.no_binary):
            return max(ranked, key=lambda entry: entry[0])[1]
        sdist = next((file for file in files if not file.is_wheel), None)
        if sdist is not None and self._may_build(name):
            return sdist
        return self._no_file(name, files, sdist)

    def _no_file(self, name: NormalizedName, files: list[IndexFile], sdist: IndexFile | None) -> str:
        if _named(name, self._policy.no_binary):
            why = "wheels are ruled out by `no-binary`"
        elif any(file.is_wheel for file in files):
            why = f"no wheel of it fits {self._target.name}"
        else:
            why = "it has no wheels"
        if sdist is None:
            return why
        if _named(name, self._policy.only_binary):
            return f"{why}, and `only-binary` rules out its source distribution"
        return f"{why}, and source distributions are not built"

    def _may_build(self, name: NormalizedName) -> bool:
        return name in self._policy.allow_build and not _named(name, self._policy.only_binary)

    def _rank(self, file: IndexFile) -> int | None:
        ranks = self._target.ranks
        return min((ranks[tag] for tag in wheel_tags(file.filename) if tag in ranks), default=None)

    def _cut_off(self, files: Iterable[IndexFile]) -> str:
        if any(file.upload_time is None for file in files):
            return "the index does not say when it was published, which `exclude-newer` needs"
        return f"published after the cut-off {self._policy.exclude_newer:%Y-%m-%d %H:%M %Z}".rstrip()

    def _exists(self, file: IndexFile) -> bool:
        cutoff = self._policy.exclude_newer
        if cutoff is None:
            return True
        return file.upload_time is not None and datetime.fromisoformat(file.upload_time) < cutoff


def _named(name: str, names: Iterable[str]) -> bool:
    return name in names or ALL in names
