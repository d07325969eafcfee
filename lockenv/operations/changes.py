"""What a new lock changes, and why: packages that come, go, or move, over all targets together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.lockfile import freshness
from lockenv.lockfile.pylock import tool_table
from lockenv.markers.truth import Truth, Truths
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.resolution.model import Cell, Pin, Question, Resolution

if TYPE_CHECKING:
    from packaging.pylock import Package, Pylock

#: On whose account a package changes: env.toml asks for it, the command line asked for it, or other packages need it.
Cause: TypeAlias = Literal["manifest", "request", "others"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A package of a lock at one version: where it counts, as a marker's text ('' for everywhere).

    `version` is a version as PEP 440 writes it; with the commit, where it comes from a repository. `direct` packages
    are named by the manifest. `instead_of` are versions that had to give way to this one.
    """

    version: str
    marker: str = ""
    direct: bool = False
    instead_of: tuple[str, ...] = ()


#: What a lock holds, by package, oldest version first; several entries where targets differ.
Entries: TypeAlias = Mapping[NormalizedName, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One package of a lock before and after: no entries where it is not there. `why` is '' where that is plain."""

    name: NormalizedName
    before: tuple[Entry, ...] = ()
    after: tuple[Entry, ...] = ()
    cause: Cause = "others"
    why: str = ""


def entries_of(lock: Pylock) -> Entries:
    """What a lock holds, anyone's, by name."""
    found: dict[NormalizedName, list[tuple[Version, Entry]]] = {}
    for package in lock.packages:
        ordered = package.version or Version("0")
        found.setdefault(package.name, []).append((ordered, _entry(package)))
    return {
        name: tuple(entry for _, entry in sorted(found[name], key=lambda pair: (pair[0], pair[1].marker)))
        for name in sorted(found)
    }


def _entry(package: Package) -> Entry:
    table = tool_table(package)
    version = str(package.version) if package.version is not None else ""
    if package.vcs is not None:
        version = f"{version} ({package.vcs.type} {package.vcs.commit_id[:8]})".lstrip()
    return Entry(
        version=version,
        marker=str(package.marker) if package.marker is not None else "",
        direct=table.get("direct") is True,
        instead_of=tuple(table.get("instead-of", ())),
    )


def changes(
    old: Pylock | None,
    new: Pylock,
    *,
    question: Question,
    resolution: Resolution,
    asked: frozenset[NormalizedName] | None = frozenset(),
) -> tuple[Change, ...]:
    """What is different, sorted by name. `asked` are packages that were to move; None stands for all of them."""
    before, after = entries_of(old) if old is not None else {}, entries_of(new)
    differing = {
        name: (before.get(name, ()), after.get(name, ()))
        for name in sorted(before.keys() | after.keys())
        if _differ(before.get(name, ()), after.get(name, ()))
    }
    reasons = _Reasons(old, question, resolution, frozenset(differing))
    found = []
    for name, (then, now) in differing.items():
        cause, why = reasons.of(name, then, now)
        if then and now and (asked is None or name in asked):
            # That a newer version was asked for says enough; an older one needs a reason.
            cause, why = "request", why if _fell(then, now) else ""
        found.append(Change(name=name, before=then, after=now, cause=cause, why=why))
    return tuple(found)


def _differ(before: tuple[Entry, ...], after: tuple[Entry, ...]) -> bool:
    """Whether some target gets another version. Where there is one for all, its marker says nothing of that."""
    if [entry.version for entry in before] != [entry.version for entry in after]:
        return True
    return len(after) > 1 and [entry.marker for entry in before] != [entry.marker for entry in after]


def _fell(before: tuple[Entry, ...], after: tuple[Entry, ...]) -> bool:
    try:
        return Version(after[-1].version) < Version(before[-1].version)
    except ValueError:  # a commit stands beside it
        return False


class _Reasons:
    """Finds the requirement that made a package come or move, by looking at the targets where it did."""

    def __init__(
        self,
        old: Pylock | None,
        question: Question,
        resolution: Resolution,
        changed: frozenset[NormalizedName],
    ) -> None:
        self._old = old
        self._question = question
        self._cells = resolution.cells
        self._changed = changed
        self._truths = Truths()
        self._pins: dict[NormalizedName, list[Pin]] = {}
        self._requirers: dict[NormalizedName, list[tuple[Pin, Requirement]]] = {}
        for pin in resolution.pins:
            self._pins.setdefault(pin.name, []).append(pin)
            for requirement in map(parse_requirement, pin.requires):
                self._requirers.setdefault(canonicalize_name(requirement.name), []).append((pin, requirement))
        self._held = cache(self._held_in)
        self._truth = cache(self._truth_in)

    def of(
        self, name: NormalizedName, before: tuple[Entry, ...], after: tuple[Entry, ...]
    ) -> tuple[Cause, str]:
        """On whose account a package changed, and why in a few words."""
        if not before:
            return self._came(name, after)
        if not after:
            return self._went(name, before)
        return self._moved(name, before)

    def _came(self, name: NormalizedName, after: tuple[Entry, ...]) -> tuple[Cause, str]:
        if any(entry.direct for entry in after):
            named = next((said for _, said in self._named(name)), "")
            return "manifest", named
        owners = sorted({pin.name for pin, _ in self._requirers.get(name, ())})
        # Rather one that is new itself: on its account this one came.
        owners.sort(key=lambda owner: owner not in self._changed)
        return "others", f"{owners[0]} requires it" if owners else ""

    def _went(self, name: NormalizedName, before: tuple[Entry, ...]) -> tuple[Cause, str]:
        if any(entry.direct for entry in before):
            return "manifest", "" if any(self._named(name)) else f"no longer in {MANIFEST}"
        return "others", "nothing requires it any more"

    def _moved(self, name: NormalizedName, before: tuple[Entry, ...]) -> tuple[Cause, str]:
        pins = self._pins.get(name, [])
        moved = [(number, pin) for pin in pins for number in sorted(pin.cells) if self._moved_in(number, pin)]
        found = (self._against(name, number) for number, _ in moved)
        for reason in itertools.islice((reason for reason in found if reason is not None), 1):
            return reason
        if not moved:
            return "others", "for other targets than before"
        returned = {version for entry in before for version in entry.instead_of}
        back = any(str(pin.version) in returned for _, pin in moved)
        return "others", "nothing holds it back any more" if back else ""

    def _moved_in(self, number: int, pin: Pin) -> bool:
        then = self._held(number).get(pin.name)
        return then is not None and then != pin.version

    def _against(self, name: NormalizedName, number: int) -> tuple[Cause, str] | None:
        """The requirement that rules the old version out in a cell, the manifest's own first."""
        then, truth = self._held(number)[name], self._truth(number)

        def bars(requirement: Requirement, extras: Iterable[str] = ()) -> bool:
            applies = any(truth.applies(requirement, extra) for extra in ("", *extras))
            return applies and not requirement.specifier.contains(then, prereleases=True)

        for requirement, said in self._named(name):
            if bars(requirement):
                return "manifest", said
        for pin, requirement in self._requirers.get(name, ()):
            if number in pin.cells and bars(requirement, pin.extras):
                return "others", f"{pin.name} {pin.version} requires {_stated(requirement)}"
        return None

    def _named(self, name: NormalizedName) -> Iterator[tuple[Requirement, str]]:
        """What the manifest itself says of a package, and how that is told."""
        for gate, requirements in self._question.roots.items():
            who = MANIFEST if gate == MAIN else f"group {gate}"
            yield from (
                (each, f"{who} requires {_stated(each)}")
                for each in requirements
                if canonicalize_name(each.name) == name
            )
        policy = self._question.policy
        for verb, limits in (("constrains it to", policy.constraints), ("overrides it with", policy.overrides)):
            yield from (
                (each, f"{MANIFEST} {verb} {_stated(each)}")
                for each in limits
                if canonicalize_name(each.name) == name
            )

    def _held_in(self, number: int) -> Mapping[NormalizedName, Version]:
        cell: Cell = self._cells[number]
        if self._old is None:
            return {}
        every = freshness.held(self._old, cell.target, cell.fork)
        return {name: held.version for name, held in every.items()}

    def _truth_in(self, number: int) -> Truth:
        return self._truths.of(self._cells[number].target)


def _stated(requirement: Requirement) -> str:
    """A requirement without its marker: it is told where it counts."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
