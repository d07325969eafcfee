"""Whether two markers can both be true somewhere, over all environments and not only the declared ones.

Each comparison becomes a set of values of one variable, as bits; two markers are disjoint where no way to satisfy
both leaves every variable a value. ``python_version`` and ``python_full_version`` are one variable, a version of
Python; text variables have the values that are named and one for all others; a group or extra is asked for or not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from packaging.markers import InvalidMarker, Marker, UndefinedComparison
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from lockenv.markers.releases import environment, turning_points
from lockenv.markers.syntax import Atom, Every, Expression, Some, atoms, parse_leniently
from lockenv.values import dataclass

_PYTHON = frozenset({"python_version", "python_full_version"})
_TEXT = frozenset(
    {
        "extra",
        "implementation_name",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_system",
        "platform_version",
        "sys_platform",
    }
)
_ASKED = frozenset({"dependency_groups", "extras"})
_YES, _NO = 1, 2
#: The search gives up after so many steps and says that both may be true.
_STEPS = 5_000
_SEARCHES = frozenset({"in", "not in"})
#: So many different things looked for in one variable are kept apart; the rest is taken for possible.
_SEARCHED = 4
_WORD = re.compile(r"[^\s,;|]+")


def disjoint(first: Marker | None, second: Marker | None, conflicts: Collection[Collection[str]] = ()) -> bool:
    """Whether no environment at all makes both markers true; None is the marker that is always true.

    Of each set in `conflicts` at most one group is taken to be asked for. The answer is conservative: what is not
    modelled counts as possible, such as two variables that depend on each other (``os_name``, ``sys_platform``),
    ``platform_release`` as a version, and lists after `in` with values that nothing else names.
    """
    exclusive = tuple(sorted(tuple(sorted(map(canonicalize_name, members))) for members in conflicts))
    return _disjoint(_text(first), _text(second), exclusive)


def _text(marker: Marker | None) -> str | None:
    return None if marker is None else str(marker)


@lru_cache(maxsize=4096)
def _disjoint(first: str | None, second: str | None, exclusive: tuple[tuple[str, ...], ...]) -> bool:
    read = [parse_leniently(text) for text in (first, second) if text is not None]
    expressions = [expression for expression in read if expression is not None]
    return not _Possibilities(expressions, exclusive).exist()


@dataclass(frozen=True, slots=True)
class _Fact:
    """What an atom says: the axis that it speaks of, and the values (bits) that it allows there."""

    axis: str
    allowed: int


class _Possibilities:
    """Searches for an environment in which all of some markers are true."""

    def __init__(self, expressions: Sequence[Expression], exclusive: Iterable[Sequence[str]]) -> None:
        self._expressions = tuple(expressions)
        self._exclusive = tuple(exclusive)
        self._facts = _facts({atom for expression in expressions for atom in atoms(expression)})
        self._steps = 0

    def exist(self) -> bool:
        """Whether there is such an environment, or may be."""
        return self._possible(self._expressions, {})

    def _possible(self, pending: tuple[Expression, ...], known: dict[str, int]) -> bool:
        self._steps += 1
        if self._steps > _STEPS:
            return True
        known = dict(known)
        choices: list[Some] = []
        waiting = list(pending)
        while waiting:
            part = waiting.pop()
            match part:
                case Every(parts):
                    waiting += parts
                case Some():
                    choices.append(part)
                case Atom() if not self._narrows(known, part):
                    return False
        if not choices:
            return self._is_legal(known)
        *others, choice = choices
        return any(self._possible((*others, part), known) for part in choice.parts)

    def _narrows(self, known: dict[str, int], atom: Atom) -> bool:
        """Take an atom for true; whether that leaves its variable a value."""
        fact = self._facts.get(atom)
        if fact is None:
            return True
        known[fact.axis] = known.get(fact.axis, -1) & fact.allowed
        return known[fact.axis] != 0

    def _is_legal(self, known: dict[str, int]) -> bool:
        asked = {axis for axis, values in known.items() if values == _YES}
        return all(
            len(asked.intersection(f"dependency_groups {group}" for group in members)) <= 1
            for members in self._exclusive
        )


def _facts(found: Collection[Atom]) -> dict[Atom, _Fact]:
    """What each atom says; atoms that are not modelled say nothing."""
    axes: defaultdict[str, list[Atom]] = defaultdict(list)
    for atom in sorted(found, key=lambda atom: atom.text):
        axes["python" if atom.variable in _PYTHON else atom.variable].append(atom)
    facts: dict[Atom, _Fact] = {}
    for axis, members in axes.items():
        if axis in {"python", "implementation_version"}:
            facts |= _version_facts(axis, members)
        elif axis in _TEXT:
            facts |= _text_facts(axis, members)
        elif axis in _ASKED:
            facts |= _asked_facts(axis, members)
    return facts


# --- Versions: tried on every version at or beside one that is named.


def _version_facts(axis: str, members: Sequence[Atom]) -> dict[Atom, _Fact]:
    modelled = [atom for atom in members if not (atom.mirrored and atom.operator in _SEARCHES)]
    tried = sorted({python for atom in modelled for python in _tried(atom)})
    return _told(axis, modelled, [environment(str(python)) for python in tried])


def _tried(atom: Atom) -> Iterator[Version]:
    """Where an atom may change its truth, pre-releases and builds from a checkout included."""
    for major, minor, patch in turning_points(atom):
        for suffix in (".dev0", "a1", "rc9", "", "+local"):
            yield Version(f"{major}.{minor}.{patch}{suffix}")
    yield Version("0.0.0")
    with suppress(InvalidVersion):
        named = Version(atom.value)
        yield named
        if named.pre is not None:
            kind, number = named.pre
            yield Version(f"{named.base_version}{kind}{number + 1}")


def _told(axis: str, members: Sequence[Atom], environments: Sequence[Mapping[str, str]]) -> dict[Atom, _Fact]:
    facts = {}
    for atom in members:
        answers = [_holds(atom, there[atom.variable]) for there in environments]
        if None not in answers:
            facts[atom] = _Fact(axis, sum(1 << number for number, answer in enumerate(answers) if answer))
    return facts


@lru_cache(maxsize=16384)
def _holds(atom: Atom, value: str) -> bool | None:
    """Whether an atom is true of its variable's value; None where that cannot be said."""
    try:
        return Marker(atom.text).evaluate({atom.variable: value})
    except (InvalidMarker, UndefinedComparison):
        return None


