"""A story as lines for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from lockenv.manifest.words import listed
from lockenv.resolution.explain.story import EVERY, FITTING, Fact, Required, Story

#: No more facts than a tired person reads.
MOST_FACTS = 6

#: Beyond these few, nothing is told of versions that have so many newer ones with another trouble.
_FEW_FACTS, _OLD = 3, 20

#: A chain of requirements that is longer is told by its ends.
_LONGEST_CHAIN = 3


def lines(story: Story) -> list[str]:
    """The user's own requirements, then the facts, each below what leads to it."""
    facts = _told(story.facts)
    told = facts
    old = any(fact.age >= _OLD for fact in story.facts)
    if len(facts) > (_FEW_FACTS if old else MOST_FACTS) + 1:
        told = _told(_newest(story.facts))[:MOST_FACTS]
    more = [f"… and {len(facts) - len(told)} more facts (-v tells them all)"] if len(told) < len(facts) else []
    example = [f"for example, on {story.example}:"] if story.example else []
    return [*_required(story.required, story.facts), *example, *told, *more]


def _told(facts: Sequence[Fact]) -> list[str]:
    # That a name is unknown is the verdict.
    return [line for chain in _chains(facts) for line in _chain(chain) if chain[0].kind != "unknown"]


def _newest(facts: Sequence[Fact]) -> list[Fact]:
    """What is told of the newest versions: what became of older ones must not hide what else is the matter."""
    by_age = sorted(range(len(facts)), key=lambda number: facts[number].age)[:MOST_FACTS]
    kept = [number for place, number in enumerate(by_age) if place < _FEW_FACTS or facts[number].age < _OLD]
    return [facts[number] for number in sorted(kept)]


def _required(required: Sequence[Required], facts: Iterable[Fact]) -> Iterator[str]:
    """The requirements by group. Bare names are left out where a fact begins with them anyway."""
    owners = {fact.package for fact in facts if fact.depth == 0 and fact.kind != "unknown"}
    by_group: dict[str, list[str]] = {}
    for each in required:
        if each.group or each.requirement.partition(";")[0] not in owners:
            by_group.setdefault(each.group, []).append(each.requirement)
    for group, texts in by_group.items():
        who = f"group `{group}` requires" if group else "your manifest requires"
        marked = any(";" in text for text in texts)
        yield from (f"{who} {text}" for text in (texts if marked else [listed(texts)]))


# -- chains ------------------------------------------------------------------------------------------------------


def _chains(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    """Put facts together that are the only ones on their way down, each about what the one above requires."""
    chain: list[Fact] = []
    for position, fact in enumerate(facts):
        following = facts[position + 1] if position + 1 < len(facts) else None
        chain.append(fact)
        if following is None or not _leads_to(fact, following, facts):
            yield chain
            chain = []


def _leads_to(fact: Fact, following: Fact, facts: Sequence[Fact]) -> bool:
    alone = sum(1 for each in facts if each.package == following.package) == 1
    return fact.kind == following.kind == "requires" and following.depth == fact.depth + 1 and alone


def _chain(chain: Sequence[Fact]) -> Iterator[str]:
    if len(chain) <= _LONGEST_CHAIN:
        yield from map(_fact, chain)
        return
    first, *between, last = chain
    yield _fact(first)
    yield (
        "  " * (first.depth + 1)
        + f"… and so on, through {listed(fact.package for fact in between[1:])} to {last.package}"
    )
    yield _fact(replace(last, depth=first.depth + 1))


# -- facts -------------------------------------------------------------------------------------------------------


def _fact(fact: Fact) -> str:
    return "  " * fact.depth + _said(fact)


def _said(fact: Fact) -> str:
    match fact.kind:
        case "requires":
            return _requires(fact)
        case "out":
            return _out(fact)
        case _:
            return _of_package(fact)


def _of_package(fact: Fact) -> str:
    match fact.kind:
        case "none":
            return f"{fact.package} has no version {fact.requirement}; {fact.reason}"
        case "constrained":
            return f"your manifest constrains {fact.package} to {fact.requirement}"
        case "asked":
            missing = f", and it has no such version; {fact.reason}" if fact.reason else ""
            return f"the command line asks for {fact.package}{fact.requirement}{missing}"
        case "apart":
            return f"no version of {fact.package} suits one of each"
        case "empty":
            return f"the index lists {fact.package}, but no file of it that could be installed"
        case _:
            return f"no index knows a package named {fact.package}"


def _requires(fact: Fact) -> str:
    one = len(fact.versions) == 1 or fact.shown in {EVERY, FITTING}
    because = ", because [resolution] overrides what it says" if fact.overridden else ""
    if not fact.each:
        return f"{_subject(fact)} {'requires' if one else 'require'} {fact.requirement}{because}"
    requires = "requires its own" if one else "each require their own"
    return f"{_subject(fact)} {requires} {fact.requirement}, {fact.reason}{because}"


def _subject(fact: Fact) -> str:
    match fact.shown:
        case "(every version)":
            return f"every version of {fact.package}"
        case "(every version that fits)":
            return f"every version of {fact.package} that fits"
        case _:
            return f"{fact.package} {fact.shown}"


def _out(fact: Fact) -> str:
    one = len(fact.versions) == 1
    subject, are = f"{fact.package} {fact.shown}", "is" if one else "are"
    match fact.why:
        case "python":
            return f"{subject} {'needs' if one else 'need'} {fact.reason.removeprefix('needs ')}"
        case "yanked":
            return f"{subject} {are} {fact.reason}"
        case "pre-release":
            return f"{subject} {'is a pre-release' if one else 'are pre-releases'}"
        case "metadata" if fact.reason.startswith("it has no extra"):
            return f"{subject} {'has' if one else 'have'} {fact.reason.removeprefix('it has ')}"
        case "cut-off" if fact.reason.startswith("published"):
            return f"{subject} {'was' if one else 'were'} {fact.reason}"
        case _:
            return f"{subject} {are} out: {fact.reason}"
