"""Failures in, one error out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

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
from lockenv.resolution.explain.scene import Scene
from lockenv.resolution.explain.story import Required, Story, in_common
from lockenv.resolution.explain.verdict import verdict
from lockenv.targets import Target

_ONLY_FOR_PYTHONS = re.compile(r"^wheels only for (?:C?Python|PyPy)\b.*?(, and the source|, and `|$)")


@dataclass(slots=True)
class _Group:
    """Failures that one story tells, with the account of each."""

    core: Core
    failures: list[Failure] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)

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
    told = [
        (_story(group, targets, _hopeless(group, every)), place_of(group.targets, targets)) for group in groups
    ]
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
        story = _story(group, [failure.target], frozenset({failure.target}))
    newest = next(iter(story.facts), None)
    if newest is None or any(fact.kind != "out" for fact in story.facts):
        return story.verdict
    return f"{story.verdict}: {_brief(newest.reason, failure.target)}"


def _brief(reason: str, target: Target) -> str:
    """Why no wheel fits, the same for all targets of one Python, whatever else each platform has wheels for."""
    python = target.name.partition(", ")[2].partition(" (")[0]
    return _ONLY_FOR_PYTHONS.sub(rf"no wheels for {python}\1", reason)


def _grouped(failures: Sequence[Failure]) -> list[_Group]:
    """Put failures together that have the same core, and the same versions out for the same reasons."""
    groups: dict[object, _Group] = {}
    for failure in failures:
        core = core_of(failure, [group.core for group in groups.values()])
        account = Account(core, known_of(failure))
        clash = account.clash_names() or account.names()
        wanting = frozenset((fact.kind, fact.package) for fact in account.facts() if fact.package in clash)
        group = groups.setdefault((core.key, wanting), _Group(core))
        group.failures.append(failure)
        group.accounts.append(account)
    return list(groups.values())


def _story(group: _Group, targets: Sequence[Target], hopeless: frozenset[Target]) -> Story:
    failure, account = group.failures[0], group.accounts[0]
    facts = account.facts()
    known = {*failure.memory.names(), *(root.node.name for root in failure.roots)}
    known -= {name for name in account.names() if failure.provider.project(name) is None}
    required = dict.fromkeys(Required(requirement=root.text, group=root.gate) for root in group.core.roots)
    scene = Scene(
        accounts=group.accounts,
        place=_remedied(group.targets, targets, hopeless),
        hopeless=hopeless,
        targets=targets,
    )
    story = Story(
        verdict=verdict(account, facts),
        required=tuple(required),
        facts=facts,
        hints=hints(scene, facts, known, failure.conflicts),
    )
    return _true_of_all([replace(story, facts=other.facts()) for other in group.accounts], failure.target)


def _true_of_all(stories: Sequence[Story], target: Target) -> Story:
    """The story that each of several targets has: with less in it if need be, or else the first one's as such."""
    for forms in (stories, [replace(story, facts=in_common(story.facts)) for story in stories]):
        if all(lines(form) == lines(forms[0]) for form in forms):
            return forms[0]
    return replace(stories[0], example=target.name)


def _hopeless(group: _Group, every: Sequence[_Group]) -> frozenset[Target]:
    """The targets without solution for one of the requirements that a story is about, in whatever story."""
    roots = {root.node.name for root in group.core.roots}
    return frozenset(
        target
        for other in every
        if any(root.node.name in roots for root in other.core.roots)
        for target in other.targets
    )


def _remedied(concerned: Sequence[Target], targets: Sequence[Target], hopeless: frozenset[Target]) -> Place:
    """The place that remedies are for: to leave it out is none where there is no solution elsewhere either."""
    place = place_of(concerned, targets)
    if not set(targets) - hopeless:
        return Place(words=place.words)
    pythons = {target.span for target in concerned} - {target.span for target in targets if target not in hopeless}
    return replace(place, whole_python=bool(pythons) and place.python is not None)


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
