"""`tree`: what the lock holds, by who requires whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lockenv.errors import LockError
from lockenv.graph import MAIN, Twig, unfold
from lockenv.lockfile.select import Selection, check_selection
from lockenv.lockfile.web import Demand, Web
from lockenv.operations.woven import Woven, names_in, woven
from lockenv.session import Session
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Branching:
    """What is to be shown: of the whole lock, or from some packages on; downwards or, with `invert`, upwards.

    `groups` are shown besides the dependencies; where packages are named, or upwards, all groups count.
    """

    packages: tuple[str, ...] = ()
    invert: bool = False
    depth: int | None = None
    groups: tuple[str, ...] = ()
    all_groups: bool = False
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A package of a tree by its number in the lock (None: the manifest), and the demand that leads to it."""

    number: int | None
    extras: tuple[str, ...] = ()
    demand: Demand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a tree, under the name of a group; '' where there is none to be named."""

    group: str
    roots: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A lock as a tree."""

    woven: Woven
    sections: tuple[Section, ...]
    branching: Branching

    @property
    def web(self) -> Web:
        """Who requires whom."""
        return self.woven.web

    def twigs(self, section: Section) -> Iterator[Twig[Step]]:
        """The lines of a section."""
        children = self._above if self.branching.invert else self._below
        return unfold(section.roots, children, _key, depth=self.branching.depth)

    def _below(self, step: Step) -> Sequence[Step]:
        return () if step.number is None else _steps(self.web, self.web.below(step.number, step.extras))

    def _above(self, step: Step) -> Sequence[Step]:
        if step.number is None:
            return ()
        demands = self.web.incoming.get(step.number, ())
        return [
            Step(number=None if demand.source is None else demand.source.number, demand=demand)
            for demand in demands
        ]


def tree(session: Session, branching: Branching) -> Tree:
    """Read the lock as a tree.

    Raises `LockError` where there is no lock, or one that does not say who requires whom; `UsageError` for
    packages, groups and targets that it does not have.
    """
    found = woven(session, target=branching.target)
    check_selection(found.lock, Selection(groups=frozenset(branching.groups)), where=found.where)
    names = names_in(found.web, branching.packages, found.where)
    if not found.web.has_edges:
        raise LockError(
            f"{found.where} does not say who requires whom: {found.by} made it without",
            hint="`lockenv lock` makes a lock that says it",
        )
    web = found.web
    if names:
        roots = tuple(
            Step(number=number, extras=_all_extras(web, number, invert=branching.invert))
            for name in names
            for number in web.numbers(name)
            if web.presence[number]
        )
        sections: Sequence[Section] = [Section(group=MAIN, roots=roots)]
    else:
        sections = _leaves(web) if branching.invert else list(_from_the_top(web, found, branching))
    return Tree(woven=found, sections=tuple(sections), branching=branching)


def _from_the_top(web: Web, found: Woven, branching: Branching) -> Iterator[Section]:
    every = found.lock.dependency_groups or ()
    groups = sorted(every) if branching.all_groups else sorted(set(branching.groups))
    outer = web.outgoing.get(None, ())
    for group in (MAIN, *groups):
        roots = _steps(web, [demand for demand in outer if demand.group == group])
        if roots or group:
            yield Section(group=group, roots=tuple(roots))


def _leaves(web: Web) -> list[Section]:
    """What requires nothing, which is where an inverted tree begins."""
    above = {demand.source.number for demand in web.demands if demand.source is not None}
    numbers = [number for number, where in enumerate(web.presence) if where and number not in above]
    return [Section(group=MAIN, roots=tuple(Step(number=number) for number in numbers))]


def _steps(web: Web, demands: Iterable[Demand]) -> list[Step]:
    ordered = sorted(demands, key=lambda demand: (web.packages[demand.goal].name, demand.goal, demand.extras))
    return [Step(number=demand.goal, extras=demand.extras, demand=demand) for demand in ordered]


def _all_extras(web: Web, number: int, *, invert: bool) -> tuple[str, ...]:
    if invert:
        return ()
    return tuple(sorted({extra for demand in web.incoming.get(number, ()) for extra in demand.extras}))


def _key(step: Step) -> object:
    return (step.number, step.extras)
