"""Question in, resolution out: the search for every target, judged, and merged into pins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import Version

from lockenv import errors
from lockenv.events import Reporter, StageFinished, StageStarted, silent
from lockenv.graph import Node, gates
from lockenv.markers.slices import Slice, slice_of
from lockenv.markers.truth import Truth
from lockenv.packages import IndexFile, NormalizedName, canonicalize_name, parse_requirement
from lockenv.resolution.candidates import Candidate, Offers, Projects, python_specifier
from lockenv.resolution.closure import faults
from lockenv.resolution.demands import Demand, Dependencies, demands_of
from lockenv.resolution.explain import explain
from lockenv.resolution.model import Pin, Question, Resolution
from lockenv.resolution.provider import Provider
from lockenv.resolution.search import DeadEnd, Exhausted, Found, search
from lockenv.resolution.source import Source
from lockenv.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What one target's search found, with what is needed to turn it into pins."""

    found: Found
    gates: dict[NormalizedName, frozenset[str]]
    direct: frozenset[NormalizedName]
    provider: Provider
    offers: Offers
    patches: Slice


@dataclass(slots=True)
class _Entry:
    """A pin in the making: one (name, version) over all targets."""

    candidate: Candidate
    requires_python: str | None
    requires: set[str] = field(default_factory=set)
    extras: set[str] = field(default_factory=set)
    files: dict[str, IndexFile] = field(default_factory=dict)
    targets: set[int] = field(default_factory=set)
    gates: set[str] = field(default_factory=set)
    direct: bool = False


def resolve(question: Question, source: Source, report: Reporter = silent) -> Resolution:
    """Find for every target one version of each package that is needed there.

    Raises `ResolutionImpossible` with an explanation, `ResolutionGaveUp` at the search's bound, `NetworkError`
    where the source cannot answer, `InternalError` if the search's answer is no solution.
    """
    report(StageStarted(stage="Resolving"))
    projects = Projects(source)
    names = {canonicalize_name(root.name) for roots in question.roots.values() for root in roots}
    source.prefetch_listings(sorted(names))
    answers = [_solve(question, target, projects, source, report) for target in question.targets]
    resolution = _merge(question, answers)
    report(StageFinished(stage="Resolving"))
    return resolution


def _solve(question: Question, target: Target, projects: Projects, source: Source, report: Reporter) -> _Answer:
    truth = Truth(target)
    offers = Offers(projects, target, question.policy)
    roots = _roots(question, truth)
    provider = Provider(
        source=source,
        offers=offers,
        truth=truth,
        policy=question.policy,
        roots={demand.node.name for demands in roots.values() for demand in demands},
        preferences=question.preferences,
        reporter=report,
    )
    every = [demand for gate in sorted(roots) for demand in roots[gate]]
    match search(provider, every, report):
        case Found() as found:
            _judge(target, every, found, provider)
            starts = {gate: [demand.node for demand in demands] for gate, demands in roots.items()}
            reach = gates(found.edges, starts)
            direct = frozenset(demand.node.name for demand in every)
            patches = slice_of(_markers(question, found, provider), target.python)
            return _Answer(
                found=found, gates=reach, direct=direct, provider=provider, offers=offers, patches=patches
            )
        case DeadEnd(causes=causes):
            raise explain(causes, every, provider, target)
        case Exhausted(rounds=rounds):
            msg = f"no answer for {target.name} after {rounds:,} rounds of search"
            raise errors.ResolutionGaveUp(
                msg, hint="bound the versions of the packages that you know, so that there is less to try"
            )


def _roots(question: Question, truth: Truth) -> dict[str, tuple[Demand, ...]]:
    """Give the demands of each gate on this target, in an order that the manifest's layout does not change."""
    overriding = Dependencies(truth, question.policy)
    return {
        gate: tuple(
            demand
            for requirement in sorted(requirements, key=str)
            if truth.applies(requirement)
            for demand in demands_of(overriding.override(requirement), gate)
        )
        for gate, requirements in question.roots.items()
    }


