"""Choosing from a lock what one target and one selection of groups installs (PEP 751, installation)."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import TypeAlias, cast

from packaging.markers import Environment
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
)

from lockenv.errors import LockError, UsageError
from lockenv.lockfile.pylock import tool_table
from lockenv.targets import Target
from lockenv.values import dataclass

Artifact: TypeAlias = PackageWheel | PackageSdist | PackageArchive | PackageDirectory | PackageVcs


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which parts of a lock are asked for. None for `groups` means the lock's default groups."""

    groups: frozenset[str] | None = None
    extras: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A package of the lock and the artifact of it to install."""

    package: Package
    artifact: Artifact


def select(
    lock: Pylock, target: Target, selection: Selection, *, where: str = "pylock.toml"
) -> tuple[Selected, ...]:
    """Choose what a target installs, sorted by name.

    Raises `UsageError` for a group or extra that the lock does not have, and for groups that it says are never
    installed together; `LockError` where the lock does not cover the target or is ambiguous.
    """
    check_selection(lock, selection, where=where)
    try:
        chosen = tuple(
            lock.select(
                environment=cast("Environment", target.variables),
                tags=target.tags,
                extras=selection.extras,
                dependency_groups=selection.groups,
            )
        )
    except PylockSelectError as error:
        raise _not_covered(lock, target, error, where) from None
    found = [Selected(package=package, artifact=artifact) for package, artifact in chosen]
    return tuple(sorted(found, key=lambda selected: selected.package.name))


def check_selection(lock: Pylock, selection: Selection, *, where: str = "pylock.toml") -> None:
    """Raise `UsageError` for a group or extra that is not there, and for groups that exclude each other."""
    _check_names("group", selection.groups or (), lock.dependency_groups or (), where)
    _check_names("extra", selection.extras, lock.extras or (), where)
    _check_conflicts(lock, selection.groups or frozenset(), where)


def _check_names(kind: str, asked: Collection[str], known: Collection[str], where: str) -> None:
    # Asking for what does not exist is a mistake; pip's source announces that it will become an error there.
    for name in sorted(asked):
        if name not in known:
            import difflib  # Lazy: only for what is mistyped

            close = difflib.get_close_matches(name, known, n=1)
            has = ", ".join(sorted(known)) or "none"
            msg = f"{where} has no {kind} {name!r} (it has: {has})"
            raise UsageError(msg, hint=f"did you mean `{close[0]}`?" if close else None)


def _check_conflicts(lock: Pylock, asked: AbstractSet[str], where: str) -> None:
    """Refuse two groups that conflict, themselves or by what they include (`[resolution] conflicts`)."""
    for members in tool_table(lock).get("conflicts", ()):
        together = sorted(asked & set(members))
        if len(together) > 1:
            names = " and ".join(f"`{name}`" for name in together)
            either = " or ".join(f"`--group {name}`" for name in together)
            raise UsageError(
                f"the groups {names} exclude each other: {where} holds other versions for each",
                hint=f"ask for one of them: {either}",
            )


def _not_covered(lock: Pylock, target: Target, error: PylockSelectError, where: str) -> LockError:
    environments = lock.environments or ()
    covered = not environments or any(marker.evaluate(target.variables) for marker in environments)
    if covered:
        msg = f"{where} cannot be installed on {target.name}: {error}"
        ours = lock.created_by == "lockenv"
        return LockError(
            msg, hint="run `lockenv lock` to make it anew" if ours else "whoever made the lock has to make it anew"
        )
    return LockError(
        f"{where} is not for {target.name} ({target.python})",
        details=[f"it covers: {marker}" for marker in environments],
        hint="run `lockenv lock` with this Python, or choose another one with `--python`",
    )
