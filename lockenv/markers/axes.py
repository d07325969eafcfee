"""The dimensions of the declared universe, and what a marker can say along each: sets of values with their text.

An axis numbers its values; some of them no row has, such as the platforms that nobody declared or the Pythons
beyond the last one: they matter where two markers must not meet anywhere. A `Literal` is one set of values that
can be written down. Weights make the solver choose as a person would: the number of comparisons comes first, then
the smaller preferences (`python_version` over `python_full_version`, `sys_platform` over `platform_machine`, `==`
over `!=`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations

from packaging.version import Version

from lockenv.markers.space import TELLING, Fork, Row
from lockenv.markers.terms import (
    Term,
    comparison,
    conjunction,
    disjunction,
    group_asked,
    group_not_asked,
    is_minor,
    minor_text,
    python_comparison,
)
from lockenv.targets import Span
from lockenv.values import dataclass

#: What one comparison weighs; no preference outweighs it.
ATOM = 1000
#: Sets of more values than this are not written out; the rest of them may be, with `!=`.
_LISTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A set of an axis's values (bits) that can be written down, and its weight.

    Where one of `groups` is asked for, it is true.
    """

    values: int
    weight: int
    term: Term
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One dimension: `literals` from light to heavy; `positions` gives the values that each row covers."""

    literals: tuple[Literal, ...]
    positions: tuple[tuple[int, ...], ...]


#: For each conflicting group: itself and the groups that include it, by which it is asked for as well.
Standing = Mapping[str, tuple[str, ...]]


def axes_of(rows: Sequence[Row], standing: Standing, *, loud: bool) -> tuple[Axis, ...]:
    """The axes along which rows differ, in the order in which a marker names them.

    `loud`: where two members of a conflict set are asked for together, a marker is true that is so for one alone.
    """
    axes = [_python_axis(rows), *(_value_axis(variable, rows) for variable in _telling(rows))]
    sets = dict.fromkeys(members for row in rows for members, _ in row.fork)
    axes += [_fork_axis(members, rows, standing, loud=loud) for members in sorted(sets)]
    return tuple(axis for axis in axes if len(set(axis.positions)) > 1)


def _sorted(literals: Iterable[Literal]) -> tuple[Literal, ...]:
    return tuple(sorted(literals, key=lambda literal: (literal.weight, literal.term.text)))


def _bits(values: Iterable[int]) -> int:
    return sum(1 << value for value in set(values))


# --- Python: regions between neighbouring bounds. Region 0 lies below all, the last beyond all bounds.


def _python_axis(rows: Sequence[Row]) -> Axis:
    spans = {row.python for row in rows}
    bounds = sorted({bound for span in spans for bound in (span.lowest, span.beyond) if bound is not None})
    regions = {span: tuple(_regions(span, bounds)) for span in spans}
    covered = sorted(set(chain.from_iterable(regions.values())))
    literals = [
        literal
        for start, first in enumerate(covered)
        for last in covered[start:]
        for literal in _runs(bounds, first, last, is_first=first == covered[0], is_last=last == covered[-1])
    ]
    return Axis(literals=_sorted(literals), positions=tuple(regions[row.python] for row in rows))


def _regions(span: Span, bounds: Sequence[Version]) -> Iterator[int]:
    for number, bound in enumerate(bounds, 1):
        if span.holds(bound):
            yield number


def _runs(bounds: Sequence[Version], first: int, last: int, *, is_first: bool, is_last: bool) -> Iterator[Literal]:
    """Every way to say 'from region `first` to region `last`', and 'all but these'."""
    count = len(bounds) + 1
    span = Span(lowest=bounds[first - 1], beyond=bounds[last] if last < len(bounds) else None)
    run = range(first, last + 1)
    if not is_first:
        yield _interval(range(first, count), span.lowest, None)
    if span.beyond is not None:
        if is_first:
            yield _interval(range(last + 1), None, span.beyond)
        yield _interval(run, span.lowest, span.beyond)
    single = single_python(span)
    if single is not None:
        variable, value = single
        weight = ATOM + (1 if variable == "python_version" else 5)
        yield Literal(values=_bits(run), weight=weight, term=comparison(variable, "==", value))
        if not is_first and not is_last:
            others = _bits(range(count)) & ~_bits(run)
            yield Literal(values=others, weight=weight + 1, term=comparison(variable, "!=", value))


def _interval(regions: range, lowest: Version | None, beyond: Version | None) -> Literal:
    bounds = [(operator, bound) for operator, bound in ((">=", lowest), ("<", beyond)) if bound is not None]
    return Literal(
        values=_bits(regions),
        weight=sum(ATOM + (0 if is_minor(bound) else 4) for _, bound in bounds),
        term=conjunction(python_comparison(operator, bound) for operator, bound in bounds),
    )


def single_python(span: Span) -> tuple[str, str] | None:
    """The variable and value that name this very span: all of a minor, or one patch version."""
    major, minor, patch = (*span.lowest.release, 0, 0)[:3]
    if is_minor(span.lowest) and span.beyond == Version(f"{major}.{minor + 1}"):
        return "python_version", minor_text(span.lowest)
    if span.beyond == Version(f"{major}.{minor}.{patch + 1}") and not span.lowest.is_prerelease:
        return "python_full_version", f"{major}.{minor}.{patch}"
    return None


# --- Variables: the values that rows have, and one more for all others.


def _telling(rows: Sequence[Row]) -> Iterator[str]:
    """The variables that it takes to tell the rows' platforms apart, preferred ones first."""
    platforms = [dict(values) for values in {row.values for row in rows}]
    told = 1
    names: list[str] = []
    for variable in TELLING:
        now = len({tuple(platform.get(name) for name in (*names, variable)) for platform in platforms})
        if now > told:
            told = now
            names.append(variable)
            yield variable