def _markers(question: Question, found: Found, provider: Provider) -> Iterator[str]:
    """Every marker that the answer rests on: those of the manifest and of each chosen release.

    Not those of releases that were only looked at: they must not make the answer depend on what was looked at.
    """
    asked = [requirement for requirements in question.roots.values() for requirement in requirements]
    asked += [*question.policy.constraints, *question.policy.overrides]
    for candidate in found.candidates.values():
        asked += map(parse_requirement, provider.metadata(candidate).requires_dist)
    return (str(requirement.marker) for requirement in asked if requirement.marker is not None)


def _judge(target: Target, roots: Sequence[Demand], found: Found, provider: Provider) -> None:
    problems = faults(roots, found.candidates, provider.get_dependencies)
    if problems:
        msg = f"the search gave an answer for {target.name} that is no solution"
        raise errors.InternalError(
            msg, problems=problems, hint="please report this, with env.toml: it is a bug in lockenv"
        )


def _merge(question: Question, answers: Sequence[_Answer]) -> Resolution:
    entries: dict[tuple[NormalizedName, Version], _Entry] = {}
    warnings: dict[str, None] = {}
    for number, answer in enumerate(answers):
        warnings |= answer.provider.warnings
        for node, candidate in answer.found.candidates.items():
            _add(entries, number, answer, node, candidate)
    for _, entry in sorted(entries.items()):
        warnings |= dict.fromkeys(_warnings(entry, answers))
    return Resolution(
        targets=question.targets,
        slices=tuple(answer.patches for answer in answers),
        pins=tuple(_pin(entry) for _, entry in sorted(entries.items())),
        notes=tuple(_skipped(answers)),
        warnings=tuple(warnings),
    )


def _add(
    entries: dict[tuple[NormalizedName, Version], _Entry],
    number: int,
    answer: _Answer,
    node: Node,
    candidate: Candidate,
) -> None:
    entry = entries.get((candidate.name, candidate.version))
    if entry is None:
        requires_python = answer.provider.metadata(candidate).requires_python
        if requires_python is not None and python_specifier(requires_python) is None:
            requires_python = None
        entry = entries[candidate.name, candidate.version] = _Entry(candidate, requires_python)
    wants = answer.provider.get_dependencies(candidate)
    entry.requires |= {want.text for want in wants if isinstance(want, Demand) and want.direct}
    entry.extras |= {node.extra} - {""}
    usable = answer.offers.usable_files(candidate.name, candidate.release)
    entry.files |= {file.filename: file for file in usable if file.yanked is None or candidate.yanked is not None}
    entry.targets.add(number)
    entry.gates |= answer.gates[candidate.name]
    entry.direct |= candidate.name in answer.direct


def _pin(entry: _Entry) -> Pin:
    return Pin(
        name=entry.candidate.name,
        version=entry.candidate.version,
        index=entry.candidate.index,
        requires_python=entry.requires_python,
        requires=tuple(sorted(entry.requires)),
        extras=tuple(sorted(entry.extras)),
        files=tuple(file for _, file in sorted(entry.files.items())),
        targets=frozenset(entry.targets),
        gates=frozenset(entry.gates),
        direct=entry.direct,
    )


def _warnings(entry: _Entry, answers: Sequence[_Answer]) -> Iterable[str]:
    candidate = entry.candidate
    if candidate.yanked is not None:
        yield f"{candidate} was yanked by its maintainers{f': {candidate.yanked}' if candidate.yanked else ''}"
    project = answers[0].provider.project(candidate.name)
    if project is not None and project.listing.status in {"archived", "deprecated"}:
        reason = f": {project.listing.status_reason}" if project.listing.status_reason else ""
        yield f"{candidate.name} is {project.listing.status} by its maintainers{reason}"


def _skipped(answers: Sequence[_Answer]) -> Mapping[str, None]:
    return dict.fromkeys(
        f"{name} {version}: {reason}"
        for answer in answers
        for name, reasons in sorted(answer.provider.skipped.items())
        for version, reason in sorted(reasons.items(), reverse=True)
    )
