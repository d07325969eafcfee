"""The smallest readable markers that are true on some rows of the declared universe and false on the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import combinations, permutations

from packaging.markers import Marker

from lockenv.errors import InternalError
from lockenv.markers.axes import Literal, Standing
from lockenv.markers.covering import Choice, Cover, Grid, meet, weight_of
from lockenv.markers.space import Row
from lockenv.markers.terms import Term, conjunction, disjunction, group_asked
from lockenv.values import dataclass, replace

#: Where one version of a package is needed: gate ('' for main, else a group's name) -> numbers of rows.
Reach = Mapping[str, Collection[int]]

_MAIN = ""
#: With more parts, or alternatives, than these only one order of writing them is tried.
_PARTS, _ALTERNATIVES = 3, 12


@dataclass(frozen=True, slots=True)
class _Entry:
    """One part, as sets of rows (bits): where main needs it, and where only groups do, each set with its groups.

    On `main` no group has to be asked for, so there the groups' markers may say what they like.
    """

    main: int
    gated: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def rows(self) -> int:
        """Everywhere."""
        found = self.main
        for rows, _ in self.gated:
            found |= rows
        return found

    @property
    def needs(self) -> tuple[int, ...]:
        """The sets of rows that want a cover each."""
        return (*([self.main] if self.main else []), *(rows for rows, _ in self.gated))


class Universe:
    """The declared universe, for which markers are written. Rows are known by their number in `rows`.

    `standing` gives for each conflicting group itself and the groups that include it: who asks for one of these
    asks for it, and they are asked for in its rows only.
    """

    def __init__(self, rows: Sequence[Row], standing: Standing | None = None) -> None:
        self.rows = tuple(rows)
        self._standing = standing or {}
        self._asked = [frozenset(member for _, member in row.fork if member) for row in self.rows]
        self._forking = frozenset[str]().union(*self._asked)
        self._known: dict[tuple[_Entry, ...], tuple[Marker | None, ...]] = {}

    def markers(self, parts: Sequence[Reach]) -> tuple[Marker | None, ...]:
        """The markers of all versions of one package, at once: one for each part, None where always true.

        Each is true exactly on the rows where one of its gates is asked for and leads there. Two of them are never
        true together, also outside of the universe, unless members of one conflict set are asked for together:
        then all are true that one of the members would have, so that every installer reports the ambiguity.

        Raises `InternalError` where two parts share a row, or rows of different parts cannot be told apart.
        """
        entries = tuple(map(self._entry, parts))
        known = self._known.get(entries)
        if known is None:
            known = self._known[entries] = self._written(entries)
        return known

    def _entry(self, part: Reach) -> _Entry:
        """Where a row's own fork asks for a gate, it is open: what it leads to is needed as if by main.

        A gate that some fork asks for is shut in all others.
        """
        main = _bits(part.get(_MAIN, ()))
        gated: dict[str, int] = {}
        for gate, rows in part.items():
            if gate in self._forking:
                main |= _bits(row for row in rows if gate in self._asked[row])
            elif gate != _MAIN:
                gated[gate] = _bits(rows)
        groups: dict[int, list[str]] = {}
        for gate, mask in sorted(gated.items()):
            if mask & ~main:
                groups.setdefault(mask & ~main, []).append(gate)
        return _Entry(main=main, gated=tuple(sorted((mask, tuple(names)) for mask, names in groups.items())))

    def _written(self, entries: tuple[_Entry, ...]) -> tuple[Marker | None, ...]:
        _check(entries)
        grid = self._loud if len(entries) > 1 else self._quiet
        covers = _covers(grid, entries)
        return tuple(_marker(entry, covers[entry]) for entry in entries)

    @cached_property
    def _quiet(self) -> Grid:
        return Grid(self.rows, self._standing, loud=False)

    @cached_property
    def _loud(self) -> Grid:
        return Grid(self.rows, self._standing, loud=True)


@lru_cache(maxsize=4096)
def _cover(on: frozenset[Row], off: frozenset[Row]) -> Marker | None:
    return Universe((*on, *off)).markers([{_MAIN: range(len(on))}])[0]


def cover(on: Collection[Row], off: Collection[Row]) -> Marker | None:
    """The smallest marker that is true on `on` and false on `off`; None: always true.

    Raises as `Universe.markers`.
    """
    return _cover(frozenset(on), frozenset(off))


def covers(parts: Sequence[Collection[Row]], universe: Collection[Row]) -> tuple[Marker | None, ...]:
    """`Universe.markers` for parts without gates: pairwise disjoint markers, each true on its rows only."""
    rows = tuple(dict.fromkeys(universe))
    numbers = {row: number for number, row in enumerate(rows)}
    return Universe(rows).markers([{_MAIN: [numbers[row] for row in part]} for part in parts])


def _bits(numbers: Iterable[int]) -> int:
    found = 0
    for number in numbers:
        found |= 1 << number
    return found


def _check(entries: Sequence[_Entry]) -> None:
    if any(not entry.rows for entry in entries):
        msg = "a package that is needed nowhere has no marker"
        raise InternalError(msg)
    if any(one.rows & other.rows for one, other in combinations(entries, 2)):
        msg = "two versions of one package are needed in one environment"
        raise InternalError(msg, hint="please report this, with env.toml: it is a bug in lockenv")


# --- Covers that do not meet.


def _covers(grid: Grid, entries: Sequence[_Entry]) -> dict[_Entry, tuple[Cover, ...]]:
    """A cover for each need of each entry, such that those of different entries have no environment in common."""
    ordered = sorted(entries, key=lambda entry: grid.points(entry.rows))
    alone = {entry: _entry_covers(grid, entry, ()) for entry in ordered}
    if not any(_meet(alone[one], alone[other]) for one, other in combinations(ordered, 2)):
        return alone
    alternatives = sum(len(cover) for found in alone.values() for cover in found)
    few = len(ordered) <= _PARTS and alternatives <= _ALTERNATIVES
    orders = permutations(ordered) if few else [ordered]
    return min((_in_turn(grid, order) for order in orders), key=_total)


def _in_turn(grid: Grid, entries: Sequence[_Entry]) -> dict[_Entry, tuple[Cover, ...]]:
    """Each entry keeps out of what those before it have taken, undeclared environments included."""
    taken: Cover = ()
    found = {}
    for entry in entries:
        found[entry] = _entry_covers(grid, entry, taken)
        taken += tuple(cube for cover in found[entry] for cube in cover)
    return found


def _entry_covers(grid: Grid, entry: _Entry, avoid: Cover) -> tuple[Cover, ...]:
    others = ((1 << len(grid.rows)) - 1) & ~entry.main
    return tuple(grid.cover(grid.points(need), grid.points(others & ~need), avoid) for need in entry.needs)


def _meet(one: Iterable[Cover], other: Iterable[Cover]) -> bool:
    others = [cube for cover in other for cube in cover]
    return any(meet(cube, there) for cover in one for cube in cover for there in others)


def _total(covers: Mapping[_Entry, Iterable[Cover]]) -> int:
    return sum(weight_of(cover) for found in covers.values() for cover in found)


# --- Text.


def _marker(entry: _Entry, covers: Sequence[Cover]) -> Marker | None:
    """The text of an entry; what all its alternatives say is said once."""
    groups = [*([()] if entry.main else []), *(named for _, named in entry.gated)]
    covers = [_without_implied(cover, named) for cover, named in zip(covers, groups, strict=True)]
    shared = _shared([cube.choice for cover in covers for cube in cover])
    terms = [_cover_term(cover, shared) for cover in covers]
    main = [terms.pop(0)] if entry.main else []
    gated = [_gate(term, groups) for term, (_, groups) in zip(terms, entry.gated, strict=True)]
    alternatives = [*main, *sorted(gated, key=lambda term: term.text)]
    said = [part.term for part in shared if part is not None]
    # On main and without conditions of its own: no group is worth naming.
    if None not in main:
        said.append(disjunction(term for term in alternatives if term is not None))
    return Marker(conjunction(said).text) if said else None


def _without_implied(cover: Cover, groups: Collection[str]) -> Cover:
    """A cover without what is true wherever these groups are asked for, which is said beside it."""
    if not groups:
        return cover
    choices = {
        tuple(
            None if literal is not None and literal.groups.issuperset(groups) else literal
            for literal in cube.choice
        ): cube
        for cube in cover
    }
    return tuple(replace(cube, choice=choice) for choice, cube in choices.items())


def _shared(choices: Sequence[Choice]) -> Choice:
    """At each place the literal that all have, else None."""
    return tuple(parts[0] if len(set(parts)) == 1 else None for parts in zip(*choices, strict=True))


def _gate(term: Term | None, groups: Iterable[str]) -> Term:
    asked = disjunction(map(group_asked, groups))
    return asked if term is None else conjunction([term, asked])


def _cover_term(cover: Cover, said: Choice) -> Term | None:
    """The text of a cover, what stands before it left out; None where that is all."""
    shared = _shared([cube.choice for cube in cover])
    common = _terms(shared, said)
    choices = sorted((cube.choice for cube in cover), key=lambda choice: [_reading_order(part) for part in choice])
    rest = [_terms(choice, shared) for choice in choices]
    if all(rest):
        common.append(disjunction(map(conjunction, rest)))
    return conjunction(common) if common else None


def _terms(choice: Choice, said: Choice) -> list[Term]:
    return [part.term for part, known in zip(choice, said, strict=True) if part is not None and known is None]


def _reading_order(literal: Literal | None) -> tuple[bool, int]:
    return (True, 0) if literal is None else (False, literal.values & -literal.values)
