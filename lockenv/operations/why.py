"""`why`: every path from the manifest to a package of the lock."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

from lockenv.errors import LockError
from lockenv.graph import shortest_paths
from lockenv.lockfile.web import Demand, Vertex, Web
from lockenv.operations.woven import Woven, names_in, woven
from lockenv.session import Session
from lockenv.targets import Target
from lockenv.values import dataclass

if TYPE_CHECKING:
    from packaging.pylock import Package

#: Paths beyond these are not counted either: between two packages there may be more than anybody counts.
MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Demands from the manifest's to the one that names the package, and the targets on which all of them count.

    `everywhere` is whether these are all that the package is for.
    """

    demands: tuple[Demand, ...]
    targets: tuple[Target, ...]
    everywhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why one version of a package is there: paths, the shortest first; `more` is whether there may be others.

    `targets` are those that it is for, `everywhere` whether these are all of the lock's.
    """

    package: Package
    paths: tuple[Path, ...]
    more: bool
    targets: tuple[Target, ...]
    everywhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The reasons for each version of a package that the lock has."""

    woven: Woven
    reasons: tuple[Reasons, ...]

    @property
    def web(self) -> Web:
        """Who requires whom."""
        return self.woven.web


def why(session: Session, name: str, *, target: str | None = None) -> Why:
    """Find the paths that lead to a package.

    Raises `UsageError` for one that is not in the lock, `LockError` where there is no lock, or one that does not
    say who requires whom.
    """
    found = woven(session, target=target)
    (wanted,) = names_in(found.web, [name], found.where)
    if not found.web.has_edges:
        raise LockError(
            f"{found.where} does not say who requires {wanted}: {found.by} made it without",
            hint="`lockenv lock` makes a lock that says it",
        )
    numbers = [number for number in found.web.numbers(wanted) if found.web.presence[number]]
    return Why(woven=found, reasons=tuple(_reasons(found.web, number) for number in numbers))


def _reasons(web: Web, number: int) -> Reasons:
    found = shortest_paths(web.demands, Vertex(number), most=MOST)
    where = web.presence[number]
    return Reasons(
        package=web.packages[number],
        paths=tuple(_path(web, path, where) for path in found.found),
        more=found.more,
        targets=web.targets(where),
        everywhere=len(where) == len(web.places),
    )


def _path(web: Web, demands: tuple[Demand, ...], presence: frozenset[int]) -> Path:
    common = reduce(frozenset.__and__, (demand.where for demand in demands))
    return Path(demands=demands, targets=web.targets(common), everywhere=common == presence)


def names_on(path: Path, web: Web) -> Iterator[str]:
    """The packages that a path leads over."""
    return (web.packages[demand.goal].name for demand in path.demands)
