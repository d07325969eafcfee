"""What may be chosen: the releases of a project, in order, that a target can use.

Everything here is asked again and again by the search, so each answer is kept: a project's versions once for all
targets (`Projects`), usability and order once for each target (`Offers`).
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import count
from typing import Literal, NamedTuple, TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.version import Version

from lockenv.manifest.model import ALL
from lockenv.packages import IndexFile, Listing, NormalizedName, Origin, Release, Releases, Remark, parse_specifier
from lockenv.resolution.listed import ByVersion, Numbers, Versions, parse_version
from lockenv.resolution.model import Policy
from lockenv.resolution.reach import reach
from lockenv.resolution.source import Source
from lockenv.targets import Target
from lockenv.values import dataclass, field, replace


def python_specifier(text: str) -> SpecifierSet | None:
    """Parse a Requires-Python text; None where it is no specifier (PEP 440)."""
    if len(text) > _LONGEST:
        return None
    try:
        return parse_specifier(text)
    except InvalidSpecifier:
        return None


_LONGEST = 1000  #: characters of a specifier; real ones are far shorter, and numbers that never end are none


@lru_cache(maxsize=16384)
def _tags(text: str) -> frozenset[Tag]:
    return frozenset(parse_tag(text))


def tags_text(filename: str) -> str:
    """The compatibility tags of a wheel's file name as they stand there (PEP 427): the last three parts."""
    return "-".join(filename.removesuffix(".whl").rsplit("-", 3)[1:])


def wheel_tags(filename: str) -> frozenset[Tag]:
    """The compatibility tags of a wheel's file name (PEP 425)."""
    return _tags(tags_text(filename))


def build_number(filename: str) -> tuple[int, str]:
    """The build tag of a wheel's file name (PEP 427), which breaks ties; (0, '') where there is none."""
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) != 6:
        return _NO_BUILD
    digits = len(parts[2]) - len(parts[2].lstrip("0123456789"))
    return (int(parts[2][:digits] or 0), parts[2][digits:])