# --- Text: the values that are named, and all others. Others may or may not be in, or hold, what `in` speaks of.


def _text_facts(variable: str, members: Sequence[Atom]) -> dict[Atom, _Fact]:
    searches = sorted({(atom.value, atom.mirrored) for atom in members if atom.operator in _SEARCHES})[:_SEARCHED]
    named = sorted({value for atom in members for value in _named(atom)})
    told = _told(variable, members, [{variable: value} for value in named])
    return {
        atom: _Fact(variable, fact.allowed | _others(atom, searches) << len(named)) for atom, fact in told.items()
    }


def _named(atom: Atom) -> Iterable[str]:
    return _WORD.findall(atom.value) if atom.operator in _SEARCHES else (atom.value,)


def _others(atom: Atom, searches: Sequence[tuple[str, bool]]) -> int:
    """What an atom says of values that nothing names: a bit for each combination of what is found in what."""
    everything = (1 << (1 << len(searches))) - 1
    if atom.operator not in _SEARCHES:
        return everything if atom.operator == "!=" else 0
    if (atom.value, atom.mirrored) not in searches:
        return everything
    place = searches.index((atom.value, atom.mirrored))
    found = sum(1 << case for case in range(1 << len(searches)) if case >> place & 1)
    return found if atom.operator == "in" else everything & ~found


# --- Groups and extras: asked for or not, each for itself.


def _asked_facts(variable: str, members: Sequence[Atom]) -> dict[Atom, _Fact]:
    return {
        atom: _Fact(f"{variable} {atom.value}", _YES if atom.operator == "in" else _NO)
        for atom in members
        if atom.mirrored and atom.operator in _SEARCHES
    }
