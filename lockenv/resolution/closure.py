"""The judge of a search's answer: a walk over everything that the roots require.

It knows nothing of the search: each demand is looked at again, on the candidates alone. What a candidate demands
comes from the provider, and whether wheels and Python fit was judged when the candidate was offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import Problem
from lockenv.graph import Node
from lockenv.resolution.candidates import Candidate
from lockenv.resolution.demands import Demand, Want


def faults(
    roots: Iterable[Demand],
    candidates: Mapping[Node, Candidate],
    dependencies: Callable[[Candidate], Iterable[Want]],
) -> tuple[Problem, ...]:
    """List every way in which the candidates are not a solution: none, if they are one.

    Checked: each demand of the roots and of each candidate is met by a candidate, an extra stands at its
    package's version, and nothing is there that nobody requires.
    """
    found: list[Problem] = []
    seen: set[Node] = set()
    waiting: list[tuple[Want, Candidate | str]] = [(root, "the manifest") for root in roots]
    while waiting:
        want, owner = waiting.pop()
        candidate = candidates.get(want.node)
        if not isinstance(want, Demand):
            found.append(Problem(where=str(owner), message=f"cannot be used: {want.reason}"))
        elif candidate is None:
            found.append(Problem(where=str(owner), message=f"{want.text} is required and missing"))
        elif not _contains(want.specifier, candidate.version):
            found.append(Problem(where=str(owner), message=f"{want.text} is required, {candidate} was chosen"))
        elif want.node not in seen:
            seen.add(want.node)
            waiting.extend((inner, candidate) for inner in dependencies(candidate))
    found.extend(
        Problem(where=str(candidate), message="nobody requires it")
        for node, candidate in candidates.items()
        if node not in seen
    )
    return tuple(sorted(found, key=str))


#: Answers by specifier, which the demands of all targets share; it is kept with them so that its id stays taken.
_CONTAINED: dict[int, tuple[SpecifierSet, dict[Version, bool]]] = {}


def _contains(specifier: SpecifierSet, version: Version) -> bool:
    known = _CONTAINED.get(id(specifier))
    if known is None:
        known = _CONTAINED[id(specifier)] = (specifier, {})
    answers = known[1]
    answer = answers.get(version)
    if answer is None:
        answer = answers[version] = specifier.contains(version, prereleases=True)
    return answer
