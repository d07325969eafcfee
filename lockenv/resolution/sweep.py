"""All cells in turn: every target, cut where the patch version of Python matters, for every choice of groups.

Newest Python first, the platforms of one Python one after the other. A later platform first tries what an earlier
one of the same Python has found, so that versions differ only where they must; from one Python to the next nothing
is handed on, so that each has the newest it can have, unless as few versions as possible are wanted
(`across-pythons = "fewest"`): then the oldest Python goes first and hands on to all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.edges import first_cut
from lockenv.resolution.model import NO_FORK, Fork, Held, Question
from lockenv.resolution.solve import Answer, Solver, Stuck, Wishes
from lockenv.targets import Target
from lockenv.values import dataclass, field, replace

#: A target is cut into so many parts at most; more would come from metadata made to that end.
MAX_PARTS = 32


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep over all cells has found."""

    answers: list[Answer] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)


def sweep(question: Question, solver: Solver, returning: frozenset[NormalizedName] = frozenset()) -> Swept:
    """Solve every cell. Packages in `returning` first try the versions that they once gave way from.

    Raises what `Solver.solve` raises.
    """
    swept = Swept()
    for target in _in_order(question):
        _solve_parts(question, solver, target, swept, returning)
    return swept


def forks_of(question: Question) -> Iterator[Fork]:
    """Every way to ask for at most one group of each conflicting set, none first."""
    forks = {NO_FORK}
    for members in question.conflicts:
        more = {fork | {member} for fork in forks for member in members}
        forks |= {fork for fork in more if all(len(fork & set(conflict)) <= 1 for conflict in question.conflicts)}
    yield from sorted(forks, key=lambda fork: (len(fork), sorted(fork)))


def _in_order(question: Question) -> tuple[Target, ...]:
    if question.across_pythons == "newest":
        return question.targets
    # A stable sort: platforms of one Python stay in their order.
    return tuple(sorted(question.targets, key=lambda target: target.span.lowest))


def _solve_parts(
    question: Question, solver: Solver, target: Target, swept: Swept, returning: frozenset[NormalizedName]
) -> None:
    """Solve one target from its lowest patch version upwards, cutting it where an answer ceases to hold."""
    part: Target | None = target
    for _ in range(MAX_PARTS):
        if part is None:
            return
        answers, stuck = list[Answer](), list[Stuck]()
        for fork in forks_of(question):
            wishes = _wishes(question, part, fork, [*swept.answers, *answers], returning)
            outcome = solver.solve(part, fork, wishes)
            if isinstance(outcome, Answer):
                answers.append(outcome)
            else:
                stuck.append(outcome)
        cut = first_cut(question, part.span, answers, stuck)
        first, part = (part, None) if cut is None else _split(part, cut)
        first = _excused(first, question)
        swept.answers.extend(replace(answer, target=first) for answer in answers)
        swept.stuck.extend(replace(each, target=first) for each in stuck)


def _split(part: Target, cut: Version) -> tuple[Target, Target | None]:
    # Of minors that are not released yet, nothing is known: there the claim ends instead.
    known = cut.release[:2] == part.span.lowest.release[:2]
    return part.until(cut), part.since(cut) if known else None


def _excused(part: Target, question: Question) -> Target:
    """Only that part of this machine's target must be satisfied that this machine's Python lies in."""
    if question.here is None or part.optional or part.span.holds(question.here):
        return part
    return replace(part, optional=True)


def _wishes(
    question: Question,
    part: Target,
    fork: Fork,
    answers: Iterable[Answer],
    returning: frozenset[NormalizedName],
) -> Wishes:
    held = question.held(part, fork)
    first: dict[NormalizedName, tuple[Version, ...]] = {
        name: (*_to_return_to(name, one, returning), one.version) for name, one in held.items()
    }
    for answer in _speaking(question, part, fork, answers):
        for name, version in answer.versions.items():
            before = first.get(name, ())
            if version not in before:
                first[name] = (*before, version)
    return Wishes(held=held, first=first)


def _to_return_to(name: NormalizedName, held: Held, returning: frozenset[NormalizedName]) -> tuple[Version, ...]:
    return held.instead_of if name in returning else ()


def _speaking(question: Question, part: Target, fork: Fork, answers: Iterable[Answer]) -> list[Answer]:
    """The answers that a cell follows where it can: of its own fork before those without conflicting groups."""
    everywhere = question.across_pythons == "fewest"
    near = [each for each in answers if everywhere or each.target.span.holds(part.span.lowest)]
    return [each for each in near if each.fork == fork] + [
        each for each in near if each.fork == NO_FORK and fork != NO_FORK
    ]
