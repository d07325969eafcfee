"""The provider: the answers that resolvelib's search asks for, on one target.

The order in which packages are decided, and the caches without which no real set of packages is resolved in
reasonable time, are those of RESOLVER 4.3 and 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from resolvelib.structs import RequirementInformation

from lockenv.errors import MetadataError
from lockenv.events import Noted, Reporter
from lockenv.graph import Node
from lockenv.markers.truth import Truth
from lockenv.packages import Metadata, NormalizedName, Requirement, canonicalize_name
from lockenv.resolution.candidates import Candidate, Offer, Offers, Project, Unfit
from lockenv.resolution.demands import (
    Demand,
    Dependencies,
    Impossible,
    Want,
    check_identity,
    impossible,
    own_version,
    provides,
)
from lockenv.resolution.domains import SetProvider
from lockenv.resolution.listed import parse_version
from lockenv.resolution.model import Held, Policy
from lockenv.resolution.reach import places
from lockenv.resolution.readings import Readings
from lockenv.resolution.source import Source

Information: TypeAlias = RequirementInformation[Want, Candidate]

#: What a demand may give leave for, as flags.
_PRERELEASES, _YANKED = 1, 2

#: After this many rejected versions of a package the next ones are fetched ahead, and more at once each time.
_TRIES_BEFORE_BATCH = 4


class Provider(SetProvider[Want, Candidate, Node]):
    """Answers for one target. Not for use by several searches at once."""

    def __init__(
        self,
        *,
        source: Source,
        readings: Readings,
        offers: Offers,
        truth: Truth,
        policy: Policy,
        roots: Iterable[NormalizedName],
        preferences: Mapping[NormalizedName, tuple[Version, ...]],
        held: Mapping[NormalizedName, Held],
        reporter: Reporter,
    ) -> None:
        """`preferences` are versions to try before all others, best first; `held` is what the old lock holds."""
        self._source = source
        self._readings = readings
        self._offers = offers
        self._policy = policy
        self._dependencies = Dependencies(truth, policy)
        self._rank_of_root = {name: rank for rank, name in enumerate(sorted(roots))}
        self._preferences = preferences
        self._held = held
        self._report = reporter
        self._constraints = _constraints(policy.constraints, truth)
        # Without constraints, what demands reach is the same for all targets.
        self._met: dict[int, tuple[object, int, int]] = {} if self._constraints else offers.met
        self._closed: dict[NormalizedName, tuple[int, int]] = {}
        self._unfit: dict[NormalizedName, int] = {}
        self._wants: dict[int, tuple[Candidate, tuple[Want, ...]]] = {}
        self._tries: dict[NormalizedName, int] = {}
        self._own: dict[int, Demand] = {}
        self._lacking: dict[int, tuple[Candidate, bool]] = {}
        self._insisting: dict[int, tuple[Demand, bool]] = {}
        self._announced: set[int] = set()
        self.looked_at: list[Candidate] = []
        self.witnesses: list[Candidate] = []
        self.skipped: dict[NormalizedName, dict[Version, str]] = {}
        self.broken: dict[NormalizedName, dict[Version, str]] = {}

    # -- resolvelib's contract ---------------------------------------------------------------------------

    def identify(self, requirement_or_candidate: Want | Candidate) -> Node:
        """Give the node that a demand or candidate speaks of."""
        if isinstance(requirement_or_candidate, Candidate):
            return Node(requirement_or_candidate.name, requirement_or_candidate.extra)
        return requirement_or_candidate.node

    def find_matches(
        self,
        identifier: Node,
        requirements: Mapping[Node, Iterator[Want]],
        incompatibilities: Mapping[Node, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]]:
        """Give the candidates that all demands on a node admit, best first, judged one by one when asked for."""
        # An orphan may be asked about with no requirement at all (RESOLVER 4.1).
        wants = list(requirements.get(identifier, ()))
        reached, leave = self._left(identifier, wants)
        left = likely = self.admitted(identifier, leave, reached)
        bad = {id(candidate) for candidate in incompatibilities.get(identifier, ())}
        if identifier.extra and left:
            package = Node(identifier.name)
            likely = self.admitted(package, *self._left(package, [*wants, *requirements.get(package, ())])[::-1])
        yanked = reached & self._closed_to(identifier)[1]
        return lambda: self._candidates(identifier, (left & likely, left & ~likely), yanked & ~left, bad)

    def is_satisfied_by(self, requirement: Want, candidate: Candidate) -> bool:
        """Whether a candidate meets a demand. Whether it has leave was settled when it was offered."""
        return bool(self.reach(requirement) & self.bit(candidate))

    def get_dependencies(self, candidate: Candidate) -> Iterator[Want]:
        """Yield all that a candidate needs; an impossible demand if it cannot be used at all.

        An extra first demands its own package at its own version, so that a version which does not fit costs no
        metadata.
        """
        if candidate.extra:
            yield self._own_version(candidate)
        yield from self._needs(candidate)

    def _needs(self, candidate: Candidate) -> tuple[Want, ...]:
        """What a candidate needs, beside its own package if it is an extra."""
        known = self._wants.get(id(candidate))
        if known is None:
            wants = self._read_dependencies(candidate)
            # The candidate is kept beside the answer so that its id stays taken.
            known = (candidate, wants)
            self._wants[id(candidate)] = known
            for want in wants:
                if isinstance(want, Impossible) and want.broken:
                    self.broken.setdefault(candidate.name, {})[candidate.version] = want.reason
            names = {want.node.name for want in wants if isinstance(want, Demand)} - self._readings.announced
            if names:
                self._readings.announced |= names
                self._source.prefetch_listings(sorted(names))
        return known[1]

    def get_preference(
        self,
        identifier: Node,
        resolutions: Mapping[Node, Candidate],
        candidates: Mapping[Node, Iterator[Candidate]],
        information: Mapping[Node, Iterator[Information]],
        backtrack_causes: Sequence[Information],
    ) -> tuple[int, int, NormalizedName, bool]:
        """Say when a node is decided: tightest first, then roots, then by name; extras before their package."""
        del resolutions, candidates, backtrack_causes
        wants = (info.requirement for info in information[identifier])
        tightness = min((want.tightness if isinstance(want, Demand) else 0 for want in wants), default=3)
        root = self._rank_of_root.get(identifier.name, len(self._rank_of_root))
        return (tightness, root, identifier.name, not identifier.extra)

    # -- candidates as sets: bit 0 is the newest version of a project -----------------------------------------

    def bit(self, candidate: Candidate) -> int:
        """The set of this one candidate."""
        return 1 << self._numbers(candidate.name)[candidate.version]

    def reach(self, requirement: Want) -> int:
        """The candidates that meet a demand and the manifest's constraints."""
        return self._meets(requirement)[1]

    def leave(self, requirement: Want) -> int:
        """Whether a demand opens pre-releases (1), because it names one, and yanked ones (2), because it pins one.

        Only the package's own node decides on that, because only there do all demands meet: so an extra's demand
        on its package gives no leave.
        """
        return self._meets(requirement)[2]

    def admitted(self, identifier: Node, leave: int, among: int) -> int:
        """Those of some candidates that may be chosen with this leave."""
        prereleases, yanked = self._closed_to(identifier)
        shut = (0 if leave & _PRERELEASES else prereleases) | (0 if leave & _YANKED else yanked)
        return among & ~shut

    def unfit(self, identifier: Node) -> int:
        """The candidates that were found to be of no use to the target."""
        return self._unfit.get(identifier.name, 0)

    # -- what is tried first (`lockenv.resolution.foregone`) ----------------------------------------------------

    def tried_first(self, node: Node) -> Candidate | None:
        """The candidate that is tried first whatever is demanded of a node, as long as that takes it.

        None where there is none, or something about it is out of the ordinary: it needs leave, newer ones have to
        be passed over, or it may have to be built to say what it requires.
        """
        project = self._offers.project(node.name)
        first = self._preferences.get(node.name)
        if project is None or (not first and self._policy.strategy != "highest"):
            return None
        prereleases, yanked = self._closed_to(Node(node.name))
        open_ = (1 << len(project.versions)) - 1 & ~prereleases & ~yanked
        number = project.numbers.get(first[0]) if first else next(places(open_), None)
        if number is None or not open_ >> number & 1 or (not first and yanked & (1 << number) - 1):
            return None
        offer = self._offers.offer(node.name, node.extra, project.versions[number])
        if isinstance(offer, Unfit) or offer.yanked is not None or not self._readings.is_at_hand(offer):
            return None
        self._announce(offer)
        return offer

    def takes_at_once(self, want: Want, candidate: Candidate) -> bool:
        """Whether a demand takes the candidate that is tried first, and lets nothing be tried before it."""
        opens = self.leave(want) & _PRERELEASES and candidate.name not in self._preferences
        return not opens and self.is_satisfied_by(want, candidate)

    # -- extras that not every version has (docs/decisions) -----------------------------------------------------

    def refuses(self, requirement: Want, candidate: Candidate) -> bool:
        """Whether a demand on an extra does not take a version, because it lacks the extra and newer ones have it.

        That is so where the newest version of its own range that the target could use has the extra.
        """
        if not (candidate.extra and isinstance(requirement, Demand) and self.lacks(candidate)):
            return False
        refused = self._insists(requirement)
        if refused:
            self._fetch_ahead(candidate)
            self._skip(candidate.name, candidate.version, f"it has no extra {candidate.extra!r}")
        return refused

    def lacks(self, candidate: Candidate) -> bool:
        """Whether an extra does not exist in its version. One whose metadata is broken lacks nothing."""
        known = self._lacking.get(id(candidate))
        if known is None:
            self._needs(candidate)
            try:
                lacking = not provides(self.metadata(candidate), candidate.extra)
            except MetadataError:
                lacking = False
            known = self._lacking[id(candidate)] = (candidate, lacking)
            if lacking:
                self.witnesses.append(candidate)
        return known[1]

    def _insists(self, demand: Demand) -> bool:
        known = self._insisting.get(id(demand))
        if known is None:
            newest = self._newest(demand)
            insists = newest is not None and provides(self.metadata(newest), demand.node.extra)
            # The demand is kept beside the answer so that its id stays taken.
            known = self._insisting[id(demand)] = (demand, insists)
        return known[1]

    def _newest(self, demand: Demand) -> Candidate | None:
        """The newest version in a demand's own range that the target could use, whatever else is demanded."""
        name, leave = demand.node.name, self.leave(demand)
        project = self._offers.project(name)
        for number in places(self.admitted(Node(name), leave, self.reach(demand))):
            offer = self._offers.offer(name, "", project.versions[number]) if project is not None else None
            # What the old lock holds counts for nothing here: the answer rests on demand and target alone.
            if not isinstance(offer, Candidate) or (offer.yanked is not None and not leave & _YANKED):
                continue
            self.witnesses.append(offer)
            if not any(isinstance(want, Impossible) for want in self._needs(offer)):
                return offer
        return None

    # -- what others ask -----------------------------------------------------------------------------------

    def metadata(self, candidate: Candidate) -> Metadata:
        """Read a candidate's metadata. Raises `MetadataError` or `NetworkError`."""
        return self._readings.metadata(candidate)

    def override(self, requirement: Requirement) -> Requirement:
        """Put the manifest's override in a root requirement's place where one holds here."""
        return self._dependencies.override(requirement)

    def project(self, name: NormalizedName) -> Project | None:
        """All versions of a project, for explanations."""
        return self._offers.project(name)

    def constraint(self, name: NormalizedName) -> SpecifierSet:
        """The constraints on a package that hold on this target."""
        return self._constraints.get(name, SpecifierSet())

    def offer(self, name: NormalizedName, version: Version) -> Offer:
        """What the target can use of a version, or why it cannot. Fetches nothing."""
        return self._offers.offer(name, "", version)

    @property
    def policy(self) -> Policy:
        """What shapes the answers."""
        return self._policy

    def overridden(self, name: NormalizedName) -> bool:
        """Whether the manifest overrides what is required of a package here."""
        return self._dependencies.overridden(name)

    def _own_version(self, candidate: Candidate) -> Demand:
        known = self._own.get(id(candidate))
        if known is None:
            known = self._own[id(candidate)] = own_version(candidate)
        return known

    # -- inside ---------------------------------------------------------------------------------------------

    def _numbers(self, name: NormalizedName) -> Mapping[Version, int]:
        project = self._offers.project(name)
        return project.numbers if project is not None else {}

    def _meets(self, want: Want) -> tuple[object, int, int]:
        known = self._met.get(id(want))
        if known is None:
            # The demand is kept beside the answer so that its id stays taken.
            known = self._met[id(want)] = (want, *self._judged(want))
        return known

    def _judged(self, want: Want) -> tuple[int, int]:
        if isinstance(want, Impossible):
            return 0, 0
        if not want.direct:
            own = self._numbers(want.node.name).get(parse_version(next(iter(want.specifier)).version))
            return (0 if own is None else 1 << own), 0
        prereleases = _PRERELEASES if want.specifier.prereleases else 0
        yanked = _YANKED if want.tightness == 0 else 0
        return self._reach_of(want.node.name, want.specifier), prereleases | yanked

    def _reach_of(self, name: NormalizedName, specifier: SpecifierSet) -> int:
        project = self._offers.project(name)
        if project is None:
            return 0
        constraint = self._constraints.get(name)
        return project.reach(specifier) & (-1 if constraint is None else project.reach(constraint))

    def _closed_to(self, node: Node) -> tuple[int, int]:
        """The candidates that need leave, as pre-releases and as yanked ones; none for an extra."""
        if node.extra:
            return 0, 0
        known = self._closed.get(node.name)
        if known is None:
            known = self._closed[node.name] = self._shut(node.name)
        return known

    def _shut(self, name: NormalizedName) -> tuple[int, int]:
        """The versions that need leave: because they are pre-releases, and because they are yanked."""
        project = self._offers.project(name)
        if project is None:
            return 0, 0
        opened = (
            self._policy.prereleases == "allow"
            or bool(self.constraint(name).prereleases)
            or (self._policy.prereleases == "if-necessary" and not project.has_final)
        )
        held = self._held.get(name)
        prereleases = 0 if opened else project.prereleases
        numbers = project.numbers
        # PEP 592: only if a specifier pins it (`==` without wildcard, or `===`), or the old lock holds it.
        yanked = sum(
            1 << numbers[version]
            for version in self._offers.yanked(project)
            if held is None or held.version != version
        )
        return prereleases, yanked

    def _left(self, node: Node, wants: Iterable[Want]) -> tuple[int, int]:
        """The candidates that all demands on a node reach, and the leave that these give."""
        left, leave = (1 << len(self._numbers(node.name))) - 1, 0
        for want in wants:
            left &= self.reach(want)
            leave |= self.leave(want)
        return left, leave

    def _in_order(self, name: NormalizedName, found: int) -> Iterator[Version]:
        """The versions of a set, those that are preferred first, then the newest or the oldest."""
        project = self._offers.project(name)
        if project is None or not found:
            return
        for version in self._preferences.get(name, ()):
            number = self._numbers(name).get(version)
            if number is not None and found >> number & 1:
                found &= ~(1 << number)
                yield version
        lowest = self._policy.strategy == "lowest" or (
            self._policy.strategy == "lowest-direct" and name in self._rank_of_root
        )
        numbers = reversed(list(places(found))) if lowest else places(found)
        yield from (project.versions[number] for number in numbers)

    def _candidates(self, node: Node, sets: Sequence[int], yanked: int, bad: set[int]) -> Iterator[Candidate]:
        """Judge one after the other: first those of the first set. Yanked ones are passed over."""
        first, *rest = sets
        for version in chain.from_iterable(self._in_order(node.name, each) for each in (first | yanked, *rest)):
            offer = self._offers.offer(node.name, node.extra, version)
            if isinstance(offer, Unfit):
                self._unfit[node.name] = self.unfit(node) | 1 << self._numbers(node.name)[version]
                self._skip(node.name, version, offer.reason)
            elif offer.yanked is not None and yanked & self.bit(offer):
                self._skip(node.name, version, _yanked(offer.yanked))
            elif id(offer) not in bad:
                self._announce(offer)
                yield offer

    def _announce(self, candidate: Candidate) -> None:
        """Say once that the metadata of a candidate will be asked for."""
        if candidate.extra or id(candidate) in self._announced:
            return
        # What was offered is kept, so that its id stays taken.
        self._announced.add(id(candidate))
        file = self._readings.file_for(candidate)
        self._source.prefetch_metadata([(candidate.name, str(candidate.version), file)], self._dependencies.names)

    def _read_dependencies(self, candidate: Candidate) -> tuple[Want, ...]:
        if not candidate.extra:
            self._fetch_ahead(candidate)
        self.looked_at.append(candidate)
        try:
            metadata = self.metadata(candidate)
            check_identity(candidate, metadata)
        except MetadataError as error:
            self._skip(candidate.name, candidate.version, error.message)
            return (impossible(candidate, error.message, broken=True),)
        if not self._offers.accepts_python(metadata.requires_python):
            reason = f"needs Python {metadata.requires_python}"
            self._skip(candidate.name, candidate.version, reason)
            return (impossible(candidate, reason),)
        return self._dependencies.of(candidate, metadata)

    def _fetch_ahead(self, candidate: Candidate) -> None:
        """Once several versions of a package were in vain, have the metadata of the next ones fetched at once."""
        tries = self._tries[candidate.name] = self._tries.get(candidate.name, 0) + 1
        project = self._offers.project(candidate.name)
        # At 4, 12, 28 and so on, as many as that: so all of a long listing takes few round trips.
        batch = tries + _TRIES_BEFORE_BATCH
        if batch < 2 * _TRIES_BEFORE_BATCH or batch & (batch - 1) or project is None:
            return
        older = [version for version in project.versions if version < candidate.version][:batch]
        offers = (self._offers.offer(candidate.name, "", version) for version in older)
        self._source.prefetch_metadata(
            [
                (offer.name, str(offer.version), self._readings.file_for(offer))
                for offer in offers
                if isinstance(offer, Candidate)
            ],
            self._dependencies.names,
        )

    def _skip(self, name: NormalizedName, version: Version, reason: str) -> None:
        reasons = self.skipped.setdefault(name, {})
        if version not in reasons:
            reasons[version] = reason
            self._report(Noted(message=f"{name} {version}: {reason}"))


def _yanked(reason: str) -> str:
    return f"yanked: {reason}" if reason else "yanked"


def _constraints(constraints: Iterable[Requirement], truth: Truth) -> dict[NormalizedName, SpecifierSet]:
    found: dict[NormalizedName, SpecifierSet] = {}
    for constraint in constraints:
        if truth.applies(constraint):
            name = canonicalize_name(constraint.name)
            found[name] = found.get(name, SpecifierSet()) & constraint.specifier
    return found
