"""The whole derivation of a dead end, step by step: what `-v` tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from packaging.version import Version

from lockenv.graph import Node
from lockenv.resolution.conflicts import derivation
from lockenv.resolution.demands import Demand, Impossible
from lockenv.resolution.explain.account import stated
from lockenv.resolution.explain.ranges import runs
from lockenv.resolution.provider import Information, Provider
from lockenv.resolution.reach import places
from lockenv.resolution.search import Conflict, DeadEnd

#: A derivation that is longer than this is cut short, from what is farthest from the verdict.
_MOST_STEPS = 60
_MOST_LINES = 40


def steps(dead_end: DeadEnd, provider: Provider) -> Iterator[str]:
    """Each step: the demands that it rests on, the earlier steps, and what cannot be because of them."""
    every = derivation(dead_end.conflict)[::-1]
    numbers = {id(step): number for number, step in enumerate(every, start=1)}
    for step in every[-_MOST_STEPS:]:
        yield f"step {numbers[id(step)]}:"
        facts = list(_facts(step.facts, provider))
        yield from (f"  {line}" for line in facts[:_MOST_LINES])
        if len(facts) > _MOST_LINES:
            yield f"  … and {len(facts) - _MOST_LINES} more like these"
        if step.because:
            yield f"  {_listed([f'step {numbers[id(inner)]}' for inner in step.because])}"
        yield f"  so there is no solution{_with(step, provider)}"


def _facts(facts: Sequence[Information], provider: Provider) -> Iterator[str]:
    """One line for all versions of a package that demand the same."""
    found: dict[tuple[Node | None, str], list[Version]] = {}
    for fact in facts:
        owner = None if fact.parent is None else Node(fact.parent.name, fact.parent.extra)
        said = _said(fact)
        if said is not None:
            versions = found.setdefault((owner, said), [])
            versions += [fact.parent.version] if fact.parent is not None else []
    for (owner, said), versions in found.items():
        yield f"your manifest {said}" if owner is None else f"{owner} {_runs(provider, owner, versions)} {said}"


def _said(fact: Information) -> str | None:
    if isinstance(fact.requirement, Impossible):
        return f"cannot be used: {fact.requirement.reason}"
    demand: Demand = fact.requirement
    return f"requires {stated(demand)}" if demand.direct else None


def _with(step: Conflict, provider: Provider) -> str:
    terms: Mapping[Node, int] = step.terms
    parts = [_term(provider, node, candidates) for node, candidates in terms.items()]
    return f" with {' and '.join(parts)}" if parts else ""


def _term(provider: Provider, node: Node, candidates: int) -> str:
    project = provider.project(node.name)
    listed = () if project is None else tuple(project.versions)
    if candidates == -1 or not listed:
        return str(node)
    every = (1 << len(listed)) - 1
    inside = [listed[place] for place in places(candidates & every)]
    outside = [listed[place] for place in places(~candidates & every)]
    if not outside:
        return str(node)
    if len(outside) < len(inside):
        return f"{node} other than {runs(outside, listed)}"
    return f"{node} {runs(inside, listed)}" if inside else f"{node} in no version"


def _runs(provider: Provider, owner: Node, versions: Sequence[Version]) -> str:
    project = provider.project(owner.name)
    return runs(versions, () if project is None else project.versions)


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:5])
    return ", ".join(shown) + (f" and {len(words) - 5} more" if len(words) > 5 else "")
