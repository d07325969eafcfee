"""Minimal covers: the lightest set of cubes that holds some points of the universe and none of the others.

A cube takes one literal from each axis, or none (any value). Points and their sets are bits of an integer. The
search is exact for what packages usually need; beyond a number of steps it takes what it has, filled up greedily,
so that the cost is bounded and the answer always the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from lockenv.errors import InternalError
from lockenv.markers.axes import ATOM, Literal, Standing, axes_of
from lockenv.markers.space import Row
from lockenv.values import dataclass

#: What each further cube weighs: of two equally long markers the one with fewer alternatives reads better.
_CUBE = 10
#: Bounds of the search for cubes, and of that for the best choice among them.
_VISITS = 20_000
_CHOICES = 2_000

Choice = tuple[Literal | None, ...]


@dataclass(frozen=True, slots=True)
class Cube:
    """One alternative of a marker: a literal or None for each axis, and the points that it holds."""

    choice: Choice
    points: int
    weight: int


Cover = tuple[Cube, ...]


def weight_of(cover: Cover) -> int:
    """What a reader has to read."""
    return sum(cube.weight for cube in cover)


def meet(first: Cube, second: Cube) -> bool:
    """Whether two cubes have an environment in common, be it one that nobody declared."""
    return all(
        one is None or other is None or one.values & other.values
        for one, other in zip(first.choice, second.choice, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Option:
    literal: Literal
    points: int


class Grid:
    """The rows of the universe as points: combinations of the axes' values."""

    def __init__(self, rows: Sequence[Row], standing: Standing, *, loud: bool) -> None:
        axes = axes_of(rows, standing, loud=loud)
        covered = [tuple(product(*(axis.positions[number] for axis in axes))) for number in range(len(rows))]
        points = sorted({point for row in covered for point in row})
        numbers = {point: number for number, point in enumerate(points)}
        self.rows = tuple(sum(1 << numbers[point] for point in row) for row in covered)
        self.options = tuple(
            tuple(_options(axis.literals, [point[place] for point in points])) for place, axis in enumerate(axes)
        )
        # For each axis: the sets of points that no axis from there on tells apart.
        self.alike = tuple(_alike([point[place:] for point in points]) for place in range(len(axes) + 1))

    def points(self, rows: int) -> int:
        """The points of a set of rows (bits)."""
        found = 0
        for number, points in enumerate(self.rows):
            if rows >> number & 1:
                found |= points
        return found

    def cover(self, wanted: int, off: int, avoid: Sequence[Cube] = ()) -> Cover:
        """The lightest cover of the wanted points that holds no point in `off` and meets no cube in `avoid`.

        Raises `InternalError` where no literals tell a wanted point from one in `off`.
        """
        if wanted & off:
            raise _inseparable()
        if not off and not avoid:
            return (Cube(choice=(None,) * len(self.options), points=wanted, weight=0),)
        cubes = _Cubes(self, wanted, off, avoid).found()
        return _lightest(cubes, wanted)


def _inseparable() -> InternalError:
    msg = "two environments that need different packages cannot be told apart by markers"
    return InternalError(msg, hint="please report this, with env.toml: it is a bug in lockenv")


def _options(literals: Sequence[Literal], values: Sequence[int]) -> Iterator[_Option]:
    for literal in literals:
        points = sum(1 << number for number, value in enumerate(values) if literal.values >> value & 1)
        if points:
            yield _Option(literal, points)