_NO_BUILD = (0, "")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Candidate:
    """One version of a package, or of one extra of it, that the target can use. Compared by identity.

    `file` is what the target would install; its metadata counts. `beside` are the files for the further platforms
    that the target speaks for. `yanked` is PEP 592's reason, or None. `origin` is the source that the manifest
    names, where the candidate comes from no index.
    """

    name: NormalizedName
    extra: str
    version: Version
    release: Release
    index: str
    file: IndexFile
    yanked: str | None
    beside: tuple[IndexFile, ...] = ()
    origin: Origin | None = None

    def __str__(self) -> str:
        return f"{self.name}[{self.extra}] {self.version}" if self.extra else f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Why the target cannot use a version, in words and in kind: for what of it there is a remedy."""

    version: Version
    reason: str
    kind: Literal["cut-off", "quarantine", "source", "python", "files"]


Offer: TypeAlias = Candidate | Unfit

#: The places of the file to install and of those for further platforms; or why there is none, '' for the Python.
_Choice: TypeAlias = tuple[int, tuple[int, ...]] | str


class Artifact(NamedTuple):
    """A file and what its name says: the tags (one text for all, '' for an sdist) and the build number.

    `asks` is the place of its Requires-Python among those of its release.
    """

    file: IndexFile
    tags: str
    build: tuple[int, str]
    asks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What counts of a release whatever the target: the files that `exclude-newer` leaves.

    `files` are those that are not yanked or, where all of them are, all; then `yanked` is the reason (PEP 592).
    Where nothing is left, `unfit` says why. `pythons` are the Requires-Python texts of the files, each once.
    `shape` is a number that releases share whose files have the same tags, builds and places among `pythons`.
    """

    files: tuple[Artifact, ...]
    yanked: str | None
    unfit: str
    pythons: tuple[str | None, ...] = ()
    shape: int = -1


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's versions, newest first, and its releases by version.

    `numbers` are the places of the versions: 0 is the newest. `prereleases` are those that need leave, as a set of
    places. `own` are the URLs of the files that come from where the manifest says, and `chosen` their versions:
    what is named that way is meant, whatever the rules for what indexes list.
    """

    listing: Listing
    versions: Sequence[Version]
    releases: Mapping[Version, Release]
    numbers: Mapping[Version, int]
    has_final: bool
    prereleases: int
    own: frozenset[str]
    chosen: frozenset[Version]
    published: dict[Version, Published] = field(default_factory=dict)
    yanked: list[tuple[Version, ...]] = field(default_factory=list)
    _reached: dict[int, tuple[SpecifierSet, int]] = field(default_factory=dict)

    @cached_property
    def patchy(self) -> tuple[tuple[int, str], ...]:
        """The releases whose Requires-Python speaks of a patch version, by their places, with that text."""
        return tuple((number, text) for number, _, pythons in self.remarks for text in pythons)

    @cached_property
    def remarks(self) -> tuple[Remark, ...]:
        """What is remarkable of releases, by their places among the versions."""
        listed = self.listing.remarkable
        if listed is not None and isinstance(self.versions, Versions):
            return listed
        found = (self.releases[version].remark(number) for number, version in enumerate(self.versions))
        return tuple(remark for remark in found if remark is not None)

    def reach(self, specifier: SpecifierSet) -> int:
        """The versions that a specifier contains, pre-releases too, as a set of places."""
        known = self._reached.get(id(specifier))
        if known is None:
            # The specifier is kept beside the answer so that its id stays taken.
            known = self._reached[id(specifier)] = (specifier, reach(specifier, self.versions))
        return known[1]


class Projects:
    """Listings turned into ordered versions and files, once for all targets."""

    def __init__(self, source: Source, policy: Policy) -> None:
        self._source = source
        self._policy = policy
        self._known: dict[NormalizedName, Project | None] = {}
        self._ahead: dict[NormalizedName, Project] = {}
        self.shapes = _Shapes()
        #: What demands reach, by their id, for those to whom nothing else counts; kept here for all targets.
        self.met: dict[int, tuple[object, int, int]] = {}

    def get(self, name: NormalizedName) -> Project | None:
        """All versions of a project; None where no index knows it. Raises `NetworkError`."""
        if name not in self._known:
            listing = self._source.listing(name)
            self._known[name] = None if listing is None else self.ahead(listing)
        return self._known[name]

    def ahead(self, listing: Listing) -> Project:
        """Make a project of a listing before it is asked for, from any thread; it counts as not known."""
        found = self._ahead.get(listing.name)
        if found is None or found.listing is not listing:
            found = self._ahead[listing.name] = _project(listing)
        return found

    def known(self, name: NormalizedName) -> Project | None:
        """A project that was asked for before; None for any other. Asks nobody."""
        return self._known.get(name)

    def published(self, project: Project, version: Version) -> Published:
        """Say what counts of a release."""
        found = project.published.get(version)
        if found is None:
            found = project.published[version] = self._publish(project, project.releases[version])
        return found

    def yanked(self, project: Project) -> tuple[Version, ...]:
        """The versions of which nothing is left but yanked files (PEP 592); found once."""
        if not project.yanked:
            suspects = (project.versions[number] for number, yanked, _ in project.remarks if yanked)
            project.yanked.append(tuple(version for version in suspects if self._is_yanked(project, version)))
        return project.yanked[0]

    def _is_yanked(self, project: Project, version: Version) -> bool:
        plain = not project.own and project.listing.status != "quarantined"
        if plain and self._policy.cutoff(project.listing.name) is None:
            # All files count, and most releases that are yanked are never looked at besides.
            return project.releases[version].is_yanked
        return self.published(project, version).yanked is not None

    def _publish(self, project: Project, release: Release) -> Published:
        own = [file for file in release.files if file.url in project.own]
        if project.listing.status == "quarantined" and not own:
            # PEP 792: a quarantined project must not be installed.
            return Published(files=(), yanked=None, unfit="the index has put the project under quarantine")
        cutoff = self._policy.cutoff(project.listing.name)
        untimed = project.listing.index in self._policy.untimed
        existing = [file for file in release.files if _exists(file, cutoff, untimed=untimed) or file in own]
        if not existing:
            return Published(files=(), yanked=None, unfit=_cut_off(release.files, cutoff))
        current = [file for file in existing if file.yanked is None]
        places: dict[str | None, int] = {}
        files = tuple(
            _artifact(file, places.setdefault(file.requires_python, len(places))) for file in current or existing
        )
        return Published(
            files=files,
            yanked=None if current else existing[0].yanked,
            unfit="",
            pythons=tuple(places),
            shape=self.shapes.number(tuple(each[1:] for each in files)),
        )


class _Shapes:
    """Numbers for what releases' files look like, as `Published` has it."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], int] = {}
        self._next = count()

    def number(self, shape: tuple[object, ...]) -> int:
        """The number of a shape, and of no other: several threads may be here."""
        return self._known.setdefault(shape, next(self._next))