def _value_axis(variable: str, rows: Sequence[Row]) -> Axis:
    found = [dict(row.values).get(variable, "") for row in rows]
    values = sorted(set(found))
    return Axis(
        literals=_sorted(_value_sets(variable, values)), positions=tuple((values.index(value),) for value in found)
    )


#: How much less a variable is liked than `sys_platform`: Windows is to be told by its name, not by its ``AMD64``,
#: though ``aarch64`` alone may be said where a `sys_platform` would have to stand beside it.
_DISLIKE = {"sys_platform": 0, "implementation_name": 2, "platform_machine": ATOM + 3}


def _value_sets(variable: str, values: Sequence[str]) -> Iterator[Literal]:
    single = ATOM + _DISLIKE.get(variable, 5)
    everything = (1 << len(values) + 1) - 1
    for size in range(1, min(_LISTED, len(values) - 1) + 1):
        for numbers in combinations(range(len(values)), size):
            listed = _bits(numbers)
            positive = disjunction(comparison(variable, "==", values[number]) for number in numbers)
            negative = conjunction(comparison(variable, "!=", values[number]) for number in numbers)
            yield Literal(values=listed, weight=size * single + (size > 1), term=positive)
            yield Literal(values=everything & ~listed, weight=size * (single + 1), term=negative)


# --- Forks: value 0 is 'none of the set', the others its members.


def _fork_axis(members: tuple[str, ...], rows: Sequence[Row], standing: Standing, *, loud: bool) -> Axis:
    names = sorted(members)
    asking = [standing.get(name, (name,)) for name in names]
    everywhere = tuple(range(len(names) + 1))
    chosen = [_chosen(row.fork, members) for row in rows]
    return Axis(
        literals=_sorted(_choices(asking, loud=loud)),
        positions=tuple(everywhere if choice is None else (["", *names].index(choice),) for choice in chosen),
    )


def _chosen(fork: Fork, members: tuple[str, ...]) -> str | None:
    return next((member for candidates, member in fork if candidates == members), None)


def _choices(asking: Sequence[tuple[str, ...]], *, loud: bool) -> Iterator[Literal]:
    """Every way to say which members are asked for, each being so by any of its groups in `asking`."""
    for asked in _subsets(range(len(asking))):
        values = _bits(number + 1 for number in asked)
        groups = [group for number in asked for group in asking[number]]
        positive = list(map(group_asked, groups))
        weight = len(groups) * (ATOM + 1) + (len(groups) > 1)
        said = frozenset(groups)
        if asked:
            yield Literal(values=values, weight=weight, term=disjunction(positive), groups=said)
        others = [
            group_not_asked(group) for number, own in enumerate(asking) if number not in asked for group in own
        ]
        if others:
            rest, absent = len(others) * (ATOM + 2), conjunction(others)
            if loud and asked:
                either = disjunction([absent, *positive])
                yield Literal(values=values | 1, weight=rest + weight + 1, term=either, groups=said)
            else:
                yield Literal(values=values | 1, weight=rest, term=absent)


def _subsets(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Small subsets, and those that leave few out: what is neither is not worth a marker of its own."""
    sizes = (size for size in range(len(numbers) + 1) if min(size, len(numbers) - size) <= _LISTED)
    return chain.from_iterable(combinations(numbers, size) for size in sizes)
