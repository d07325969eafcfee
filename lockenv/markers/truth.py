"""Whether markers hold on a target, each question answered once (PEP 508)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName

from lockenv.markers.syntax import text_of, variables
from lockenv.packages import MARKER_VARIABLES, Metadata, NormalizedName, Requirement, parse_requirement
from lockenv.targets import Target


class _Question(NamedTuple):
    """A requirement's marker: its text, which many requirements share, and what its truth rests on."""

    requirement: Requirement
    text: str
    variables: tuple[str, ...]
    by_extra: bool


class _Found(NamedTuple):
    """What counts of a distribution's lines where `variables` have certain values, and all that was asked."""

    counting: tuple[Requirement, ...]
    asked: dict[tuple[int, str], bool]
    variables: tuple[str, ...]


class _Sheet:
    """The requirements of one distribution, what their markers' truth rests on, and what was found out of them.

    `known` has for each extra and each choice of values what counts, and all that had to be asked for that.
    """

    def __init__(self, metadata: Metadata, shared: _Shared) -> None:
        self.metadata = metadata
        self.lines = tuple(map(parse_requirement, metadata.requires_dist))
        self.speaking = tuple({id(line.marker): line for line in reversed(self.lines)}.values())[::-1]
        questions = (shared.question(line, line.marker) for line in self.speaking if line.marker is not None)
        self.variables = tuple(dict.fromkeys(name for question in questions for name in question.variables))
        self.known: dict[tuple[str, tuple[str, ...]], _Found] = {}


class _Shared:
    """What is known of requirements' markers for all targets.

    The requirement objects are interned by `lockenv.packages.parse_requirement`, so identity is a key; each is
    kept here so that its id stays taken. Answers go by the marker's text and the values of the variables it names.
    """

    def __init__(self) -> None:
        self.questions: dict[int, _Question] = {}
        self.answers: dict[tuple[str, tuple[str, ...], str], bool] = {}
        self._sheets: dict[int, _Sheet] = {}
        self._markers: dict[int, tuple[Marker, tuple[str, tuple[str, ...], bool]]] = {}

    def sheet(self, metadata: Metadata) -> _Sheet:
        """What is known of a distribution's requirements. Raises `InvalidRequirement`."""
        known = self._sheets.get(id(metadata))
        if known is None:
            # It keeps the metadata, so that their id stays taken.
            known = self._sheets[id(metadata)] = _Sheet(metadata, self)
        return known

    def question(self, requirement: Requirement, marker: Marker) -> _Question:
        """What is asked with a requirement that has this marker."""
        known = self.questions.get(id(requirement))
        if known is None:
            known = self.questions[id(requirement)] = _Question(requirement, *self._rests_on(marker))
        return known

    def _rests_on(self, marker: Marker) -> tuple[str, tuple[str, ...], bool]:
        """A marker's text, and what its truth rests on, found once for a marker that many requirements share."""
        known = self._markers.get(id(marker))
        if known is None:
            text = text_of(marker)
            names = variables(text) if text else (*MARKER_VARIABLES, "extra")
            rests = tuple(name for name in names if name != "extra")
            # The marker is kept beside the answer so that its id stays taken.
            known = self._markers[id(marker)] = (
                marker,
                (text or f"the marker {id(marker)}", rests, "extra" in names),
            )
        return known[1]


