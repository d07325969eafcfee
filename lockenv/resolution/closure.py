"""The judge of a search's answer: a walk over everything that the roots require.

It knows nothing of the search: each demand is looked at again, on the candidates alone. What a candidate demands
comes from the provider, and whether wheels and Python fit was judged when the candidate was offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

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
    waiting: list[tuple[Want, str]] = [(root, "the manifest") for root in roots]
    while waiting:
        want, owner = waiting.pop()
        candidate = candidates.get(want.node)
        if not isinstance(want, Demand):
            found.append(Problem(where=owner, message=f"cannot be used: {want.reason}"))
        elif candidate is None:
            found.append(Problem(where=owner, message=f"{want.text} is required and missing"))
        elif not want.specifier.contains(candidate.version, prereleases=True):
            found.append(Problem(where=owner, message=f"{want.text} is required, {candidate} was chosen"))
        elif want.node not in seen:
            seen.add(want.node)
            waiting.extend((inner, str(candidate)) for inner in dependencies(candidate))
    found.extend(
        Problem(where=str(candidate), message="nobody requires it")
        for node, candidate in candidates.items()
        if node not in seen
    )
    return tuple(sorted(found, key=str))
