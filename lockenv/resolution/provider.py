"""The provider: the answers that resolvelib's search asks for, on one target.

The order in which packages are decided, and the caches without which no real set of packages is resolved in
reasonable time, are those of RESOLVER 4.3 and 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from resolvelib import AbstractProvider
from resolvelib.structs import RequirementInformation

from lockenv.errors import MetadataError
from lockenv.events import Noted, Reporter
from lockenv.graph import Node
from lockenv.markers.truth import Truth
from lockenv.packages import Metadata, NormalizedName, Requirement, canonicalize_name
from lockenv.resolution.candidates import Candidate, Offers, Project, Unfit, parse_specifier
from lockenv.resolution.demands import (
    Demand,
    Dependencies,
    Impossible,
    Want,
    check_identity,
    impossible,
    own_version,
)
from lockenv.resolution.model import Policy
from lockenv.resolution.source import Source

Information: TypeAlias = RequirementInformation[Want, Candidate]

#: After this many rejected versions of a package the next ones are fetched ahead, this many at once.
_TRIES_BEFORE_BATCH, _BATCH = 4, 8


class Provider(AbstractProvider[Want, Candidate, Node]):
    """Answers for one target. Not for use by several searches at once."""

    def __init__(
        self,
        *,
        source: Source,
        offers: Offers,
        truth: Truth,
        policy: Policy,
        roots: Iterable[NormalizedName],
        preferences: Mapping[NormalizedName, Version],
        reporter: Reporter,
    ) -> None:
        self._source = source
        self._offers = offers
        self._policy = policy
        self._dependencies = Dependencies(truth, policy)
        self._rank_of_root = {name: rank for rank, name in enumerate(sorted(roots))}
        self._preferences = preferences
        self._report = reporter
        self._constraints = _constraints(policy.constraints, truth)
        self._matching: dict[tuple[NormalizedName, frozenset[str], bool], tuple[Version, ...]] = {}
        self._wants: dict[int, tuple[Candidate, tuple[Want, ...]]] = {}
        self._tries: dict[NormalizedName, int] = {}
        self._met: dict[tuple[int, int], bool] = {}
        self._own: dict[int, Demand] = {}
        self._tightness: dict[int, tuple[Want, int]] = {}
        self.warnings: dict[str, None] = {}
        self.skipped: dict[NormalizedName, dict[Version, str]] = {}

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
        if any(isinstance(want, Impossible) for want in wants):
            return lambda: iter(())
        demands = [want for want in wants if isinstance(want, Demand)]
        bad = {id(candidate) for candidate in incompatibilities.get(identifier, ())}
        if identifier.extra:
            package = Node(identifier.name)
            others = [want for want in requirements.get(package, ()) if isinstance(want, Demand)]
            versions = self._for_extra(identifier.name, demands, others)
        else:
            versions = self._admitted(identifier.name, demands)
        return lambda: self._candidates(identifier, versions, demands, bad)

    def is_satisfied_by(self, requirement: Want, candidate: Candidate) -> bool:
        """Whether a candidate meets a demand."""
        if isinstance(requirement, Impossible):
            return False
        key = (id(requirement), id(candidate))
        known = self._met.get(key)
        if known is None:
            # Whether pre-releases count was settled when the candidate was offered.
            known = requirement.specifier.contains(candidate.version, prereleases=True)
            self._met[key] = known
        return known

    def get_dependencies(self, candidate: Candidate) -> Iterator[Want]:
        """Yield all that a candidate needs; an impossible demand if it cannot be used at all.

        An extra first demands its own package at its own version, so that a version which does not fit costs no
        metadata.
        """
        if candidate.extra:
            yield self._own_version(candidate)
        known = self._wants.get(id(candidate))
        if known is None:
            wants = self._read_dependencies(candidate)
            # The candidate is kept beside the answer so that its id stays taken.
            known = (candidate, wants)
            self._wants[id(candidate)] = known
            names = {want.node.name for want in wants if isinstance(want, Demand)}
            self._source.prefetch_listings(sorted(names))
        yield from known[1]

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
        tightness = min((self._tightness_of(info.requirement) for info in information[identifier]), default=3)
        root = self._rank_of_root.get(identifier.name, len(self._rank_of_root))
        return (tightness, root, identifier.name, not identifier.extra)

    # -- what others ask -----------------------------------------------------------------------------------

    def metadata(self, candidate: Candidate) -> Metadata:
        """Read a candidate's metadata. Raises `MetadataError` or `NetworkError`."""
        return self._source.metadata(candidate.name, str(candidate.version), candidate.file)

    def override(self, requirement: Requirement) -> Requirement:
        """Put the manifest's override in a root requirement's place where one holds here."""
        return self._dependencies.override(requirement)

    def project(self, name: NormalizedName) -> Project | None:
        """All versions of a project, for explanations."""
        return self._offers.project(name)

    def constraint(self, name: NormalizedName) -> SpecifierSet:
        """The constraints on a package that hold on this target."""
        return self._constraints.get(name, SpecifierSet())

    def refusal(self, name: NormalizedName, version: Version) -> str | None:
        """Why a version is out whatever is demanded, as far as is known without fetching anything."""
        if known := self.skipped.get(name, {}).get(version):
            return known
        offer = self._offers.offer(name, "", version)
        if isinstance(offer, Unfit):
            return offer.reason
        return None if offer.yanked is None else _yanked(offer.yanked)

    def _own_version(self, candidate: Candidate) -> Demand:
        known = self._own.get(id(candidate))
        if known is None:
            known = self._own[id(candidate)] = own_version(candidate)
        return known

    # -- inside ---------------------------------------------------------------------------------------------

    def _admitted(self, name: NormalizedName, demands: Sequence[Demand]) -> tuple[Version, ...]:
        """The versions, best first, that all demands and constraints admit, whether usable here or not."""
        project = self._offers.project(name)
        if project is None:
            return ()
        texts = frozenset(str(demand.specifier) for demand in demands)
        prereleases = self._prereleases(project, name, demands)
        key = (name, texts, prereleases)
        known = self._matching.get(key)
        if known is None:
            specifier = self.constraint(name)
            for text in sorted(texts):
                specifier &= parse_specifier(text)
            # The full listing is filtered, never a narrowed one: else pre-releases leak in (RESOLVER 2).
            found = [v for v in project.versions if prereleases or not v.is_prerelease]
            known = self._ordered(name, list(specifier.filter(found, prereleases=True)))
            self._matching[key] = known
        return known

    def _for_extra(
        self, name: NormalizedName, demands: Sequence[Demand], others: Sequence[Demand]
    ) -> tuple[Version, ...]:
        """Give the versions for an extra, those first that its package seems to admit.

        Only the package's own node decides on pre-releases and yanks, because only there do all demands meet;
        so the extra offers every version in its range, merely in a promising order.
        """
        likely = self._admitted(name, [*demands, *others])
        first = frozenset(likely)
        specifier = SpecifierSet()
        for demand in demands:
            specifier &= demand.specifier
        project = self._offers.project(name)
        every = project.versions if project is not None else ()
        return (*likely, *(v for v in specifier.filter(every, prereleases=True) if v not in first))

    def _prereleases(self, project: Project, name: NormalizedName, demands: Sequence[Demand]) -> bool:
        """Whether pre-releases count: by policy, because a specifier names one, or because nothing else exists."""
        if self._policy.prereleases == "allow":
            return True
        specifiers = [demand.specifier for demand in demands if demand.direct]
        specifiers.append(self.constraint(name))
        if any(specifier.prereleases for specifier in specifiers):
            return True
        return self._policy.prereleases == "if-necessary" and not project.has_final

    def _ordered(self, name: NormalizedName, versions: list[Version]) -> tuple[Version, ...]:
        lowest = self._policy.strategy == "lowest" or (
            self._policy.strategy == "lowest-direct" and name in self._rank_of_root
        )
        if lowest:
            versions.reverse()
        preferred = self._preferences.get(name)
        if preferred is not None and preferred in versions:
            versions.remove(preferred)
            versions.insert(0, preferred)
        return tuple(versions)

    def _candidates(
        self, node: Node, versions: Iterable[Version], demands: Sequence[Demand], bad: set[int]
    ) -> Iterator[Candidate]:
        for version in versions:
            offer = self._offers.offer(node.name, node.extra, version)
            if isinstance(offer, Unfit):
                self._skip(node.name, version, offer.reason)
            elif id(offer) in bad:
                continue
            elif (
                not node.extra
                and offer.yanked is not None
                and not self._may_be_yanked(node.name, version, demands)
            ):
                self._skip(node.name, version, _yanked(offer.yanked))
            else:
                if not node.extra:
                    self._source.prefetch_metadata(
                        [(node.name, str(version), offer.file)], self._dependencies.names
                    )
                yield offer

    def _may_be_yanked(self, name: NormalizedName, version: Version, demands: Sequence[Demand]) -> bool:
        # PEP 592: only if a specifier pins it (`==` without wildcard, or `===`), or the old lock holds it.
        return self._preferences.get(name) == version or any(
            demand.direct and demand.tightness == 0 for demand in demands
        )

    def _read_dependencies(self, candidate: Candidate) -> tuple[Want, ...]:
        self._fetch_ahead(candidate)
        try:
            metadata = self.metadata(candidate)
            check_identity(candidate, metadata)
        except MetadataError as error:
            self._skip(candidate.name, candidate.version, error.message)
            return (impossible(candidate, error.message),)
        if not self._offers.accepts_python(metadata.requires_python):
            reason = f"needs Python {metadata.requires_python}"
            self._skip(candidate.name, candidate.version, reason)
            return (impossible(candidate, reason),)
        if candidate.extra and canonicalize_name(candidate.extra) not in metadata.provides_extra:
            self._warn(f"{candidate.name} {candidate.version} has no extra {candidate.extra!r}")
        return self._dependencies.of(candidate, metadata)

    def _fetch_ahead(self, candidate: Candidate) -> None:
        """Once several versions of a package were in vain, have the metadata of the next ones fetched at once."""
        if candidate.extra:
            return
        tries = self._tries[candidate.name] = self._tries.get(candidate.name, 0) + 1
        project = self._offers.project(candidate.name)
        if tries % _BATCH != _TRIES_BEFORE_BATCH or project is None:
            return
        older = [version for version in project.versions if version < candidate.version][:_BATCH]
        offers = (self._offers.offer(candidate.name, "", version) for version in older)
        self._source.prefetch_metadata(
            [(offer.name, str(offer.version), offer.file) for offer in offers if isinstance(offer, Candidate)],
            self._dependencies.names,
        )

    def _tightness_of(self, want: Want) -> int:
        if isinstance(want, Impossible):
            return 0
        known = self._tightness.get(id(want))
        if known is None:
            known = (want, want.tightness)
            self._tightness[id(want)] = known
        return known[1]

    def _skip(self, name: NormalizedName, version: Version, reason: str) -> None:
        reasons = self.skipped.setdefault(name, {})
        if version not in reasons:
            reasons[version] = reason
            self._report(Noted(message=f"{name} {version}: {reason}"))

    def _warn(self, message: str) -> None:
        self.warnings.setdefault(message)


def _yanked(reason: str) -> str:
    return f"yanked: {reason}" if reason else "yanked"


def _constraints(constraints: Iterable[Requirement], truth: Truth) -> dict[NormalizedName, SpecifierSet]:
    found: dict[NormalizedName, SpecifierSet] = {}
    for constraint in constraints:
        if truth.applies(constraint):
            name = canonicalize_name(constraint.name)
            found[name] = found.get(name, SpecifierSet()) & constraint.specifier
    return found
