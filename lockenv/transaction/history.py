"""The generations that an environment keeps, and going back to one: a flip, once it is known to be whole."""

# ruff: noqa: PTH100, PTH208

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from lockenv.errors import InstallError, UsageError
from lockenv.events import Reporter, silent
from lockenv.packages import canonicalize_name
from lockenv.plan import Installed, Plan, Wanted, make_plan
from lockenv.transaction import commit, ground, places, state
from lockenv.transaction.durability import Durable
from lockenv.transaction.refusals import unchanged
from lockenv.transaction.turn import Turn
from lockenv.values import dataclass

_GONE = "its interpreter"  #: how the problem begins that no sync of the same lock brings back


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation. `made` is in seconds since the epoch; `problem` says why it cannot be gone back to.

    Without a record nothing is known but its number and the problem.
    """

    number: int
    current: bool
    made: int
    packages: tuple[Installed, ...]
    interpreter_id: str
    lock_digest: str
    selection: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What a rollback did: from which generation to which, and what that changes of the packages."""

    before: int
    after: int
    packages: int
    plan: Plan


def history(env_dir: Path, *, stands: Callable[[str], bool]) -> tuple[Generation, ...]:
    """List the generations of an environment, the newest number first; none where lockenv did not make it.

    `stands` says whether an interpreter, by its id, still is what it was. Each file is looked at, none is read.
    """
    env = os.path.abspath(env_dir)
    current = places.current_number(env)
    return tuple(_described(env, number, current, stands) for number in reversed(places.generations(env)))


def _described(env: str, number: int, current: int | None, stands: Callable[[str], bool]) -> Generation:
    record = state.read(places.generation(env, number))
    return Generation(
        number=number,
        current=number == current,
        made=0 if record is None else record.made,
        packages=() if record is None else _packages(record),
        interpreter_id="" if record is None else record.interpreter_id,
        lock_digest="" if record is None else record.lock_digest,
        selection=() if record is None else record.selection,
        problem=_problem(env, number, record, stands),
    )


def _packages(record: state.State) -> tuple[Installed, ...]:
    return tuple(
        Installed(name=canonicalize_name(name), version=version, sha256=sha256)
        for name, version, sha256, _ in record.packages
    )


def _problem(env: str, number: int, record: state.State | None, stands: Callable[[str], bool]) -> str | None:
    """Say what is wrong with a generation; None where a program could start in it as on its first day."""
    if record is None:
        return "its record is missing or damaged"
    if not stands(record.interpreter_id):
        return f"{_GONE}, {record.interpreter_id.partition(chr(0))[0]}, is gone or is another now"
    for name, content in record.root_files:
        if not state.holds(f"{env}/{name}", content):
            return f"{name} is another now"
    return state.tree_drift(places.generation(env, number), record.tree)


def rollback(
    env_dir: Path,
    number: int | None = None,
    *,
    stands: Callable[[str], bool],
    wait: float | None = None,
    durable: Durable = "process",
    history: int = 1,
    grace: float = 0.0,
    reporter: Reporter = silent,
) -> RolledBack:
    """Make a generation current that is kept: `number`, or the one that was current last.

    `stands` says whether an interpreter, by its id, still is what it was; the rest is as for `apply`. Raises
    `UsageError` where there is no such generation, `InstallError` where it is damaged or the disk refuses; in each
    case the environment is as it was.
    """
    named = os.path.abspath(env_dir)
    with unchanged(named), contextlib.ExitStack() as locks:
        env = ground.behind_link(named)
        if not os.path.isdir(places.home(env)) and not commit.leftovers(env):  # noqa: PTH112
            raise _nowhere(named)
        if not Turn(env, reporter, wait, locks).take():
            raise _nowhere(named)
        before = places.current_number(env)
        after = _chosen(env, number)
        record = _whole(env, after, stands)
        plan = _plan(record, None if before is None else state.read(places.generation(env, before)))
        _flip(env, after, record, durable=durable == "power")
        commit.tidy(env, record.links, history=history, grace=grace)
    return RolledBack(before=before or 0, after=after, packages=len(record.packages), plan=plan)


def _nowhere(env: str) -> UsageError:
    return UsageError(f"there is no environment at {env} that lockenv made", hint="run `lockenv sync` to make it")


def _chosen(env: str, number: int | None) -> int:
    """Say which generation is meant. Raises `UsageError`, and `OSError` where it cannot be known."""
    if number is None:
        os.listdir(places.home(env))  # that nothing is kept must not be read from a refusal of the system
        kept = [other for _, other in commit.others(env)]
        if kept:
            return kept[0]
        raise UsageError(
            f"{env} has no earlier generation to go back to",
            hint="`--history N`, or the setting `history`, says how many each sync keeps",
        )
    if number == places.current_number(env):
        raise UsageError(f"generation {number} is the current one", hint="`lockenv history` lists them")
    try:
        os.lstat(places.generation(env, number))
    except FileNotFoundError:
        raise UsageError(f"{env} has no generation {number}", hint="`lockenv history` lists them") from None
    return number


def _whole(env: str, number: int, stands: Callable[[str], bool]) -> state.State:
    record = state.read(places.generation(env, number))
    problem = _problem(env, number, record, stands)
    if record is None or problem is not None:
        hint = "`lockenv history` shows which are whole; `lockenv sync` makes what the lock says"
        if problem is not None and problem.startswith(_GONE):
            hint = (
                "no generation of that Python can be gone back to: take the earlier pylock.toml out of your"
                " version control, and `lockenv sync` makes what it says with the Python that is there"
            )
        raise InstallError(
            f"generation {number} is not what it was: {problem}; the environment was not changed", hint=hint
        )
    return record


def _plan(record: state.State, before: state.State | None) -> Plan:
    wanted = [
        Wanted(name=one.name, version=one.version, sha256=one.sha256, filename="") for one in _packages(record)
    ]
    return make_plan(wanted, () if before is None else _packages(before))


def _flip(env: str, number: int, record: state.State, *, durable: bool) -> None:
    """Add the top-level links that are missing, flip, and take them back if that does not come to be."""
    try:
        missing = commit.missing_links(env, record.links)
    except FileExistsError as error:
        raise InstallError(
            f"{error} stands where generation {number} has a link; the environment was not changed",
            hint="move it out of the environment",
        ) from None
    try:
        commit.add_links(env, missing)
        commit.flip(env, number, durable=durable)
    except BaseException:
        if places.current_number(env) != number:
            with contextlib.suppress(OSError):
                commit.remove_links(env, missing)
        raise
