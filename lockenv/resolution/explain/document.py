"""Stories for machines: the same as the prose says, as data for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from lockenv.resolution.explain.story import Fact, Story
from lockenv.targets import Target

#: Counts changes that a reader of the document has to know of.
SCHEMA = 1


def document(stories: Sequence[tuple[Story, Sequence[Target]]]) -> dict[str, object]:
    """Make a value that JSON can hold: ``{"schema": 1, "conflicts": [...]}``, one entry a story."""
    return {"schema": SCHEMA, "conflicts": [_conflict(story, targets) for story, targets in stories]}


def _conflict(story: Story, targets: Sequence[Target]) -> dict[str, object]:
    said: dict[str, object] = {
        "message": story.verdict,
        "targets": [target.name for target in targets],
        "requirements": [{"requirement": each.requirement, "group": each.group} for each in story.required],
        "facts": [_fact(fact) for fact in story.facts],
        "hints": list(story.hints),
    }
    return said | ({"facts-of": story.example} if story.example else {})


def _fact(fact: Fact) -> dict[str, object]:
    """A fact without what it does not say; `shown` is prose."""
    said = {key: value for key, value in asdict(fact).items() if value and key not in {"shown", "age"}}
    return {**said, "depth": fact.depth} | ({"versions": list(fact.versions)} if fact.versions else {})
