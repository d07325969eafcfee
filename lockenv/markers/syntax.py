"""Markers as trees of comparisons (PEP 508), read from the canonical text that `packaging` gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from packaging.markers import Marker

from lockenv.values import dataclass

_TOKEN = re.compile(
    r"""(?P<value>"[^"]*"|'[^']*')|(?P<sign>not in\b|in\b|[<>=!~]+|[()])|(?P<word>[a-z_]+)""",
)


@dataclass(frozen=True, slots=True)
class Atom:
    """One comparison. `mirrored`: the value stands to the left, as in ``"linux" in sys_platform``.

    A comparison that is not between one variable and one value has '' for its variable: it means nothing.
    """

    variable: str
    operator: str
    value: str
    mirrored: bool = False

    @property
    def text(self) -> str:
        """The comparison as PEP 508 writes it."""
        value = f"'{self.value}'" if '"' in self.value else f'"{self.value}"'
        left, right = (value, self.variable) if self.mirrored else (self.variable, value)
        return f"{left} {self.operator} {right}"


@dataclass(frozen=True, slots=True)
class Every:
    """True where all parts are."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """True where at least one part is."""

    parts: tuple[Expression, ...]


Expression = Atom | Every | Some


@lru_cache(maxsize=16384)
def parse(text: str) -> Expression:
    """Read a marker. Raises `packaging.markers.InvalidMarker`."""
    return _Reader(str(Marker(text))).expression()


def parse_leniently(text: str) -> Expression | None:
    """Read a marker; None where the text is no marker, or one that cannot be written down again."""
    try:
        return parse(text)
    except ValueError:  # InvalidMarker; or a value that an escape has given both kinds of quotes
        return None


def atoms(expression: Expression) -> Iterator[Atom]:
    """All comparisons of a marker, from left to right."""
    waiting: list[Expression] = [expression]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Atom):
            yield part
        else:
            waiting.extend(reversed(part.parts))


def text_of(marker: Marker) -> str | None:
    """The canonical text; None where there is none, an escape having given a value both kinds of quotes."""
    try:
        return str(marker)
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def variables(text: str) -> tuple[str, ...]:
    """The names of the variables that a marker's truth may rest on, sorted. The text is a marker's own."""
    words = {found.group("word") for found in _TOKEN.finditer(text)} - {None, "and", "or"}
    return tuple(sorted(word for word in words if word is not None))


class _Reader:
    """Reads canonical text: `packaging` has checked it, so only the shape is looked at."""

    def __init__(self, text: str) -> None:
        self._tokens = [(found.lastgroup, found.group()) for found in _TOKEN.finditer(text)]
        self._at = 0

    def expression(self) -> Expression:
        """`and` binds closer than `or`."""
        some = [self._every()]
        while self._takes("or"):
            some.append(self._every())
        return some[0] if len(some) == 1 else Some(tuple(some))

    def _every(self) -> Expression:
        every = [self._term()]
        while self._takes("and"):
            every.append(self._term())
        return every[0] if len(every) == 1 else Every(tuple(every))

    def _term(self) -> Expression:
        if not self._takes("("):
            return self._atom()
        inner = self.expression()
        self._takes(")")
        return inner

    def _atom(self) -> Atom:
        (left_kind, left), (_, operator), (right_kind, right) = self._tokens[self._at : self._at + 3]
        self._at += 3
        match left_kind, right_kind:
            case "word", "value":
                return Atom(left, operator, right[1:-1])
            case "value", "word":
                return Atom(right, operator, left[1:-1], mirrored=True)
        return Atom("", operator, f"{left} {operator} {right}")

    def _takes(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at][1] == token
        self._at += found
        return found
