"""What of a lock is given out: a row for each package, for one target, or for all with their markers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from packaging.markers import Marker
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock

from lockenv.lockfile.select import Artifact, Selection, check_selection, select
from lockenv.markers.syntax import Atom, Every, Expression, Some, parse
from lockenv.targets import Target
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A package of the lock and where it is wanted; None for `marker` is everywhere.

    `artifact` is the one that a target installs; without a target it is None, and every file counts.
    """

    package: Package
    marker: Marker | None = None
    artifact: Artifact | None = None

    @property
    def files(self) -> Sequence[PackageWheel | PackageSdist]:
        """The files of an index that may be installed."""
        if isinstance(self.artifact, PackageWheel | PackageSdist):
            return [self.artifact]
        sdists = [self.package.sdist] if self.package.sdist is not None else []
        return [*(self.package.wheels or ()), *sdists]


def rows(lock: Pylock, groups: Collection[str], target: Target | None, *, where: str) -> tuple[Row, ...]:
    """The rows of a selection of groups, sorted by name.

    Raises what `lockfile.select` raises: `UsageError` for a group that is not there, `LockError` for a target that
    the lock is not for.
    """
    if target is not None:
        chosen = select(lock, target, Selection(groups=frozenset(groups)), where=where)
        return tuple(Row(package=one.package, artifact=one.artifact) for one in chosen)
    check_selection(lock, Selection(groups=frozenset(groups)), where=where)
    found = ((package, restricted(package.marker, groups)) for package in lock.packages)
    return tuple(
        Row(package=package, marker=None if marker is True else marker)
        for package, marker in found
        if marker is not False
    )


def restricted(marker: Marker | None, groups: Collection[str]) -> Marker | bool:
    """What is left of a marker when these groups and no extras are asked for (PEP 751), or its truth."""
    if marker is None:
        return True
    left = _restricted(parse(str(marker)), frozenset(groups))
    return left if isinstance(left, bool) else Marker(_text(left))


def _restricted(expression: Expression, groups: Collection[str]) -> Expression | bool:
    match expression:
        case Atom(variable="dependency_groups" | "extras", operator=operator, value=value):
            asked = expression.variable == "dependency_groups" and value in groups
            return asked == (operator == "in")
        case Atom():
            return expression
        case Every(parts):
            return _joined(Every, [_restricted(part, groups) for part in parts], absorbing=False)
        case Some(parts):
            return _joined(Some, [_restricted(part, groups) for part in parts], absorbing=True)


def _joined(kind: type[Every | Some], parts: Sequence[Expression | bool], *, absorbing: bool) -> Expression | bool:
    """Join parts: the absorbing truth value wins, the other says nothing."""
    if absorbing in [part for part in parts if isinstance(part, bool)]:
        return absorbing
    left = tuple(dict.fromkeys(part for part in parts if not isinstance(part, bool)))
    if not left:
        return not absorbing
    return left[0] if len(left) == 1 else kind(left)


def _text(expression: Expression) -> str:
    match expression:
        case Atom():
            return expression.text
        case Every(parts):
            return " and ".join(f"({_text(part)})" if isinstance(part, Some) else _text(part) for part in parts)
        case Some(parts):
            return " or ".join(map(_text, parts))


def marker_text(marker: Marker | None) -> str:
    """A marker behind a requirement; '' for everywhere."""
    text = str(marker) if marker is not None else ""
    plain = text if "'" in text else text.replace('"', "'")
    return f" ; {plain}" if plain else ""


def others(given: Sequence[Row]) -> Iterator[Row]:
    """The rows that come from no index."""
    return (row for row in given if row.package.vcs or row.package.directory or row.package.archive)
