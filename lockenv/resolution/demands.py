"""Demands: requirements as the search sees them, and how a release's metadata becomes demands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

from lockenv.errors import MetadataError
from lockenv.graph import MAIN, Node
from lockenv.markers.truth import Truth
from lockenv.packages import (
    Metadata,
    NormalizedName,
    Requirement,
    canonicalize_name,
    parse_requirement,
    parse_specifier,
)
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.listed import parse_version
from lockenv.resolution.model import Policy
from lockenv.values import dataclass

_EXTRA = re.compile(r"""\bextra\s*==\s*['"]([^'"]+)['"]""")
_UPPER = frozenset({"<", "<=", "~=", "==", "==="})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Demand:
    """A package (or one extra of it) within a range of versions.

    `text` is the requirement as its owner wrote it, which explanations quote. `direct` is false for the
    demands that an extra makes on its own package. `gate` is the group that a root demand stands in. `tightness`
    is that of the specifier (`tightness_of`).
    """

    node: Node
    specifier: SpecifierSet
    text: str
    direct: bool = True
    gate: str = MAIN
    tightness: int = 3


def tightness_of(specifier: SpecifierSet) -> int:
    """How much a range leaves open: 0 one version, 1 bounded above, 2 bounded otherwise, 3 anything."""
    operators = {clause.operator for clause in specifier}
    if any(clause.operator in {"==", "==="} and "*" not in clause.version for clause in specifier):
        return 0
    if operators & _UPPER:
        return 1
    return 2 if operators else 3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Impossible:
    """What no version can satisfy: the reason why its owner is out, in the shape of a demand.

    So a release with broken metadata, or one that needs another Python, is one more dead end to the search
    instead of a crash. `broken` is what cannot be read, of which nobody knows whether it would fit.
    """

    node: Node
    reason: str
    broken: bool = False


Want: TypeAlias = Demand | Impossible


#: What releases require is the same from release to release and for every target; requirements are interned.
_DEMANDS: dict[int, tuple[Requirement, tuple[Demand, ...]]] = {}
#: The same of what counts of a distribution's requirements, which `Truth` gives as one object to all who ask.
_WANTS: dict[int, tuple[tuple[Requirement, ...], tuple[Want, ...]]] = {}


def demands_of(requirement: Requirement, gate: str = MAIN) -> tuple[Demand, ...]:
    """Give the demands that a requirement makes: on each extra it asks for, and on the package (PEP 508)."""
    if gate != MAIN:
        return tuple(_demands(requirement, gate))
    known = _DEMANDS.get(id(requirement))
    if known is None:
        # The requirement is kept beside the answer so that its id stays taken.
        known = _DEMANDS[id(requirement)] = (requirement, tuple(_demands(requirement, gate)))
    return known[1]


def _demands(requirement: Requirement, gate: str) -> Iterator[Demand]:
    name = canonicalize_name(requirement.name)
    specifier, tightness = requirement.specifier, tightness_of(requirement.specifier)
    for extra in (*sorted(map(canonicalize_name, requirement.extras)), ""):
        yield Demand(
            node=Node(name, extra), specifier=specifier, text=str(requirement), gate=gate, tightness=tightness
        )


class Dependencies:
    """Metadata turned into demands for one target, with the manifest's overrides in force."""

    def __init__(self, truth: Truth, policy: Policy) -> None:
        self._truth = truth
        self._sources = policy.sources
        self._overrides: dict[NormalizedName, list[Requirement]] = {}
        for override in policy.overrides:
            self._overrides.setdefault(canonicalize_name(override.name), []).append(override)

    def of(self, candidate: Candidate, metadata: Metadata) -> tuple[Want, ...]:
        """All that a candidate needs on this target, beside its own package if it is an extra.

        A broken line makes the candidate impossible.
        """
        extra = canonicalize_name(candidate.extra)
        try:
            lines = self._truth.counting(metadata, extra)
        except InvalidRequirement as error:
            first = str(error).splitlines()[0]
            return (impossible(candidate, f"its metadata is broken: {first}", broken=True),)
        except (UndefinedComparison, UndefinedEnvironmentName):
            marker = self._undefined(metadata, extra)
            return (impossible(candidate, f"its metadata is broken: `{marker}` means nothing", broken=True),)
        if self._overrides:
            return tuple(want for line in lines for want in self._wants(candidate, line))
        known = _WANTS.get(id(lines))
        if known is None:
            wants = tuple(want for line in lines for want in self._wants(candidate, line))
            if any(line.url is not None for line in lines):
                return wants
            # The lines are kept beside the answer so that their id stays taken.
            known = _WANTS[id(lines)] = (lines, wants)
        return known[1]

    def _undefined(self, metadata: Metadata, extra: str) -> Marker | None:
        """The first marker that cannot be evaluated, such as ``sys_platform ~= "5"``."""
        for line in map(parse_requirement, metadata.requires_dist):
            try:
                self._truth.applies(line)
                self._truth.applies(line, extra)
            except (UndefinedComparison, UndefinedEnvironmentName):
                return line.marker
        return None

    def names(self, metadata: Metadata) -> tuple[NormalizedName, ...]:
        """The packages that metadata requires here without any extra: a guess at what is asked for next.

        Called from the threads that fetch ahead; broken lines are left to `of`.
        """
        found: dict[NormalizedName, None] = {}
        for text in metadata.requires_dist:
            try:
                line = parse_requirement(text)
            except InvalidRequirement:
                continue
            if line.url is None and self._truth.would_apply(line):
                found.setdefault(canonicalize_name(line.name))
        return tuple(found)

    def override(self, requirement: Requirement) -> Requirement:
        """Put an override in a requirement's place where one holds on this target; its own extras stay."""
        if not self._overrides:
            return requirement
        for override in self._overrides.get(canonicalize_name(requirement.name), ()):
            if self._truth.applies(override):
                extras = requirement.extras | override.extras
                bracket = f"[{','.join(sorted(extras))}]" if extras else ""
                return parse_requirement(f"{requirement.name}{bracket}{override.specifier}")
        return requirement

    def overridden(self, name: NormalizedName) -> bool:
        """Whether an override of a package holds on this target."""
        return any(self._truth.applies(override) for override in self._overrides.get(name, ()))

    def _wants(self, candidate: Candidate, line: Requirement) -> Iterable[Want]:
        line = self.override(line)
        if line.url is not None and (canonicalize_name(line.name), line.url) not in self._sources:
            # A package from an index may not bring a source of its own (RESOLVER 2, direct URLs).
            return (impossible(candidate, f"it depends on {line}, which only a manifest may name"),)
        return demands_of(line)


