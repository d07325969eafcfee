"""Two locks that come from one: what each side has changed, put together package by package.

A line of a lock means little without its neighbours, so that a merge of lines is seldom a lock. All that stands
under one name is taken from one side instead: from the one that changed it, or from either where both say the
same. What both changed in different ways is disputed; the newer is taken, and told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from packaging.pylock import Package, Pylock
from packaging.version import Version

from lockenv.lockfile import pylock, trust
from lockenv.packages import NormalizedName
from lockenv.values import dataclass

_Part = TypeVar("_Part")
#: What stands under one name: several where targets differ, none where there is no such package.
_Rows: TypeAlias = tuple[Package, ...]

_DIGESTS = "manifest"
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A package of which the sides hold different versions: `taken` is those that were taken, '' for none."""

    name: NormalizedName
    ours: str
    theirs: str
    taken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Two locks put together. `disputes` are packages, `torn` what else both sides changed in different ways."""

    lock: Pylock
    disputes: tuple[Dispute, ...] = ()
    torn: tuple[str, ...] = ()

    @property
    def is_agreed(self) -> bool:
        """Whether no two changes stood against each other."""
        return not self.disputes and not self.torn


def merge(base: Pylock | None, ours: Pylock, theirs: Pylock) -> Merged:
    """Put two locks together that come from `base`; without it, what only one of them has counts as added.

    The result is a lock by its form. Whether its packages fit together is for `contradictions` to say.
    """
    sides = _Sides(base, ours, theirs)
    packages, disputes, torn = _packages(base, ours, theirs)
    head = replace(
        ours,
        environments=sides.agree("environments", lambda lock: lock.environments, _texts),
        requires_python=sides.agree("requires-python", lambda lock: lock.requires_python, str),
        extras=sides.agree("extras", lambda lock: lock.extras, _texts),
        dependency_groups=sides.agree("dependency-groups", lambda lock: lock.dependency_groups, _texts),
        packages=packages,
        tool=None,
    )
    made = replace(head, tool=_tool(base, ours, theirs, head, sides.torn))
    return Merged(lock=made, disputes=disputes, torn=(*torn, *sides.torn))


def told(merged: Merged) -> Sequence[str]:
    """Say of each disputed package what became of it."""
    return [_told(dispute) for dispute in merged.disputes]


def _told(dispute: Dispute) -> str:
    if not dispute.ours or not dispute.theirs:
        return f"{dispute.name} {dispute.taken} stays, which one side has no more"
    left = dispute.theirs if dispute.taken == dispute.ours else dispute.ours
    return f"{dispute.name} {dispute.taken}, not {left}"


class _Sides:
    """Finds the value of one part of the head after another, and notes those that are disputed."""

    def __init__(self, base: Pylock | None, ours: Pylock, theirs: Pylock) -> None:
        self._base, self._ours, self._theirs = base, ours, theirs
        self.torn: list[str] = []

    def agree(self, name: str, part: Callable[[Pylock], _Part], key: Callable[[_Part], object]) -> _Part:
        """The part as the side has it that changed it; ours, where both did."""
        ours, theirs = part(self._ours), part(self._theirs)
        if key(ours) == key(theirs):
            return ours
        before = key(part(self._base)) if self._base is not None else None
        if self._base is not None and key(ours) == before:
            return theirs
        if self._base is None or key(theirs) != before:
            self.torn.append(name)
        return ours


def _texts(said: Sequence[object] | None) -> object:
    return None if said is None else sorted(map(str, said))


# ── packages


def _packages(
    base: Pylock | None, ours: Pylock, theirs: Pylock
) -> tuple[list[Package], tuple[Dispute, ...], list[str]]:
    before, left, right = (_by_name(lock) for lock in (base, ours, theirs))
    taken: list[Package] = []
    disputes: list[Dispute] = []
    torn: list[str] = []
    for name in sorted(left.keys() | right.keys()):
        mine, yours = left.get(name, ()), right.get(name, ())
        then = before.get(name, ()) if base is not None else None
        rows = _undisputed(then, mine, yours)
        if rows is None:
            rows = max(mine, yours, key=_newest)
            versions = [_versions(side) for side in (mine, yours, rows)]
            if versions[0] == versions[1]:
                torn.append(name)
            else:
                disputes.append(Dispute(name=name, ours=versions[0], theirs=versions[1], taken=versions[2]))
        taken += rows
    return taken, tuple(disputes), torn


def _by_name(lock: Pylock | None) -> dict[NormalizedName, _Rows]:
    found: dict[NormalizedName, _Rows] = {}
    for package in lock.packages if lock is not None else ():
        found[package.name] = (*found.get(package.name, ()), package)
    return found


def _undisputed(then: _Rows | None, mine: _Rows, yours: _Rows) -> _Rows | None:
    """The rows on which both sides agree; None where they do not. `then` is None where that is not known."""
    if mine == yours:
        return mine
    if then is None:
        # What only one side has was added, as far as can be told.
        return None if mine and yours else mine or yours
    if then == mine:
        return yours
    return mine if then == yours else None


def _newest(rows: _Rows) -> tuple[bool, Version]:
    """The order among disputed rows; what is from no index and has no version of its own is not given up."""
    versions = [package.version for package in rows if package.version is not None]
    return (len(versions) < len(rows), max(versions, default=Version("0")))


def _versions(rows: _Rows) -> str:
    return " and ".join(dict.fromkeys(str(row.version) if row.version is not None else "a folder" for row in rows))


# ── our own table


def _tool(
    base: Pylock | None, ours: Pylock, theirs: Pylock, made: Pylock, torn: list[str]
) -> Mapping[str, Any] | None:
    """What the merged lock says beyond the standard.

    Of the digests of what a lock was made from, those stand that are known; others are empty, which agrees with no
    manifest, so that the packages themselves are looked at.
    """
    before, left, right = (
        pylock.tool_table(lock) if lock is not None else _NOTHING for lock in (base, ours, theirs)
    )
    if not left or not right:
        return ours.tool
    table: dict[str, Any] = {}
    for name in dict.fromkeys([*left, *right]):
        if name not in {"hosts", _DIGESTS}:
            value, disputed = _either(base is None, before.get(name), left.get(name), right.get(name))
            torn += [name] if disputed else []
            if value is not None:
                table[name] = value
    hosts = list(trust.hosts_of(made))
    rest = {name: said for name, said in table.items() if name != "format"}
    named = {"hosts": hosts} if hosts else {}
    digests = _digests(*(each.get(_DIGESTS, _NOTHING) for each in (before, left, right)))
    return {pylock.TOOL: {"format": table.get("format"), **named, **rest, _DIGESTS: digests}}


def _digests(before: Mapping[str, Any], left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for part in left:
        value, disputed = _either(not before, before.get(part), left[part], right.get(part))
        found[part] = "" if disputed else str(value or "")
    return found


def _either(unknown: bool, before: object, ours: object, theirs: object) -> tuple[Any, bool]:
    """The value that one side changed, and whether both did, in different ways."""
    if ours == theirs:
        return ours, False
    if not unknown and ours == before:
        return theirs, False
    return ours, unknown or theirs != before
