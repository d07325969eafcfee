"""From the answers of all cells to one resolution: equal parts joined, pins merged, warnings told once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.version import Version

from lockenv.graph import Node
from lockenv.packages import IndexFile, Metadata, NormalizedName
from lockenv.resolution.candidates import Candidate, python_specifier
from lockenv.resolution.demands import Demand
from lockenv.resolution.model import Cell, Dropped, Fork, Pin, Question, Resolution
from lockenv.resolution.solve import Answer
from lockenv.targets import Target

#: Name, version, and the source where there is one.
_Key = tuple[NormalizedName, Version, str]


@dataclass(slots=True)
class _Entry:
    """A pin in the making: one release of one source over all cells."""

    candidate: Candidate
    requires_python: str | None
    requires: set[str] = field(default_factory=set)
    extras: set[str] = field(default_factory=set)
    files: dict[str, IndexFile] = field(default_factory=dict)
    reach: dict[str, set[int]] = field(default_factory=dict)
    direct: bool = False
    instead_of: dict[Version, None] = field(default_factory=dict)


def merge(question: Question, answers: Sequence[Answer], dropped: Sequence[Dropped]) -> Resolution:
    """Make the resolution of all cells' answers, whatever the order in which they were found."""
    places = {target.platform: number for number, target in reversed(list(enumerate(question.targets)))}
    ordered = sorted(joined(answers), key=lambda answer: _order(answer, places))
    entries: dict[_Key, _Entry] = {}
    warnings: dict[str, None] = {}
    for number, answer in enumerate(ordered):
        warnings |= answer.provider.warnings
        reach = answer.gates()
        direct = answer.direct()
        for node, candidate in answer.found.candidates.items():
            entry = _entry(entries, answer, candidate)
            _add(entry, answer, node, candidate)
            entry.direct |= candidate.name in direct
            for gate in reach[candidate.name]:
                entry.reach.setdefault(gate, set()).add(number)
    for _, entry in sorted(entries.items()):
        warnings |= dict.fromkeys(_warnings(entry, ordered))
    return Resolution(
        cells=tuple(Cell(target=answer.target, fork=answer.fork) for answer in ordered),
        pins=tuple(_pin(entry) for _, entry in sorted(entries.items())),
        evidence=dict(_evidence(ordered)),
        dropped=tuple(dropped),
        notes=tuple(_skipped(ordered)),
        warnings=tuple(warnings),
    )


def _order(answer: Answer, platforms: Mapping[tuple[tuple[str, str], ...], int]) -> tuple[object, ...]:
    """Newest Python first and platforms as they were declared; parts of a target from the lowest up."""
    target = answer.target
    minor = Version(target.variables["python_version"])
    return (
        -minor.major,
        -minor.minor,
        platforms[target.platform],
        target.span.lowest,
        len(answer.fork),
        sorted(answer.fork),
    )


def joined(answers: Sequence[Answer]) -> list[Answer]:
    """Join neighbouring parts of a target that came to the same, for every choice among conflicting groups."""
    parts: dict[Target, dict[Fork, Answer]] = {}
    for answer in answers:
        parts.setdefault(answer.target, {})[answer.fork] = answer
    kept: list[tuple[Target, dict[Fork, Answer]]] = []
    for target, outcomes in parts.items():
        if kept and _adjoin(kept[-1][0], target) and _same(kept[-1][1], outcomes):
            kept[-1] = (kept[-1][0].joined(target), kept[-1][1])
        else:
            kept.append((target, outcomes))
    return [replace(answer, target=target) for target, outcomes in kept for answer in outcomes.values()]


def _adjoin(below: Target, above: Target) -> bool:
    return (
        below.span.beyond == above.span.lowest
        and below.platform == above.platform
        and below.variables["python_version"] == above.variables["python_version"]
    )


def _same(one: Mapping[Fork, Answer], other: Mapping[Fork, Answer]) -> bool:
    return one.keys() == other.keys() and all(
        one[fork].versions == other[fork].versions and one[fork].gates() == other[fork].gates() for fork in one
    )


def _entry(entries: dict[_Key, _Entry], answer: Answer, candidate: Candidate) -> _Entry:
    key = (candidate.name, candidate.version, repr(candidate.origin or ""))
    entry = entries.get(key)
    if entry is None:
        requires_python = answer.provider.metadata(candidate).requires_python
        if requires_python is not None and python_specifier(requires_python) is None:
            requires_python = None
        entry = entries[key] = _Entry(candidate, requires_python)
    return entry


def _add(entry: _Entry, answer: Answer, node: Node, candidate: Candidate) -> None:
    wants = answer.provider.get_dependencies(candidate)
    entry.requires |= {want.text for want in wants if isinstance(want, Demand) and want.direct}
    entry.extras |= {node.extra} - {""}
    entry.files |= {file.filename: file for file in answer.offers.usable_files(candidate)}
    entry.instead_of |= dict.fromkeys(_gave_way(answer, candidate))


def _gave_way(answer: Answer, candidate: Candidate) -> Iterator[Version]:
    """The versions that the old lock held, or would rather have held, and that had to give way here.

    Not those that the manifest's own requirements rule out: it is not for others' sake that they went.
    """
    held = answer.wishes.held.get(candidate.name)
    if held is None:
        return
    asked = [
        demand.specifier
        for demands in answer.roots.values()
        for demand in demands
        if demand.node.name == candidate.name
    ]
    for version in (*held.instead_of, held.version):
        if version == candidate.version:
            return
        if all(specifier.contains(version, prereleases=True) for specifier in asked):
            yield version


def _pin(entry: _Entry) -> Pin:
    return Pin(
        name=entry.candidate.name,
        version=entry.candidate.version,
        index=entry.candidate.index,
        requires_python=entry.requires_python,
        requires=tuple(sorted(entry.requires)),
        extras=tuple(sorted(entry.extras)),
        files=tuple(file for _, file in sorted(entry.files.items())),
        reach={gate: frozenset(cells) for gate, cells in sorted(entry.reach.items())},
        direct=entry.direct,
        origin=entry.candidate.origin,
        instead_of=tuple(version for version in entry.instead_of if version != entry.candidate.version),
    )


def _warnings(entry: _Entry, answers: Sequence[Answer]) -> Iterable[str]:
    candidate = entry.candidate
    if candidate.yanked is not None:
        yield f"{candidate} was yanked by its maintainers{f': {candidate.yanked}' if candidate.yanked else ''}"
    project = answers[0].provider.project(candidate.name)
    if project is not None and project.listing.status in {"archived", "deprecated"}:
        reason = f": {project.listing.status_reason}" if project.listing.status_reason else ""
        yield f"{candidate.name} is {project.listing.status} by its maintainers{reason}"


def _evidence(answers: Sequence[Answer]) -> Iterator[tuple[tuple[NormalizedName, str], Metadata]]:
    for answer in answers:
        for candidate in answer.found.candidates.values():
            metadata = answer.provider.metadata(candidate)
            for file in (candidate.file, *candidate.beside):
                yield (candidate.name, "" if candidate.origin is not None else file.filename), metadata


def _skipped(answers: Sequence[Answer]) -> Mapping[str, None]:
    return dict.fromkeys(
        f"{name} {version}: {reason}"
        for answer in answers
        for name, reasons in sorted(answer.provider.skipped.items())
        for version, reason in sorted(reasons.items(), reverse=True)
    )
