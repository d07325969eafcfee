"""The smallest readable markers that are true on some rows of the declared universe and false on the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from packaging.markers import Marker

from lockenv.markers.space import Row

#: Where one version of a package is needed: gate ('' for main, else a group's name) -> numbers of rows.
Reach = Mapping[str, Collection[int]]


class Universe:
    """The declared universe, for which markers are written. Rows are known by their number in `rows`."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    def markers(self, parts: Sequence[Reach]) -> tuple[Marker | None, ...]:
        """The markers of all versions of one package, at once: one for each part, None where always true.

        Each is true exactly on the rows where one of its gates is asked for and leads there. Two of them are never
        true together, also outside of the universe, unless members of one conflict set are asked for together:
        then all are true that one of the members would have, so that every installer reports the ambiguity.

        Raises `InternalError` where two parts share a row, or rows of different parts cannot be told apart.
        """
        raise NotImplementedError


def cover(on: Collection[Row], off: Collection[Row]) -> Marker | None:
    """The smallest marker that is true on `on` and false on `off`; None: always true."""
    raise NotImplementedError


def covers(parts: Sequence[Collection[Row]], universe: Collection[Row]) -> tuple[Marker | None, ...]:
    """`Universe.markers` for parts without gates: pairwise disjoint markers, each true on its rows only."""
    raise NotImplementedError
