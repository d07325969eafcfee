"""Question in, resolution out: every cell solved, guesses proven, what gave way brought back where it can be."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from lockenv.errors import NetworkError, ResolutionImpossible, ResolutionUnknown
from lockenv.events import Reporter, StageFinished, StageStarted, silent
from lockenv.packages import NormalizedName, canonicalize_name
from lockenv.resolution.demands import Demand, Impossible
from lockenv.resolution.memory import Memory
from lockenv.resolution.merge import merge
from lockenv.resolution.model import Dropped, Question, Resolution
from lockenv.resolution.solve import Answer, Solver, Stuck
from lockenv.resolution.source import Source
from lockenv.resolution.sweep import Swept, sweep
from lockenv.targets import Target
from lockenv.values import replace

if TYPE_CHECKING:
    from lockenv.resolution.explain.failure import Failure


def resolve(question: Question, source: Source, report: Reporter = silent) -> Resolution:
    """Find for every target, and every choice among conflicting groups, one version of each package needed there.

    Raises `ResolutionImpossible` with an explanation (`ResolutionUnknown` where it rests on what cannot be read:
    on all that there is of some package), `ResolutionGaveUp` at the search's bound, `NetworkError`
    where the source cannot answer, `InternalError` if the search's answer is no solution.
    """
    report(StageStarted(stage="Resolving"))
    memory = Memory(source)
    solver = Solver(question, memory, report)
    names = {canonicalize_name(root.name) for roots in question.roots.values() for root in roots}
    memory.prefetch_listings(sorted(names))
    swept = _proven(question, solver)
    required = [each for each in swept.stuck if not each.target.optional]
    if required or not _whole(swept):
        # Lazy, as in `_failure`.
        from lockenv.resolution.explain.impossible import explain

        _ask_for_all(sorted(names), swept, solver)
        error = explain([_failure(each, memory, question) for each in swept.stuck], question.targets)
        raise _unknown(error) if any(map(_rests_on_what_is_broken, required or swept.stuck)) else error
    swept = _with_returns(question, solver, swept)
    dropped = [_dropped(each, memory, question) for each in _one_of_each_target(swept.stuck)]
    resolution = merge(question, _whole(swept), dropped)
    report(StageFinished(stage="Resolving"))
    return resolution


def _proven(question: Question, solver: Solver, returning: frozenset[NormalizedName] = frozenset()) -> Swept:
    """Sweep until the answer rests on no guess about metadata. Each further turn knows of one project more."""
    while True:
        swept = sweep(question, solver, returning)
        chosen = [each for answer in swept.answers for each in answer.found.candidates.values()]
        passed_over = [each for answer in swept.answers for each in answer.passed_over]
        # A dead end rests on the metadata of those whose demands led to it, and that have or lack an extra.
        blamed = [
            cause.parent for each in swept.stuck for cause in each.dead_end.causes if cause.parent is not None
        ]
        blamed += [witness for each in swept.stuck for witness in each.provider.witnesses]
        if solver.readings.prove(chosen, [*passed_over, *blamed]):
            return swept
        solver.start_over()


def _ask_for_all(names: Iterable[NormalizedName], swept: Swept, solver: Solver) -> None:
    """Where a name of the manifest is unknown, find out which others are: so that all are told at once."""
    causes = (cause.requirement for each in swept.stuck for cause in each.dead_end.causes if cause.parent is None)
    if any(solver.projects.get(cause.node.name) is None for cause in causes):
        for name in names:
            # What is known already is an answer, whether or not this can be found out.
            with suppress(NetworkError):
                solver.projects.get(name)


def _rests_on_what_is_broken(stuck: Stuck) -> bool:
    """Whether there is a package of which every version that could be used has broken metadata."""
    broken: dict[NormalizedName, bool] = {}
    for cause in stuck.dead_end.causes:
        demand, parent = cause.requirement, cause.parent
        if parent is None or not (isinstance(demand, Impossible) or demand.direct):
            continue
        if isinstance(demand, Demand) or demand.broken:
            is_broken = isinstance(demand, Impossible)
            broken[parent.name] = broken.get(parent.name, True) and is_broken
    return any(broken.values())


def _unknown(error: ResolutionImpossible) -> ResolutionUnknown:
    return ResolutionUnknown(
        error.message,
        details=error.details,
        hint=error.hint,
        derivation=error.derivation,
        document=error.document,
    )


def _failure(stuck: Stuck, memory: Memory, question: Question) -> Failure:
    # Lazy: most resolutions have nothing to explain.
    from lockenv.resolution.explain.failure import Failure

    return Failure(
        target=stuck.target,
        roots=tuple(demand for demands in stuck.roots.values() for demand in demands),
        dead_end=stuck.dead_end,
        provider=stuck.provider,
        memory=memory,
        includes=question.includes,
        conflicts=question.conflicts,
    )


def _dropped(stuck: Stuck, memory: Memory, question: Question) -> Dropped:
    from lockenv.resolution.explain.impossible import in_brief  # lazy, as in `_failure`

    return Dropped(target=stuck.target, reason=in_brief(_failure(stuck, memory, question)))


def _one_of_each_target(stuck: Iterable[Stuck]) -> list[Stuck]:
    """One of the cells without solution for each target, neighbouring parts of it being one."""
    found: list[Stuck] = []
    for each in stuck:
        last = found[-1].target if found else None
        if last is not None and last.adjoins(each.target):
            found[-1] = replace(found[-1], target=last.joined(each.target))
        elif last != each.target:
            found.append(each)
    return found


def _whole(swept: Swept) -> list[Answer]:
    """The answers of those targets that have one for every choice among conflicting groups."""
    lacking = {each.target for each in swept.stuck}
    return [answer for answer in swept.answers if answer.target not in lacking]


# -- what once gave way (docs/decisions) -------------------------------------------------------------------------


def _with_returns(question: Question, solver: Solver, swept: Swept) -> Swept:
    """Bring versions back that once gave way, where nothing else has to move for it: all at once, or singly."""
    displaced = (answer.wishes.held.items() for answer in swept.answers)
    names = sorted({name for held in displaced for name, one in held if one.instead_of})
    attempts = [frozenset(names), *(frozenset({name}) for name in names if len(names) > 1)]
    for returning in attempts if names else ():
        solver.start_over()
        again = _proven(question, solver, returning)
        if _nothing_else_moves(swept, again, returning):
            return again
    return swept


def _nothing_else_moves(before: Swept, after: Swept, returning: frozenset[NormalizedName]) -> bool:
    """Whether both are for the same targets, and only packages in `returning` differ, wherever parts are cut."""
    return _claimed(before) == _claimed(after) and all(
        name in returning or now.versions.get(name, version) == version
        for then in before.answers
        for now in after.answers
        if then.fork == now.fork and then.target.overlaps(now.target)
        for name, version in then.versions.items()
    )


def _claimed(swept: Swept) -> list[Target]:
    """The targets with an answer, neighbouring parts joined."""
    found: list[Target] = []
    for target in dict.fromkeys(answer.target for answer in _whole(swept)):
        if found and found[-1].adjoins(target):
            found[-1] = found[-1].joined(target)
        else:
            found.append(target)
    return found