def impossible(candidate: Candidate, reason: str, *, broken: bool = False) -> Impossible:
    """Make the demand that rules a candidate out. Its node is the candidate's own and can never be met."""
    return Impossible(node=Node(candidate.name, f"!{candidate.version}"), reason=reason, broken=broken)


def provides(metadata: Metadata, extra: str) -> bool:
    """Whether a distribution has an extra: it says so, or markers speak of it, which old tools wrote alone."""
    wanted = canonicalize_name(extra)
    return wanted in metadata.provides_extra or any(
        canonicalize_name(said) == wanted
        for line in metadata.requires_dist
        if "extra" in line
        for said in _EXTRA.findall(line)
    )


def check_identity(candidate: Candidate, metadata: Metadata) -> None:
    """Raise `MetadataError` if metadata speaks of another package or version than its file's name."""
    try:
        same = metadata.name == candidate.name and (
            metadata.version == candidate.release.version or parse_version(metadata.version) == candidate.version
        )
    except InvalidVersion:
        same = False
    if not same:
        msg = f"{candidate.file.filename} says that it is {metadata.name} {metadata.version}"
        raise MetadataError(msg)


def own_version(candidate: Candidate) -> Demand:
    """Make the demand of an extra on its own package: the same version."""
    specifier = parse_specifier(f"==={candidate.version}")
    return Demand(
        node=Node(candidate.name),
        specifier=specifier,
        text=f"{candidate.name}=={candidate.version}",
        direct=False,
        tightness=0,
    )