class AheadOfSearch(Projects):
    """The projects that a guess came upon: made once for it and the search, to which they count as not known."""

    def __init__(self, projects: Projects, policy: Policy) -> None:
        self._projects = projects
        self._policy = policy
        self._known = {}
        # What is published is kept with the project, which both share.
        self.shapes = projects.shapes
        self.met = {}

    def add(self, listing: Listing) -> Project:
        """All versions of a listed project."""
        project = self._known[listing.name] = self._projects.ahead(listing)
        return project

    def get(self, name: NormalizedName) -> Project | None:
        """A project that was added. Asks nobody."""
        return self._known.get(name)


def _project(listing: Listing) -> Project:
    if isinstance(listing.releases, Releases) and not listing.sourced:
        return _in_order(listing, listing.releases)
    releases: dict[Version, Release] = {}
    for release in listing.releases:
        version = parse_version(release.version)
        earlier = releases.get(version)
        # '1.0' and '1.0.0' are one version (PEP 440) though an index may spell it in two ways.
        releases[version] = (
            release if earlier is None else Release(earlier.version, (*earlier.rows, *release.rows))
        )
    versions = tuple(sorted(releases, reverse=True))
    own = frozenset(each.url for each in listing.sourced)
    chosen = frozenset(version for version, release in releases.items() if own and _is_own(release, own))
    return Project(
        listing=listing,
        versions=versions,
        releases=releases,
        numbers={version: number for number, version in enumerate(versions)},
        has_final=any(not version.is_prerelease for version in versions),
        prereleases=sum(
            1 << number
            for number, version in enumerate(versions)
            if version.is_prerelease and version not in chosen
        ),
        own=own,
        chosen=chosen,
    )


def _in_order(listing: Listing, releases: Releases) -> Project:
    """Make a project of a page that is in order: nothing of it is parsed yet."""
    versions = Versions(releases.versions)
    numbers = Numbers(versions)
    prereleases = versions.prereleases()
    return Project(
        listing=listing,
        versions=versions,
        releases=ByVersion(numbers, releases),
        numbers=numbers,
        has_final=len(prereleases) < len(versions),
        prereleases=sum(1 << number for number in prereleases),
        own=frozenset(),
        chosen=frozenset(),
    )


def _is_own(release: Release, own: frozenset[str]) -> bool:
    return any(file.url in own for file in release.files)


def _artifact(file: IndexFile, asks: int) -> Artifact:
    filename = file.filename
    if not filename.endswith(".whl"):
        return Artifact(file, "", _NO_BUILD, asks)
    build = build_number(filename) if filename.count("-") == 5 else _NO_BUILD
    return Artifact(file, tags_text(filename), build, asks)


