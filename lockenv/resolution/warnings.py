"""What a person should know of a resolution that stands: each told once, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from lockenv.markers.undecided import UNSTATED, in_doubt
from lockenv.packages import Requirement, parse_requirement
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.model import Question
from lockenv.resolution.solve import Answer


def warnings(question: Question, answers: Sequence[Answer]) -> tuple[str, ...]:
    """All warnings: extras that do not exist, markers in doubt, releases yanked, projects at their end."""
    found: dict[str, None] = {}
    for answer in answers:
        found |= answer.provider.warnings
    found |= dict.fromkeys(sorted(_doubts(question, answers)))
    chosen = {candidate: answer for answer in answers for candidate in answer.found.candidates.values()}
    for candidate in sorted(chosen, key=lambda each: (each.name, each.version)):
        found |= dict.fromkeys(_of_release(candidate, chosen[candidate]))
    return tuple(found)


def _of_release(candidate: Candidate, answer: Answer) -> Iterator[str]:
    release = f"{candidate.name} {candidate.version}"
    if candidate.yanked is not None:
        yield f"{release} was yanked by its maintainers{f': {candidate.yanked}' if candidate.yanked else ''}"
    project = answer.provider.project(candidate.name)
    if project is not None and project.listing.status in {"archived", "deprecated"}:
        reason = f": {project.listing.status_reason}" if project.listing.status_reason else ""
        yield f"{candidate.name} is {project.listing.status} by its maintainers{reason}"


def _doubts(question: Question, answers: Sequence[Answer]) -> Iterator[str]:
    """Requirements under markers that no lock can decide."""
    roots = [each for requirements in question.roots.values() for each in requirements if each.marker is not None]
    for answer in answers:
        for requirement in roots:
            yield from _doubt("your manifest", requirement, "", answer)
        for candidate in answer.found.candidates.values():
            for line in _unstated(answer.provider.metadata(candidate).requires_dist):
                yield from _doubt(str(candidate), parse_requirement(line), candidate.extra, answer)


@lru_cache(maxsize=65536)
def _unstated(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if any(name in line for name in UNSTATED))


def _doubt(owner: str, requirement: Requirement, extra: str, answer: Answer) -> Iterator[str]:
    marker = requirement.marker
    if marker is None or (extra and "extra" not in str(marker)):
        return
    if in_doubt(marker, {**answer.target.variables, "extra": extra}):
        taken = "true" if answer.truth.applies(requirement, extra) else "false"
        yield (
            f"{owner} requires {requirement.name} only under `{marker}`, which a lock cannot know; "
            f"it is taken as {taken}"
        )
