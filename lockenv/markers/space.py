"""The declared universe as rows: what markers that a lock writes must be right on.

A row is one cell: a platform, an implementation, a span of Pythons, and one choice out of each set of conflicting
groups. What no row speaks for is don't-care, because an installer first matches a lock's `environments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from lockenv.targets import Span, Target
from lockenv.values import dataclass

#: The variables that may tell one platform from another, those that a marker should name first.
TELLING = (
    "sys_platform",
    "platform_machine",
    "implementation_name",
    "platform_system",
    "os_name",
    "platform_python_implementation",
)

#: For each set of conflicting groups: the set, and the member asked for ('' for none of them).
Fork = tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell of the declared universe.

    `values` are the variables of `TELLING`, as sorted pairs. `fork` says which member of each set of conflicting
    groups is asked for here, so that ``(("cpu", "gpu"), "cpu")`` makes ``"cpu" in dependency_groups`` true and
    ``"gpu" in dependency_groups`` false.
    """

    python: Span
    values: tuple[tuple[str, str], ...]
    fork: Fork = ()


def row_of(target: Target, fork: Fork = ()) -> Row:
    """The cell that a target stands for, in one fork."""
    variables = target.variables
    return Row(
        python=target.span,
        values=tuple(sorted((name, variables[name]) for name in TELLING if name in variables)),
        fork=fork,
    )


def forks_of(conflicts: Iterable[Sequence[str]]) -> tuple[Fork, ...]:
    """Every legal choice: at most one member of each set, and a group in two sets asked for in both or in neither.

    The first asks for none.
    """
    sets = [tuple(members) for members in conflicts]
    choices = [tuple(zip(sets, chosen, strict=True)) for chosen in product(*[("", *members) for members in sets])]
    return tuple(choice for choice in choices if _agrees(choice))


def _agrees(fork: Fork) -> bool:
    asked = {member for _, member in fork}
    return all(member == group for members, member in fork for group in members if group in asked)


def rows_of(targets: Iterable[Target], conflicts: Iterable[Sequence[str]] = ()) -> tuple[Row, ...]:
    """The rows of all targets, target by target, each in every fork."""
    forks = forks_of(conflicts)
    return tuple(row_of(target, fork) for target in targets for fork in forks)
