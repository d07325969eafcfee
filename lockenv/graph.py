"""Who requires whom, and what is reached from where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lockenv.packages import NormalizedName

#: The name of the main dependencies among the gates: no group has to be asked for.
MAIN = ""


class Node(NamedTuple):
    """A package, or one extra of it (`extra` is '' for the package itself).

    A named tuple, not a dataclass: a search hashes nodes by the hundred thousand.
    """

    name: NormalizedName
    extra: str = ""

    def __str__(self) -> str:
        return f"{self.name}[{self.extra}]" if self.extra else self.name


def reached(edges: Mapping[Node, Iterable[Node]], roots: Iterable[Node]) -> frozenset[Node]:
    """Every node that can be reached from the roots. Cycles are fine, depth is unbounded."""
    seen = set(roots)
    waiting = list(seen)
    while waiting:
        for child in edges.get(waiting.pop(), ()):
            if child not in seen:
                seen.add(child)
                waiting.append(child)
    return frozenset(seen)


def gates(
    edges: Mapping[Node, Iterable[Node]], roots: Mapping[str, Iterable[Node]]
) -> dict[NormalizedName, frozenset[str]]:
    """Say for each reached package which gates lead to it.

    A gate is `MAIN` or a dependency group's name; `roots` are the nodes each gate asks for.
    """
    leading: dict[NormalizedName, set[str]] = {}
    for gate, starts in roots.items():
        for node in reached(edges, starts):
            leading.setdefault(node.name, set()).add(gate)
    return {name: frozenset(found) for name, found in leading.items()}
