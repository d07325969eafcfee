"""Why a package of a lock came, moved or went: the requirement behind it, found on the targets where it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.markers.truth import Truths
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.resolution.model import Cell, Keeping, Pin, Question, Resolution

#: On whose account a package changes: env.toml asks for it, the command line did, or other packages need it.
Cause: TypeAlias = Literal["manifest", "request", "others"]
#: A requirement and how it is told.
Said: TypeAlias = tuple[Requirement, str]


class Reasons:
    """Answers for one resolution and what was `held` before it. A reason is '' where it is plain or unknown."""

    def __init__(self, held: Keeping, question: Question, resolution: Resolution) -> None:
        self._question = question
        self._pins = resolution.pins
        self._requirers = _requirers(resolution.pins)
        truths = Truths()
        self._cells = resolution.cells
        self._truth = cache(lambda number: truths.of(resolution.cells[number].target))
        self._held = cache(lambda number: _versions(held, resolution.cells[number]))

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
            if self._held(number).get(name, pin.version) != pin.version
        ]
        for number, _ in moved:
            if reason := self._against(name, number):
                return reason
        if not moved:
            return "others", "for other targets than before"
        back = any(str(pin.version) in gave_way for _, pin in moved)
        return "others", "nothing holds it back any more" if back else ""

    def _against(self, name: NormalizedName, number: int) -> tuple[Cause, str] | None:
        """The requirement that rules the old version out in a cell, the manifest's own first."""
        then, truth = self._held(number)[name], self._truth(number)

        def bars(requirement: Requirement, extras: Iterable[str] = ()) -> bool:
            applies = any(truth.applies(requirement, extra) for extra in ("", *extras))
            return applies and not requirement.specifier.contains(then, prereleases=True)

        policy = self._question.policy
        overrides = list(_about(name, policy.overrides, f"{MANIFEST} overrides it with"))
        overridden = any(truth.applies(each) for each, _ in overrides)
        limits = [*overrides, *_about(name, policy.constraints, f"{MANIFEST} constrains it to")]
        for requirement, said in limits if overridden else [*self._roots(name), *limits]:
            if bars(requirement):
                return "manifest", said
        for pin, requirement in () if overridden else self._requirers.get(name, ()):
            if number in pin.cells and bars(requirement, pin.extras):
                return "others", f"{pin.name} {pin.version} requires {_stated(requirement)}"
        return None

    def _roots(self, name: NormalizedName) -> Iterator[Said]:
        """What the manifest requires of a package."""
        for gate, requirements in self._question.roots.items():
            who = MANIFEST if gate == MAIN else f"group {gate}"
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
