"""Which versions of a listing a specifier reaches, as a set written as the bits of an integer.

Bit 0 is the newest version. What thousands of demands leave of a listing is then an operation on integers instead
of a walk through the versions.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version


def reach(specifier: SpecifierSet, versions: Sequence[Version]) -> int:
    """The versions (given newest first) that a specifier contains, pre-releases too (PEP 440)."""
    found = everything(versions)
    for clause in specifier:
        found &= _reach_of_clause(clause, versions)
    return found


def everything(versions: Sequence[Version]) -> int:
    """The set of all versions."""
    return (1 << len(versions)) - 1


def places(found: int) -> Iterator[int]:
    """The places of a set's members, the lowest first."""
    digits = f"{found:b}"[::-1]
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


def _reach_of_clause(clause: Specifier, versions: Sequence[Version]) -> int:
    series = clause.version.endswith(".*")
    bound = _plain(clause.version.removesuffix(".*"))
    if bound is not None:
        match clause.operator:
            case ">=" | ">":
                return (1 << _first(clause, versions, held=False)) - 1
            case "<=" | "<":
                return everything(versions) & (-1 << _first(clause, versions, held=True))
            case "==":
                return _series(bound, versions) if series else _equal(clause, bound, versions)
            case "!=":
                out = _series(bound, versions) if series else _equal(clause, bound, versions, negated=True)
                return everything(versions) & ~out
            case "~=":
                not_older = (1 << bisect_left(versions, True, key=lambda each: each < bound)) - 1
                return not_older & _series(Version(clause.version.rpartition(".")[0]), versions)
            case _:
                pass
    # Bounds that are pre- or post-releases have exceptions on both sides.
    return sum(1 << place for place, version in enumerate(versions) if clause.contains(version, prereleases=True))


def _series(start: Version, versions: Sequence[Version]) -> int:
    """The versions whose numbers begin with those of a plain one; they stand side by side."""
    length = len(start.release)
    wanted = (start.epoch, start.release)

    def numbers(each: Version) -> tuple[int, tuple[int, ...]]:
        return each.epoch, (*each.release, *(0,) * length)[:length]

    begin = bisect_left(versions, True, key=lambda each: numbers(each) <= wanted)
    end = bisect_left(versions, True, key=lambda each: numbers(each) < wanted)
    return (1 << end) - (1 << begin)


def _plain(text: str) -> Version | None:
    """A version without pre-, post-, development or local part, for which comparisons know no exceptions."""
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    return version if str(version) == version.base_version else None


def _first(clause: Specifier, versions: Sequence[Version], *, held: bool) -> int:
    """The first place at which a clause holds, or at which it ceases to."""
    return bisect_left(versions, True, key=lambda each: clause.contains(each, prereleases=True) == held)


def _equal(clause: Specifier, bound: Version, versions: Sequence[Version], *, negated: bool = False) -> int:
    """The versions that differ from a plain one at most in their local part."""
    found = 0
    place = bisect_left(versions, True, key=lambda each: each < bound) - 1
    while place >= 0 and clause.contains(versions[place], prereleases=True) != negated:
        found |= 1 << place
        place -= 1
    return found
