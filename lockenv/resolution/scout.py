"""Guesses at what the search will ask for, so that the answers are on their way before it does.

A scout goes ahead in the threads of the source: from a listing to the version that will probably be chosen, from
that version's metadata to the listings that come next. It tells the search nothing, and what it looks at counts as
not asked: a wrong guess costs a request and never changes an answer (RESOLVER 4.4, tricks 10 and 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import InvalidRequirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.markers.truth import Truth
from lockenv.packages import (
    Listing,
    Metadata,
    NormalizedName,
    Requirement,
    canonicalize_name,
    parse_requirement,
)
from lockenv.resolution.candidates import AheadOfSearch, Candidate, Offers, Project
from lockenv.resolution.demands import Demand
from lockenv.resolution.model import Policy
from lockenv.resolution.reach import places
from lockenv.resolution.source import Wanted
from lockenv.targets import Target

_MOST_TRIES = 8  #: versions looked at for one that fits the target
_MOST_GUESSES = 4  #: of one package; a guess is made anew where a later requirement rules it out


class Scout:
    """Guesses for one target, and what the `others` will need beside. To be used from several threads at once.

    `first` are versions that are tried before the newest. Only `target` decides what is guessed of a package; of
    the others it is looked at which files they would take then, for these will be read before an answer counts.
    """

    def __init__(
        self,
        *,
        projects: AheadOfSearch,
        target: Target,
        policy: Policy,
        truth: Truth,
        first: Mapping[NormalizedName, tuple[Version, ...]],
        others: Iterable[tuple[Target, Truth]] = (),
    ) -> None:
        self._projects = projects
        self._offers = Offers(projects, target, policy)
        self._policy = policy
        self._truth = truth
        self._first = first
        others = tuple(others)
        self._others = tuple(Offers(projects, other, policy) for other, _ in others)
        self._truths = (truth, *(told for _, told in others))
        self._specifiers: dict[NormalizedName, list[SpecifierSet]] = {}
        self._extras: dict[NormalizedName, set[str]] = {}
        self._metadata: dict[NormalizedName, Metadata] = {}
        self._guesses: dict[NormalizedName, list[Version | None]] = {}
        for constraint in policy.constraints:
            if truth.would_apply(constraint):
                self._specifiers.setdefault(canonicalize_name(constraint.name), []).append(constraint.specifier)

    def start(self, demands: Iterable[Demand]) -> tuple[NormalizedName, ...]:
        """Say where to begin: the packages that are demanded."""
        names: dict[NormalizedName, None] = {}
        for demand in demands:
            extras = {demand.node.extra} - {""}
            names.update(dict.fromkeys(self._note(demand.node.name, demand.specifier, extras)))
        return tuple(names)

    def choose(self, listing: Listing) -> Wanted | None:
        """Say whose metadata will probably be asked for; None where there is no telling."""
        guesses = self._guesses.setdefault(listing.name, [])
        candidate = next(self._likely(self._projects.add(listing), self._offers), None)
        if len(guesses) >= _MOST_GUESSES or candidate is None or candidate.version in guesses:
            guesses.append(None if candidate is None else candidate.version)
            return None
        guesses.append(candidate.version)
        return candidate.name, str(candidate.version), candidate.file

    def follow(self, metadata: Metadata) -> tuple[NormalizedName, ...]:
        """Say which listings come next: those of what it requires with the extras that were asked for."""
        self._metadata[metadata.name] = metadata
        extras = {"", *self._extras.get(metadata.name, ())}
        return tuple(dict.fromkeys((*self._required(metadata, extras), *self._required_elsewhere(metadata))))

    def beside(self, listing: Listing, chosen: Wanted) -> tuple[Wanted, ...]:
        """Say which further files will be read: those that other targets would take, if they are not alike."""
        project = self._projects.add(listing)
        candidates = (next(self._likely(project, offers), None) for offers in self._others)
        found = {chosen[2].core_metadata or chosen[2].url: chosen}
        for candidate in candidates:
            for file in (candidate.file, *candidate.beside) if candidate is not None else ():
                if candidate is not None and file.is_wheel:
                    wanted = candidate.name, str(candidate.version), file
                    found.setdefault(file.core_metadata or file.url, wanted)
        return tuple(found.values())[1:]

    def pursue(self, metadata: Metadata) -> tuple[NormalizedName, ...]:
        """Say which listings come next after metadata from `beside`: those that nobody has been led to yet."""
        return tuple(dict.fromkeys(self._required_elsewhere(metadata)))

    def _required_elsewhere(self, metadata: Metadata) -> Iterator[NormalizedName]:
        """What is required on any target, without a say in what is guessed."""
        extras = {"", *self._extras.get(metadata.name, ())}
        for line in _lines(metadata):
            name = canonicalize_name(line.name)
            if name not in self._guesses and any(
                truth.would_apply(line, extra) for truth in self._truths for extra in extras
            ):
                self._guesses[name] = []
                self._extras.setdefault(name, set()).update(map(canonicalize_name, line.extras))
                yield name

    def _required(self, metadata: Metadata, extras: Iterable[str]) -> Iterator[NormalizedName]:
        for line in _lines(metadata):
            if any(self._truth.would_apply(line, extra) for extra in extras):
                yield from self._note(
                    canonicalize_name(line.name), line.specifier, set(map(canonicalize_name, line.extras))
                )

    def _note(self, name: NormalizedName, specifier: SpecifierSet, extras: set[str]) -> Iterator[NormalizedName]:
        """Remember a requirement, and name the listings that it makes worth another look."""
        self._specifiers.setdefault(name, []).append(specifier)
        known = self._extras.setdefault(name, set())
        added = extras - known
        known |= added
        if self._is_news(name, specifier):
            yield name
        elif added and name in self._metadata:
            yield from self._required(self._metadata[name], added)

    def _is_news(self, name: NormalizedName, specifier: SpecifierSet) -> bool:
        guesses = self._guesses.get(name)
        if guesses is None:
            self._guesses[name] = []
            return True
        last = guesses[-1] if guesses else None
        return last is not None and len(guesses) < _MOST_GUESSES and not specifier.contains(last, prereleases=True)

    def _likely(self, project: Project, offers: Offers) -> Iterator[Candidate]:
        found = (1 << len(project.versions)) - 1
        if project.has_final and self._policy.prereleases != "allow":
            found &= ~project.prereleases
        for specifier in tuple(self._specifiers.get(project.listing.name, ())):
            found = found & project.reach(specifier) or found
        for version in self._in_order(project, found):
            offer = offers.offer(project.listing.name, "", version)
            if isinstance(offer, Candidate) and offer.yanked is None:
                yield offer

    def _in_order(self, project: Project, found: int) -> Iterator[Version]:
        for version in self._first.get(project.listing.name, ()):
            number = project.numbers.get(version)
            if number is not None and found >> number & 1:
                yield version
        numbers = list(places(found))
        if self._policy.strategy == "lowest":
            numbers.reverse()
        yield from (project.versions[number] for number in numbers[:_MOST_TRIES])


def _lines(metadata: Metadata) -> Iterator[Requirement]:
    """What metadata requires from indexes; broken lines are for the search to find."""
    for text in metadata.requires_dist:
        try:
            line = parse_requirement(text)
        except InvalidRequirement:
            continue
        if line.url is None:
            yield line
