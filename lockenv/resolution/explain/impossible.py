"""Failures in, one error out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lockenv.errors import ResolutionImpossible
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.derivation import steps
from lockenv.resolution.explain.document import document
from lockenv.resolution.explain.failure import Failure
from lockenv.resolution.explain.fates import known_of
from lockenv.resolution.explain.hints import hints
from lockenv.resolution.explain.minimal import Core, core_of
from lockenv.resolution.explain.places import Place, place_of
from lockenv.resolution.explain.prose import lines
from lockenv.resolution.explain.story import Fact, Required, Story
from lockenv.resolution.explain.verdict import verdict
from lockenv.targets import Target


@dataclass(slots=True)
class _Group:
    """Failures that one story tells."""

    core: Core
    facts: tuple[Fact, ...]
    failures: list[Failure] = field(default_factory=list)

    @property
    def targets(self) -> list[Target]:
        return list(dict.fromkeys(failure.target for failure in self.failures))


def explain(failures: Sequence[Failure], targets: Sequence[Target]) -> ResolutionImpossible:
    """Make the error that says what does not fit together, on which of `targets`, why, and what may help.

    What concerns optional targets only is left out, unless there is nothing else.
    """
    # An explanation asks the world nothing.
    with failures[0].memory.closed():
        return _explained(failures, targets)


def _explained(failures: Sequence[Failure], targets: Sequence[Target]) -> ResolutionImpossible:
    every = _grouped(failures)
    groups = [group for group in every if not all(target.optional for target in group.targets)] or every
    told = [(_story(group, targets), place_of(group.targets, targets)) for group in groups]
    (first, place), *others = told
    details = lines(first)
    if others:
        details += _helps(first)
    for story, there in others:
        details += [f"{_sentence(story, there)}:", *(f"  {line}" for line in [*lines(story), *_helps(story)])]
    return ResolutionImpossible(
        _sentence(first, place),
        details=details,
        hint=None if others else _hint(first),
        derivation=lambda: tuple(_derivations(groups)),
        document=document([(story, group.targets) for (story, _), group in zip(told, groups, strict=True)]),
    )


def in_brief(failure: Failure) -> str:
    """Say in one sentence why there is no solution for one target: of one package, why the newest is out."""
    with failure.memory.closed():
        (group,) = _grouped([failure])
        story = _story(group, [failure.target])
    newest = next(iter(story.facts), None)
    if newest is None or any(fact.kind != "out" for fact in story.facts):
        return story.verdict
    return f"{story.verdict}: {newest.reason}"


def _grouped(failures: Sequence[Failure]) -> list[_Group]:
    """Put failures together that have the same core, and the same versions out for the same reasons."""
    groups: dict[object, _Group] = {}
    for failure in failures:
        core = core_of(failure, [group.core for group in groups.values()])
        facts = Account(core, known_of(failure)).facts()
        wanting = frozenset((fact.kind, fact.package) for fact in facts if fact.why)
        key = (core.key, wanting)
        groups.setdefault(key, _Group(core, facts)).failures.append(failure)
    return list(groups.values())


def _story(group: _Group, targets: Sequence[Target]) -> Story:
    failure = group.failures[0]
    account = Account(group.core, known_of(failure))
    known = {*failure.memory.names(), *(root.node.name for root in failure.roots)}
    known -= {name for name in account.names() if failure.provider.project(name) is None}
    required = dict.fromkeys(Required(requirement=root.text, group=root.gate) for root in group.core.roots)
    return Story(
        verdict=verdict(account, group.facts),
        required=tuple(required),
        facts=group.facts,
        hints=hints(account, group.facts, known, place_of(group.targets, targets)),
    )


def _sentence(story: Story, place: Place) -> str:
    # A name that is unknown is so everywhere.
    everywhere = place.narrower is None and any(fact.kind in {"unknown", "empty"} for fact in story.facts)
    return f"{story.verdict}, {place.words}" if place.words and not everywhere else story.verdict


def _hint(story: Story) -> str | None:
    return "; or ".join(story.hints[:2]) or None


def _helps(story: Story) -> list[str]:
    """A story's own hint, where there are several stories."""
    return [f"hint: {_hint(story)}"] if story.hints else []


def _derivations(groups: Sequence[_Group]) -> Iterator[str]:
    for group in groups:
        failure = group.failures[0]
        yield f"the whole derivation, for {failure.target.name}:"
        yield from (f"  {line}" for line in steps(failure.dead_end, failure.provider))
