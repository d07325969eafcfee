"""Why a package of a lock came, moved or went: the requirement behind it, found on the targets where it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.lockfile.pylock import tool_table
from lockenv.markers.truth import Truths
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.resolution.model import Cell, Fork, Keeping, Pin, Question, Resolution

if TYPE_CHECKING:
    from packaging.pylock import Pylock

#: On whose account a package changes: env.toml asks for it, the command line did, or other packages need it.
Cause: TypeAlias = Literal["manifest", "request", "others"]
#: A requirement and how it is told.
Said: TypeAlias = tuple[Requirement, str]


class Reasons:
    """Answers for one resolution, and the lock before it, if there was one, with what that `held`.

    A reason is '' where it is plain or unknown.
    """

    def __init__(self, old: Pylock | None, held: Keeping, question: Question, resolution: Resolution) -> None:
        self._old = old.packages if old is not None else ()
        self._question = question
        self._pins = resolution.pins
        self._requirers = _requirers(resolution.pins)
        truths = Truths()
        self._cells = resolution.cells
        self._truth = cache(lambda number: truths.of(resolution.cells[number].target))
        self._then = cache(lambda number: _versions(held, resolution.cells[number]))
        self._now = cache(lambda number: {pin.name: pin.version for pin in resolution.pins if number in pin.cells})

    def coming(
        self, name: NormalizedName, *, direct: bool, changed: Callable[[NormalizedName], bool]
    ) -> tuple[Cause, str]:
        """Why a package is there that was not. `changed` are the packages on whose account it may have come."""
        if direct:
            return "manifest", next((said for _, said in self._roots(name)), "")
        owners = {pin.name for pin, _ in self._requirers.get(name, ())} - {name}
        ordered = sorted(owners, key=lambda owner: (not changed(owner), owner))
        return "others", f"{ordered[0]} requires it" if ordered else ""

    def going(self, name: NormalizedName, *, direct: bool) -> tuple[Cause, str]:
        """Why a package is gone."""
        if not direct:
            return "others", "nothing requires it any more"
        return "manifest", "" if any(self._roots(name)) else f"no longer in {MANIFEST}"

    def moving(self, name: NormalizedName, *, gave_way: frozenset[str]) -> tuple[Cause, str]:
        """Why a package has another version somewhere. `gave_way` are those that it once had to leave."""
        moved = [
            (number, pin)
            for pin in self._pins
            if pin.name == name
            for number in sorted(pin.cells)
            if self._then(number).get(name, pin.version) != pin.version
        ]
        if not moved:
            return "others", "for other targets than before"
        if said := self._first(self._of_the_manifest(name, number) for number, _ in moved):
            return "manifest", said
        if any(str(pin.version) in gave_way for _, pin in moved):
            return "others", "nothing holds it back any more"
        return "others", self._first(self._of_others(name, number) for number, _ in moved)

    @staticmethod
    def _first(reasons: Iterable[str]) -> str:
        return next(filter(None, reasons), "")

    def _of_the_manifest(self, name: NormalizedName, number: int) -> str:
        """What of the manifest rules the old version out in a cell; '' if nothing does."""
        then, policy = self._then(number)[name], self._question.policy
        limits = [
            *_about(name, policy.overrides, f"{MANIFEST} overrides it with"),
            *_about(name, policy.constraints, f"{MANIFEST} constrains it to"),
        ]
        roots = [] if self._overridden(name, number) else self._roots(name, self._cells[number].fork)
        for requirement, said in [*roots, *limits]:
            if self._bars(requirement, then, number):
                return said
        return ""

    def _of_others(self, name: NormalizedName, number: int) -> str:
        """The package that rules the old version out in a cell, or that the old version would rule out; or ''."""
        then, now = self._then(number)[name], self._now(number)
        requirers = [] if self._overridden(name, number) else self._requirers.get(name, [])
        for pin, requirement in requirers:
            if number in pin.cells and self._bars(requirement, then, number, pin.extras):
                return f"{pin.name} {pin.version} requires {_stated(requirement)}"
        for requirement in self._required(name, then):
            other = canonicalize_name(requirement.name)
            if other in now and self._bars(requirement, now[other], number):
                return f"{name} {then} requires {_stated(requirement)}"
        return ""

    def _bars(self, requirement: Requirement, version: Version, number: int, extras: Iterable[str] = ()) -> bool:
        truth = self._truth(number)
        applies = any(truth.applies(requirement, extra) for extra in ("", *extras))
        return applies and not requirement.specifier.contains(version, prereleases=True)

    def _overridden(self, name: NormalizedName, number: int) -> bool:
        overrides = _about(name, self._question.policy.overrides, "")
        return any(self._truth(number).applies(requirement) for requirement, _ in overrides)

    def _required(self, name: NormalizedName, version: Version) -> Iterator[Requirement]:
        """What the old lock says that a version requires."""
        for package in self._old:
            if package.name == name and package.version == version:
                yield from map(parse_requirement, tool_table(package).get("requires", ()))

    def _roots(self, name: NormalizedName, fork: Fork | None = None) -> Iterator[Said]:
        """What the manifest requires of a package, at all or under a choice among conflicting groups."""
        for gate, requirements in self._question.roots.items():
            who = MANIFEST if gate == MAIN else f"group {gate}"
            if fork is None or self._question.is_open(gate, fork):
                yield from _about(name, requirements, f"{who} requires")


def _requirers(pins: Iterable[Pin]) -> Mapping[NormalizedName, list[tuple[Pin, Requirement]]]:
    found: dict[NormalizedName, list[tuple[Pin, Requirement]]] = {}
    for pin in pins:
        for requirement in map(parse_requirement, pin.requires):
            found.setdefault(canonicalize_name(requirement.name), []).append((pin, requirement))
    return found


def _versions(held: Keeping, cell: Cell) -> Mapping[NormalizedName, Version]:
    return {name: one.version for name, one in held(cell.target, cell.fork).items()}


def _about(name: NormalizedName, requirements: Iterable[Requirement], verb: str) -> Iterator[Said]:
    return (
        (requirement, f"{verb} {_stated(requirement)}")
        for requirement in requirements
        if canonicalize_name(requirement.name) == name
    )


def _stated(requirement: Requirement) -> str:
    """A requirement without its marker: it is told where it counts."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