def _exists(file: IndexFile, cutoff: datetime | None, *, untimed: bool) -> bool:
    if cutoff is None:
        return True
    if file.upload_time is None:
        return untimed
    return datetime.fromisoformat(file.upload_time) < cutoff


def _cut_off(files: Iterable[IndexFile], cutoff: datetime | None) -> str:
    if any(file.upload_time is None for file in files):
        return "the index does not say when it was published, which `exclude-newer` needs"
    return f"published after the cut-off {cutoff:%Y-%m-%d %H:%M %Z}".rstrip()


class _Ranks(dict[str, int | None]):
    """How near a wheel's tags are to a target, by their text: 0 is best, None where it cannot be used."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __missing__(self, tags: str) -> int | None:
        ranks = self._target.ranks
        rank = self[tags] = min((ranks[tag] for tag in _tags(tags) if tag in ranks), default=None)
        return rank


class Offers:
    """What one target can use of each project, and in which order it is tried."""

    def __init__(self, projects: Projects, target: Target, policy: Policy) -> None:
        self._projects = projects
        self._target = target
        self._policy = policy
        self._offers: dict[tuple[NormalizedName, str, Version], Offer] = {}
        self._pythons: dict[str, bool] = {}
        self._ranks = _Ranks(target)
        self._elsewhere = tuple((name, frozenset(tags)) for name, tags in target.also)
        self._fits: dict[tuple[str, str], bool] = {}
        self._rules: dict[NormalizedName, tuple[bool, bool, bool]] = {}
        self._choices: dict[tuple[int, tuple[bool, ...], tuple[bool, bool, bool]], _Choice] = {}
        self._places: dict[tuple[int, tuple[bool, ...], tuple[bool, bool, bool]], tuple[int, ...]] = {}

    def project(self, name: NormalizedName) -> Project | None:
        """All versions of a project, whether usable or not."""
        return self._projects.get(name)

    @property
    def met(self) -> dict[int, tuple[object, int, int]]:
        """What demands reach, by their id, kept for all targets."""
        return self._projects.met

    def yanked(self, project: Project) -> tuple[Version, ...]:
        """The versions of a project of which nothing is left but yanked files (PEP 592)."""
        return self._projects.yanked(project)

    def asked(self) -> Mapping[tuple[NormalizedName, str, Version], Offer]:
        """Every answer given so far."""
        return self._offers

    def pythons_asked(self) -> Mapping[str, bool]:
        """Every Requires-Python text judged so far, and whether it admits the target."""
        return self._pythons

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

    def usable_files(self, candidate: Candidate) -> tuple[IndexFile, ...]:
        """The files of a candidate to lock: the wheels this target can use and, where sdists count, the sdist."""
        name = candidate.name
        project = self._projects.get(name)
        if project is None or candidate.origin is not None:
            return (candidate.file,)
        published = self._projects.published(project, candidate.version)
        if project.listing.sourced:
            accepted = tuple(map(self.accepts_python, published.pythons))
            return self._usable(name, self._here(project, published.files), accepted)
        accepted = tuple(map(self.accepts_python, published.pythons))
        key = (published.shape, accepted, self._rules_for(name))
        places = self._places.get(key)
        if places is None:
            numbered = {id(each.file): place for place, each in enumerate(published.files)}
            found = self._usable(name, published.files, accepted)
            places = self._places[key] = tuple(numbered[id(file)] for file in found)
        return tuple(published.files[place].file for place in places)

    def _usable(
        self, name: NormalizedName, files: Sequence[Artifact], accepted: Sequence[bool]
    ) -> tuple[IndexFile, ...]:
        wheels = () if named(name, self._policy.no_binary) else self._usable_wheels(files, accepted)
        sdists = [] if named(name, self._policy.only_binary) else [f.file for f in files if not f.tags][:1]
        return (*wheels, *sdists)

    def _usable_wheels(self, files: Iterable[Artifact], accepted: Sequence[bool]) -> tuple[IndexFile, ...]:
        ranks = self._ranks
        return tuple(
            file
            for file, tags, _, asks in files
            if tags
            and accepted[asks]
            and (
                ranks[tags] is not None
                or (self._elsewhere and any(self._fits_elsewhere(tags, place) for place in self._elsewhere))
            )
        )

    def _with_extra(self, name: NormalizedName, extra: str, version: Version) -> Offer:
        plain = self.offer(name, "", version)
        if isinstance(plain, Unfit):
            return plain
        return replace(plain, extra=extra)

    def _judge(self, name: NormalizedName, version: Version) -> Offer:
        project = self._projects.get(name)
        if project is None:  # pragma: no cover - versions come from a project
            return Unfit(version=version, reason="unknown to every index", kind="source")
        published = self._projects.published(project, version)
        if published.unfit:
            held_back = project.listing.status == "quarantined"
            kind: Literal["quarantine", "cut-off"] = "quarantine" if held_back else "cut-off"
            return Unfit(version=version, reason=published.unfit, kind=kind)
        if not project.listing.sourced:
            return self._of_index(project, published, name, version)
        return self._of_sources(project, published, name, version)

    def _of_sources(self, project: Project, published: Published, name: NormalizedName, version: Version) -> Offer:
        """Judge a release of a package for which the manifest names sources."""
        files = self._here(project, published.files)
        if not files:
            reason = f"[sources] takes {name} from elsewhere on {self._target.name}"
            if version in project.chosen:
                reason = "[sources] names it for other targets"
            return Unfit(version=version, reason=reason, kind="source")
        fitting = [each for each in files if self.accepts_python(each.file.requires_python)]
        if not fitting:
            reason = f"needs Python {files[0].file.requires_python}"
            return Unfit(version=version, reason=reason, kind="python")
        own = fitting[0].file.url in project.own
        chosen = self._best_own(fitting) if own else self._best(name, fitting)
        if isinstance(chosen, str):
            return Unfit(version=version, reason=chosen, kind="files")
        return Candidate(
            name=name,
            extra="",
            version=version,
            release=project.releases[version],
            index=project.listing.index,
            file=chosen,
            yanked=published.yanked,
            beside=self._beside(chosen, fitting),
            origin=next((each.origin for each in project.listing.sourced if each.url == chosen.url), None),
        )

    def _of_index(self, project: Project, published: Published, name: NormalizedName, version: Version) -> Offer:
        """Judge a release of an index, by the shape of its files: most projects' releases are of a few shapes."""
        rules = self._rules_for(name)
        accepted = tuple(map(self.accepts_python, published.pythons))
        choice = self._choices.get((published.shape, accepted, rules))
        if choice is None:
            choice = self._chosen_of(name, published.files, accepted)
            self._choices[published.shape, accepted, rules] = choice
        if isinstance(choice, str):
            reason = choice or f"needs Python {published.files[0].file.requires_python}"
            return Unfit(version=version, reason=reason, kind="files" if choice else "python")
        place, beside = choice
        return Candidate(
            name=name,
            extra="",
            version=version,
            release=project.releases[version],
            index=project.listing.index,
            file=published.files[place].file,
            yanked=published.yanked,
            beside=tuple(published.files[each].file for each in beside),
        )

    def _rules_for(self, name: NormalizedName) -> tuple[bool, bool, bool]:
        """What the policy says of a package's files, in short."""
        rules = self._rules.get(name)
        if rules is None:
            policy = self._policy
            rules = (self._may_build(name), named(name, policy.no_binary), named(name, policy.only_binary))
            self._rules[name] = rules
        return rules

    def _chosen_of(self, name: NormalizedName, files: Sequence[Artifact], accepted: Sequence[bool]) -> _Choice:
        fitting = [each for each in files if accepted[each.asks]]
        if not fitting:
            return ""
        chosen = self._best(name, fitting)
        if isinstance(chosen, str):
            return chosen
        beside = self._beside(chosen, fitting)
        places = {id(each.file): place for place, each in enumerate(files)} if beside else {}
        place = next(place for place, each in enumerate(files) if each.file is chosen)
        return place, tuple(places[id(file)] for file in beside)

    def _here(self, project: Project, files: Sequence[Artifact]) -> Sequence[Artifact]:
        """The files that exist on the target: where the manifest names sources, markers may tell them apart."""
        sourced = project.listing.sourced
        if not sourced:
            return files
        variables = self._target.variables
        valid = {each.url for each in sourced if each.marker is None or each.marker.evaluate(dict(variables))}
        return [
            each for each in files if each.file.url in valid or (not valid and each.file.url not in project.own)
        ]

    def _beside(self, chosen: IndexFile, files: Iterable[Artifact]) -> tuple[IndexFile, ...]:
        """A file for each further platform of the target: the first wheel that fits there."""
        if not chosen.is_wheel or not self._elsewhere:
            return ()
        fitting = (
            next((each.file for each in files if each.tags and self._fits_elsewhere(each.tags, place)), chosen)
            for place in self._elsewhere
        )
        return tuple(file for file in dict.fromkeys(fitting) if file != chosen)

    def _best_own(self, files: list[Artifact]) -> IndexFile | str:
        """The file that the manifest names: a wheel has to fit, and all else is built."""
        file, tags, _, _ = files[0]
        if not tags:
            return file
        fits = self._ranks[tags] is not None and all(self._any_fits(files, place) for place in self._elsewhere)
        return file if fits else f"{file.filename}, which [sources] names, does not fit {self._target.name}"

    def _best(self, name: NormalizedName, files: list[Artifact]) -> IndexFile | str:
        sdist = next((each.file for each in files if not each.tags), None)
        if not named(name, self._policy.no_binary):
            ranks = self._ranks
            ranked = [
                ((-rank, build), file)
                for file, tags, build, _ in files
                if tags and (rank := ranks[tags]) is not None
            ]
            lacking = next((place[0] for place in self._elsewhere if not self._any_fits(files, place)), None)
            if ranked and (lacking is None or (sdist is not None and self._may_build(name))):
                return max(ranked, key=operator.itemgetter(0))[1]
        if sdist is not None and self._may_build(name):
            return sdist
        return self._no_file(name, files, sdist)

    def _any_fits(self, files: Iterable[Artifact], place: tuple[str, frozenset[Tag]]) -> bool:
        return any(self._fits_elsewhere(each.tags, place) for each in files if each.tags)

    def _fits_elsewhere(self, tags: str, place: tuple[str, frozenset[Tag]]) -> bool:
        name, accepted = place
        known = self._fits.get((tags, name))
        if known is None:
            known = self._fits[tags, name] = not accepted.isdisjoint(_tags(tags))
        return known

    def _no_file(self, name: NormalizedName, files: list[Artifact], sdist: IndexFile | None) -> str:
        if named(name, self._policy.no_binary):
            why = "wheels are ruled out by `no-binary`"
        elif any(each.tags for each in files):
            why = f"no wheel of it fits {self._target.name}"
        else:
            why = "it has no wheels"
        if sdist is None:
            return why
        if named(name, self._policy.only_binary):
            return f"{why}, and `only-binary` rules out its source distribution"
        return f"{why}, and [build] does not allow to build its source distribution"

    def _may_build(self, name: NormalizedName) -> bool:
        return name in self._policy.allow_build and not named(name, self._policy.only_binary)


def named(name: str, names: Iterable[str]) -> bool:
    """Whether a list of names of the manifest's `[resolution]` speaks of a package."""
    return name in names or ALL in names
