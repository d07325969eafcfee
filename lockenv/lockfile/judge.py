"""The judgement of a lock at the moment of writing: what it selects is what was resolved, on every target."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.pylock import Pylock
from packaging.version import Version

from lockenv.errors import InternalError, LockError, Problem
from lockenv.graph import MAIN
from lockenv.lockfile.select import Selection, select
from lockenv.packages import NormalizedName
from lockenv.resolution.model import Resolution


def judge(lock: Pylock, resolution: Resolution) -> None:
    """Compare what the lock selects with the resolution: per target with no group, each group, and all groups.

    Group markers are alternatives of single memberships, so these selections stand for all.
    Raises `InternalError` with every difference.
    """
    groups = tuple(lock.dependency_groups or ())
    selections = dict.fromkeys([frozenset(), *(frozenset({group}) for group in groups), frozenset(groups)])
    problems = [
        problem
        for number in range(len(resolution.targets))
        for selection in selections
        for problem in _differences(lock, resolution, number, selection)
    ]
    if problems:
        raise InternalError(
            "the lock would not install what was resolved; nothing was written",
            problems=problems,
            hint="please report this, with env.toml: it is a bug in lockenv",
        )


def _differences(lock: Pylock, resolution: Resolution, number: int, groups: frozenset[str]) -> Iterator[Problem]:
    target = resolution.targets[number]
    where = f"{target.name}, groups {', '.join(sorted(groups)) or 'none'}"
    try:
        chosen = select(lock, target, Selection(groups=groups))
    except LockError as error:
        yield Problem(where=where, message=error.message)
        return
    selected = {chosen_one.package.name: chosen_one.package.version for chosen_one in chosen}
    resolved: dict[NormalizedName, Version | None] = {
        pin.name: pin.version
        for pin in resolution.pins
        if number in pin.targets and not pin.gates.isdisjoint({MAIN, *groups})
    }
    for name in sorted(selected.keys() | resolved.keys()):
        if selected.get(name) != resolved.get(name):
            message = f"{name}: the lock selects {selected.get(name)}, resolved was {resolved.get(name)}"
            yield Problem(where=where, message=message)
