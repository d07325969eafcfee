"""From the answers of all cells to one resolution: equal parts joined, pins merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from packaging.version import Version

from lockenv.graph import Node
from lockenv.packages import IndexFile, Metadata, NormalizedName, address
from lockenv.resolution.candidates import Candidate, Unfit, build_number, python_specifier, tags_text
from lockenv.resolution.demands import Demand
from lockenv.resolution.model import Cell, Dropped, Fork, Pin, Question, Resolution
from lockenv.resolution.solve import Answer
from lockenv.resolution.warnings import warnings
from lockenv.targets import Target
from lockenv.values import dataclass

#: Name, version, and the source where there is one.
_Key = tuple[NormalizedName, Version, str]


class _Entry:
    """A pin in the making: one release of one source over all cells."""

    __slots__ = ("candidate", "direct", "extras", "files", "gave_way", "reach", "requires", "requires_python")

    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.requires_python: set[str | None] = set()
        self.requires: set[str] = set()
        self.extras: set[str] = set()
        self.files: dict[str, IndexFile] = {}
        self.reach: dict[str, set[int]] = {}
        self.direct = False
        self.gave_way: dict[tuple[Version, ...], set[int]] = {}


def merge(question: Question, answers: Sequence[Answer], dropped: Sequence[Dropped]) -> Resolution:
    """Make the resolution of all cells' answers, whatever the order in which they were found."""
    places = {target.platform: number for number, target in reversed(list(enumerate(question.targets)))}
    cells = sorted(joined(answers), key=lambda each: _order(each.cell, places))
    entries: dict[_Key, _Entry] = {}
    for number, each in enumerate(cells):
        for answer in each.answers:
            _add_all(entries, number, answer)
    ordered = [answer for each in cells for answer in each.answers]
    return Resolution(
        cells=tuple(each.cell for each in cells),
        pins=tuple(_pin(entry) for _, entry in sorted(entries.items())),
        evidence=dict(_evidence(ordered)),
        dropped=tuple(dropped),
        notes=tuple(_skipped(ordered)),
        warnings=warnings(question, ordered),
    )


def _order(cell: Cell, platforms: Mapping[tuple[tuple[str, str], ...], int]) -> tuple[object, ...]:
    """Newest Python first and platforms as they were declared; parts of a target from the lowest up."""
    minor = Version(cell.target.variables["python_version"])
    return (
        -minor.major,
        -minor.minor,
        platforms[cell.target.platform],
        cell.target.span.lowest,
        len(cell.fork),
        sorted(cell.fork),
    )


@dataclass(frozen=True, slots=True)
class _Joined:
    """A cell of the resolution, and the answers of the parts that it is made of, from the lowest Python up."""

    cell: Cell
    answers: tuple[Answer, ...]


def joined(answers: Sequence[Answer]) -> list[_Joined]:
    """Join neighbouring parts of a target that came to the same, for every choice among conflicting groups."""
    parts: dict[Target, dict[Fork, tuple[Answer, ...]]] = {}
    for answer in answers:
        parts.setdefault(answer.target, {})[answer.fork] = (answer,)
    kept: list[tuple[Target, dict[Fork, tuple[Answer, ...]]]] = []
    for target, outcomes in parts.items():
        if kept and kept[-1][0].adjoins(target) and _same(kept[-1][1], outcomes):
            below, found = kept[-1]
            kept[-1] = (below.joined(target), {fork: found[fork] + outcomes[fork] for fork in found})
        else:
            kept.append((target, outcomes))
    return [
        _Joined(Cell(target=target, fork=fork), each)
        for target, outcomes in kept
        for fork, each in outcomes.items()
    ]


def _same(one: Mapping[Fork, Sequence[Answer]], other: Mapping[Fork, Sequence[Answer]]) -> bool:
    return one.keys() == other.keys() and all(
        one[fork][0].versions == other[fork][0].versions and one[fork][0].gates() == other[fork][0].gates()
        for fork in one
    )


