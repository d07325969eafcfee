"""What a person should know of a resolution that stands: each told once, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from lockenv.manifest.words import listed
from lockenv.markers.undecided import UNSTATED, in_doubt
from lockenv.packages import NormalizedName, Requirement, parse_requirement
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.model import Question
from lockenv.resolution.solve import Answer
from lockenv.targets import Target


def warnings(question: Question, answers: Sequence[Answer]) -> tuple[str, ...]:
    """All warnings: extras that do not exist, markers in doubt, what is broken, yanked, or at its end."""
    found: dict[str, None] = {}
    found |= dict.fromkeys(_extras(question, answers))
    found |= dict.fromkeys(sorted(_doubts(question, answers)))
    found |= dict.fromkeys(sorted(_broken(answers)))
    chosen = {candidate: answer for answer in answers for candidate in answer.found.candidates.values()}
    for candidate in sorted(chosen, key=lambda each: (each.name, each.version)):
        found |= dict.fromkeys(_of_release(candidate, chosen[candidate]))
    return tuple(found)


def _extras(question: Question, answers: Sequence[Answer]) -> Iterator[str]:
    """Extras that chosen releases are asked for and do not have; each package is told of once."""
    lacking: dict[NormalizedName, dict[Candidate, Answer]] = {}
    for answer in answers:
        for candidate in answer.found.candidates.values():
            if candidate.extra and answer.provider.lacks(candidate):
                lacking.setdefault(candidate.name, {})[candidate] = answer
    for _, found in sorted(lacking.items()):
        concerned = [answer.target for answer in found.values()]
        yield f"{_without(found)}{_where(concerned, question.targets)}{_meant(found)}"


def _without(lacking: Iterable[Candidate]) -> str:
    found = list(lacking)
    versions = [str(version) for version in sorted({each.version for each in found})]
    extras = [f"{extra!r}" for extra in sorted({each.extra for each in found})]
    verb = "has" if len(versions) == 1 else "have"
    return f"{found[0].name} {listed(versions)} {verb} no extra {listed(extras, last='or')}"


def _where(concerned: Sequence[Target], targets: Sequence[Target]) -> str:
    # Lazy: most resolutions have nothing to tell of.
    from lockenv.resolution.explain.places import place_of

    claimed = [each for each in targets if any(each.overlaps(one) for one in concerned)]
    place = place_of(claimed, targets)
    return f", {place.words}" if len(claimed) < len(targets) else ""


def _meant(lacking: Mapping[Candidate, Answer]) -> str:
    """The extras that are spelt much like those that do not exist."""
    # Lazy: only a mistake needs it.
    from difflib import get_close_matches

    there = {
        extra: None for each, answer in lacking.items() for extra in answer.provider.metadata(each).provides_extra
    }
    asked = sorted({each.extra for each in lacking})
    close = dict.fromkeys(one for extra in asked for one in get_close_matches(extra, there, 1))
    return f"; did you mean {listed([f'{one!r}' for one in close], last='or')}?" if close else ""


def _broken(answers: Sequence[Answer]) -> Iterator[str]:
    """The newest release of each package that was passed over because its metadata cannot be read."""
    for answer in answers:
        chosen = answer.versions
        for name, reasons in answer.provider.broken.items():
            newest = max(reasons)
            if name in chosen and newest > chosen[name]:
                yield f"{name} {newest} was passed over: {reasons[newest]}"


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