class Truth:
    """The truth of requirements' markers on one target.

    Asked per (requirement, extra), because the same requirement lines return in release after release. What is
    found out is shared with the other truths that the same `Truths` has made.
    """

    def __init__(self, target: Target, shared: _Shared | None = None) -> None:
        self._variables = target.variables
        self._environments: dict[str, Mapping[str, str]] = {}
        self._values: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._shared = shared or _Shared()
        self._asked: dict[tuple[int, str], bool] = {}
        self._found: dict[int, _Found] = {}

    def applies(self, requirement: Requirement, extra: str = "") -> bool:
        """Whether a requirement counts here when `extra` of its owner is asked for ('' for none)."""
        marker = requirement.marker
        if marker is None:
            return True
        answer = self._asked.get((id(requirement), extra))
        if answer is None:
            question = self._shared.question(requirement, marker)
            answer = self._asked[id(requirement), extra] = self._answer(question, marker, extra)
        return answer

    def counting(self, metadata: Metadata, extra: str = "") -> tuple[Requirement, ...]:
        """The requirements of a distribution that count here: without extras, or for the sake of `extra` alone.

        Asks what `applies` would be asked, but looks for the answers once for all targets that agree on the
        variables which the markers name: a distribution may have hundreds of lines. Raises `InvalidRequirement`,
        and what the evaluation of markers raises.
        """
        sheet = self._shared.sheet(metadata)
        key = (extra, self._seen(sheet.variables))
        known = sheet.known.get(key)
        if known is None:
            asked: dict[tuple[int, str], bool] = {}
            # Lines share their markers, and the first line of each speaks for the others.
            for_extra = {id(line.marker): self._is_for(line, extra, asked) for line in sheet.speaking}
            found = tuple(line for line in sheet.lines if for_extra[id(line.marker)])
            known = sheet.known[key] = _Found(found, asked, sheet.variables)
        # Sheets are kept for as long as what was found, so that its id stays taken.
        self._found[id(known)] = known
        return known.counting

    def _is_for(self, line: Requirement, extra: str, asked: dict[tuple[int, str], bool]) -> bool:
        if line.marker is None:
            return not extra
        plain = asked[id(line), ""] = self.applies(line)
        if not extra or plain:
            return plain and not extra
        answer = asked[id(line), extra] = self.applies(line, extra)
        return answer

    def would_apply(self, requirement: Requirement, extra: str = "") -> bool:
        """Whether a requirement seems to count here, for guesses from any thread: it counts as not asked."""
        marker = requirement.marker
        try:
            return marker is None or self._answer(self._shared.question(requirement, marker), marker, extra)
        except (UndefinedComparison, UndefinedEnvironmentName):
            return False

    def asked(self) -> Iterator[tuple[Requirement, str, bool]]:
        """All that `applies` was asked and answered: (requirement, extra, answer), in the order first asked.

        Requirements without a marker are left out: they count everywhere.
        """
        questions = self._shared.questions
        asked: dict[tuple[int, str], bool] = {}
        for found in self._found.values():
            asked.update(found.asked)
        asked.update(self._asked)
        return ((questions[number].requirement, extra, answer) for (number, extra), answer in asked.items())

    def answered_alike(self, other: Truth) -> bool:
        """Whether `other`, of the same `Truths`, would give the same answer to all that this one was asked.

        It counts as not asked thereby.
        """
        return all(
            self._seen(found.variables) == other._seen(found.variables) or self._answered_alike(other, found.asked)
            for found in self._found.values()
        ) and self._answered_alike(other, self._asked)

    def _answered_alike(self, other: Truth, asked: Mapping[tuple[int, str], bool]) -> bool:
        return all(
            other._says(self, self._shared.questions[number], extra, answer)
            for (number, extra), answer in asked.items()
        )

    def _says(self, asker: Truth, question: _Question, extra: str, answer: bool) -> bool:
        if self._seen(question.variables) == asker._seen(question.variables):
            return True
        marker = question.requirement.marker
        try:
            return marker is None or self._answer(question, marker, extra) is answer
        except (UndefinedComparison, UndefinedEnvironmentName):
            return False

    def holds(self, marker: Marker, extra: str = "") -> bool:
        """Whether a marker is true here, with ``extra`` set to the given name."""
        environment = self._environments.get(extra)
        if environment is None:
            environment = {**self._variables, "extra": extra}
            self._environments[extra] = environment
        return marker.evaluate(environment)

    def _answer(self, question: _Question, marker: Marker, extra: str) -> bool:
        key = (question.text, self._seen(question.variables), extra if question.by_extra else "")
        answer = self._shared.answers.get(key)
        if answer is None:
            answer = self._shared.answers[key] = self.holds(marker, extra)
        return answer

    def _seen(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The values of some variables here."""
        values = self._values.get(names)
        if values is None:
            values = self._values[names] = tuple(self._variables.get(name, "") for name in names)
        return values


class Truths:
    """Makes the truth of each target, so that what one was asked helps the others.

    A marker is evaluated once for all targets that agree on the variables it names.
    """

    def __init__(self) -> None:
        self._shared = _Shared()

    def of(self, target: Target) -> Truth:
        """A truth of this target that has been asked nothing yet; to be had anew for every search."""
        return Truth(target, self._shared)


def names_extra(requirement: Requirement, extra: NormalizedName, truth: Truth) -> bool:
    """Whether a requirement belongs to an extra: it counts with the extra and not without."""
    return truth.applies(requirement, extra) and not truth.applies(requirement)