def _add_all(entries: dict[_Key, _Entry], number: int, answer: Answer) -> None:
    """Add what one answer found to the entries; `number` is its cell's."""
    reach = answer.gates()
    direct = answer.direct()
    for node, candidate in answer.found.candidates.items():
        key = (candidate.name, candidate.version, repr(candidate.origin or ""))
        entry = entries.get(key) or entries.setdefault(key, _Entry(candidate))
        _add(entry, answer, node, candidate)
        entry.direct |= candidate.name in direct
        for gate in reach[candidate.name]:
            entry.reach.setdefault(gate, set()).add(number)
        entry.gave_way.setdefault(tuple(_gave_way(answer, candidate)), set()).add(number)


def _add(entry: _Entry, answer: Answer, node: Node, candidate: Candidate) -> None:
    wants = answer.provider.get_dependencies(candidate)
    entry.requires_python.add(answer.provider.metadata(candidate).requires_python)
    entry.requires |= {want.text for want in wants if isinstance(want, Demand) and want.direct}
    entry.extras |= {node.extra} - {""}
    entry.files |= {file.filename: file for file in answer.offers.usable_files(candidate)}


def _gave_way(answer: Answer, candidate: Candidate) -> Iterator[Version]:
    """The versions that the old lock held, or would rather have held, and that had to give way here.

    Not those that are of no use here, which another cell held, nor those that the manifest's own requirements rule
    out: it is not for others' sake that they went. Nor older ones: to get a newer version is no loss to remember.
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
        newer = version > candidate.version or answer.provider.policy.strategy != "highest"
        wanted = newer and all(specifier.contains(version, prereleases=True) for specifier in asked)
        if wanted and _fits(answer, candidate.name, version):
            yield version


def _fits(answer: Answer, name: NormalizedName, version: Version) -> bool:
    """Whether the target could use a version, as far as the index says."""
    project = answer.provider.project(name)
    known = project is not None and version in project.releases
    return known and not isinstance(answer.offers.offer(name, "", version), Unfit)


def _pin(entry: _Entry) -> Pin:
    return Pin(
        name=entry.candidate.name,
        version=entry.candidate.version,
        index=entry.candidate.index,
        requires_python=_requires_python(entry),
        requires=tuple(sorted(entry.requires)),
        extras=tuple(sorted(entry.extras)),
        files=_current(file for _, file in sorted(entry.files.items())),
        reach={gate: frozenset(cells) for gate, cells in sorted(entry.reach.items())},
        direct=entry.direct,
        origin=entry.candidate.origin,
        instead_of=dict(_instead_of(entry.gave_way)),
    )


def _instead_of(gave_way: Mapping[tuple[Version, ...], set[int]]) -> Iterator[tuple[Version, frozenset[int]]]:
    """Each version with its cells, in an order that keeps that of every cell, and else from the newest down."""
    left = [list(versions) for versions in gave_way]
    while waiting := {version for versions in left for version in versions}:
        later = {version for versions in left for version in versions[1:]}
        version = max(waiting - later or waiting)
        left = [[other for other in versions if other != version] for versions in left]
        yield version, frozenset().union(*(cells for versions, cells in gave_way.items() if version in versions))


def _current(files: Iterable[IndexFile]) -> tuple[IndexFile, ...]:
    """The files, without wheels that a later build of the same replaces: not every installer looks at that."""
    found = tuple(files)
    builds: dict[str, tuple[int, str]] = {}
    for file in found:
        tags = tags_text(file.filename)
        builds[tags] = max(builds.get(tags, (0, "")), build_number(file.filename))
    return tuple(
        file
        for file in found
        if not file.is_wheel or build_number(file.filename) == builds[tags_text(file.filename)]
    )


def _requires_python(entry: _Entry) -> str | None:
    """What Python a release needs: nothing is said where its files differ in that, each bounding its own."""
    said, *others = entry.requires_python
    return said if said is not None and not others and python_specifier(said) is not None else None


def _evidence(answers: Sequence[Answer]) -> Iterator[tuple[tuple[NormalizedName, str], Metadata]]:
    for answer in answers:
        for candidate in answer.found.candidates.values():
            metadata = answer.provider.metadata(candidate)
            for file in (candidate.file, *candidate.beside):
                where = file.filename if candidate.origin is None else address(candidate.origin)
                yield (candidate.name, where), metadata


def _skipped(answers: Sequence[Answer]) -> Mapping[str, None]:
    return dict.fromkeys(
        f"{name} {version}: {reason}"
        for answer in answers
        for name, reasons in sorted(answer.provider.skipped.items())
        for version, reason in sorted(reasons.items(), reverse=True)
    )
