"""Where an answer ceases to hold: the patch versions of Python at which a marker or Requires-Python changes.

The answer for the lowest version of a span rests on the manifest's markers, on those of the chosen releases and on
what Python these require; a newer release that needs a later patch version is also looked at, whether or not the
old lock made the search pass it over. So the cuts are a function of the answer and of the index, and not of the
way on which the answer was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packaging.version import Version

from lockenv.markers.cuts import cuts, requires_python_cuts
from lockenv.packages import Metadata, Requirement, parse_requirement
from lockenv.resolution.candidates import Candidate, Project
from lockenv.resolution.model import Policy, Question
from lockenv.resolution.solve import Answer, Stuck
from lockenv.targets import Span

_WITH_PATCH = re.compile(r"\d+\.\d+\.[1-9]")
_FULL = ("python_full_version", "implementation_version")


def first_cut(question: Question, span: Span, answers: Iterable[Answer], stuck: Iterable[Stuck]) -> Version | None:
    """The lowest version within a span at which one of these outcomes may cease to hold; None if all hold."""
    wide = span.beyond is None or span.beyond > _next_minor(span.lowest)
    markers = set(_manifest_markers(question))
    pythons: set[str] = set()
    for answer in answers:
        for candidate in answer.found.candidates.values():
            metadata = answer.provider.metadata(candidate)
            markers.update(_telling(metadata, wide=wide))
            pythons.update(filter(None, (metadata.requires_python, candidate.file.requires_python)))
            pythons.update(_passed_over(candidate, answer.provider.project(candidate.name), question.policy))
    for each in stuck:
        markers.update(_marker(requirement) for requirement, _, _ in each.truth.asked())
        pythons.update(each.offers.pythons_asked())
    telling = {text for text in pythons if wide or _WITH_PATCH.search(text)}
    return min((*cuts(sorted(markers - {""}), span), *requires_python_cuts(sorted(telling), span)), default=None)


def _next_minor(version: Version) -> Version:
    return Version(f"{version.release[0]}.{version.release[1] + 1}")


def _manifest_markers(question: Question) -> Iterator[str]:
    asked = [requirement for requirements in question.roots.values() for requirement in requirements]
    asked += [*question.policy.constraints, *question.policy.overrides]
    return (text for requirement in asked if (text := _marker(requirement)))


#: By metadata, each kept beside the answer so that its id stays taken: to hash hundreds of lines takes longer.
_TELLING: dict[tuple[int, bool], tuple[Metadata, frozenset[str]]] = {}


def _telling(metadata: Metadata, *, wide: bool) -> frozenset[str]:
    """The markers among metadata's requirements that may tell one version of Python in a span from another."""
    known = _TELLING.get((id(metadata), wide))
    if known is None:
        names = (*_FULL, "python_version") if wide else _FULL
        lines = (line for line in metadata.requires_dist if any(name in line for name in names))
        found = frozenset(_marker(parse_requirement(line)) for line in lines)
        known = _TELLING[id(metadata), wide] = (metadata, found)
    return known[1]


@lru_cache(maxsize=65536)
def _text(requirement: Requirement) -> str:
    return str(requirement.marker)


def _marker(requirement: Requirement) -> str:
    return "" if requirement.marker is None else _text(requirement)


def _passed_over(candidate: Candidate, project: Project | None, policy: Policy) -> Iterator[str]:
    """What Python the releases need that come before the chosen one, where they say so to the patch."""
    if project is None:  # pragma: no cover - a candidate comes from a project
        return
    own = project.numbers.get(candidate.version, 0)
    for number, text in project.patchy:
        if number >= own and policy.strategy == "highest":
            return  # the newest come first
        yield text