def _alike(projections: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    classes: dict[tuple[int, ...], int] = {}
    for number, projection in enumerate(projections):
        classes[projection] = classes.get(projection, 0) | 1 << number
    return tuple(classes.values())


class _Cubes:
    """Finds the cubes that hold wanted points, none in `off`, and meet none in `avoid`."""

    def __init__(self, grid: Grid, wanted: int, off: int, avoid: Sequence[Cube]) -> None:
        self._grid = grid
        self._wanted = wanted
        self._off = off
        self._avoid = tuple(avoid)
        self._best: dict[int, Cube] = {}
        self._limit: int | None = None  # the weight of the lightest cube that holds all that is wanted
        self._visits = 0

    def found(self) -> list[Cube]:
        """All cubes that may be part of the lightest cover, or enough for some cover where there are too many."""
        self._visit((), self._wanted, self._off, self._avoid, _CUBE)
        missing = self._wanted
        for points in self._best:
            missing &= ~points
        while missing:
            cube = self._grown(missing & -missing)
            missing &= ~cube.points
            self._keep(cube)
        return sorted(self._best.values(), key=_order)

    def _visit(self, choice: Choice, inside: int, off: int, avoid: tuple[Cube, ...], weight: int) -> None:
        self._visits += 1
        place, grid = len(choice), self._grid
        if not off and not avoid:
            self._keep(Cube((*choice, *(None,) * (len(grid.options) - place)), inside, weight))
            return
        for points in grid.alike[place]:
            if points & off:
                inside &= ~points
        if not inside or place == len(grid.options):
            return
        self._visit((*choice, None), inside, off, avoid, weight)
        seen = {(inside, off, avoid)}
        for option in grid.options[place]:
            literal = option.literal
            heavier = weight + literal.weight
            if self._visits > _VISITS or (self._limit is not None and heavier >= self._limit):
                return  # the options that follow are no lighter
            left = tuple(cube for cube in avoid if _may_meet(cube.choice[place], literal)) if avoid else avoid
            branch = (inside & option.points, off & option.points, left)
            if branch[0] and branch not in seen:
                seen.add(branch)
                self._visit((*choice, literal), *branch, heavier)

    def _keep(self, cube: Cube) -> None:
        known = self._best.get(cube.points)
        if known is None or _order(cube) < _order(known):
            self._best[cube.points] = cube
            if cube.points == self._wanted:
                self._limit = cube.weight

    def _grown(self, point: int) -> Cube:
        """A cube round one point: the narrowest literals, each made as wide as the others allow."""
        choice = [self._narrowest(place, point) for place in range(len(self._grid.options))]
        if not self._fits(choice):
            raise _inseparable()
        for place, options in enumerate(self._grid.options):
            wider = [None, *sorted(options, key=lambda option: -(option.points & self._wanted).bit_count())]
            for option in wider:
                tried = [*choice[:place], option, *choice[place + 1 :]]
                if (option is None or option.points & point) and self._fits(tried):
                    choice = tried
                    break
        return Cube(
            choice=_literals(choice),
            points=self._within(choice, self._wanted),
            weight=_CUBE + sum(option.literal.weight for option in choice if option is not None),
        )

    def _narrowest(self, place: int, point: int) -> _Option | None:
        holding = [option for option in self._grid.options[place] if option.points & point]
        return min(holding, key=lambda option: (option.literal.values.bit_count(), option.literal.weight))

    def _fits(self, choice: Sequence[_Option | None]) -> bool:
        if self._within(choice, self._off):
            return False
        cube = Cube(choice=_literals(choice), points=0, weight=0)
        return not any(meet(cube, other) for other in self._avoid)

    @staticmethod
    def _within(choice: Sequence[_Option | None], points: int) -> int:
        for option in choice:
            if option is not None:
                points &= option.points
        return points


def _literals(choice: Sequence[_Option | None]) -> Choice:
    return tuple(option.literal if option is not None else None for option in choice)


def _may_meet(one: Literal | None, other: Literal) -> bool:
    return one is None or bool(one.values & other.values)


def _order(cube: Cube) -> tuple[int, tuple[str, ...]]:
    return cube.weight, tuple(literal.term.text if literal else "" for literal in cube.choice)


def _lightest(cubes: Sequence[Cube], wanted: int) -> Cover:
    """The lightest choice of cubes that holds all wanted points, cubes being given from light to heavy."""
    best = _greedy(cubes, wanted)
    if len(best) > 1 or weight_of(best) > 2 * (ATOM + _CUBE):
        best = _Best(cubes, best).chosen(wanted)
    return best


def _greedy(cubes: Sequence[Cube], wanted: int) -> Cover:
    chosen: list[Cube] = []
    missing = wanted
    while missing:
        cube = min(cubes, key=lambda cube: cube.weight / ((cube.points & missing).bit_count() or 0.001))
        chosen.append(cube)
        missing &= ~cube.points
    return _without_idle(chosen, wanted)


def _without_idle(chosen: list[Cube], wanted: int) -> Cover:
    """Without those that the others make superfluous, the heaviest first."""
    for cube in sorted(chosen, key=_order, reverse=True):
        others = [other for other in chosen if other is not cube]
        missing = wanted
        for other in others:
            missing &= ~other.points
        if not missing:
            chosen = others
    return tuple(chosen)


class _Best:
    """Branch and bound over the cubes, starting from a cover that is known."""

    def __init__(self, cubes: Sequence[Cube], known: Cover) -> None:
        self._cubes = cubes
        self._best = known
        self._limit = weight_of(known)
        self._steps = 0

    def chosen(self, wanted: int) -> Cover:
        """The lightest cover, or the lightest met within the bound of steps."""
        holders = {
            point: [cube for cube in self._cubes if cube.points & point and cube.weight < self._limit]
            for point in _points(wanted)
        }
        self._try((), wanted, 0, holders)
        return self._best

    def _try(self, chosen: Cover, missing: int, weight: int, holders: dict[int, list[Cube]]) -> None:
        if not missing:
            self._best, self._limit = chosen, weight
            return
        self._steps += 1
        point = min(_points(missing), key=lambda point: len(holders[point]))
        for cube in holders[point]:
            heavier = weight + cube.weight
            if heavier >= self._limit or self._steps > _CHOICES:
                return
            rest = missing & ~cube.points
            if not rest or heavier + ATOM + _CUBE < self._limit:
                self._try((*chosen, cube), rest, heavier, holders)


def _points(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest
