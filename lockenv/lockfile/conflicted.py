"""A lock in the midst of a merge: a text in which Git has marked where two sides differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from lockenv.values import dataclass

_Part: TypeAlias = Literal["both", "ours", "base", "theirs"]
#: Which part of a text begins with a line of seven such signs, or more (Git's attribute conflict-marker-size).
_BEGINS: dict[str, _Part] = {"<": "ours", "|": "base", "=": "theirs", ">": "both"}
_LEAST = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The texts that a marked text was made of; `base` is None where it is not shown."""

    ours: str
    theirs: str
    base: str | None


def in_conflict(raw: bytes) -> bool:
    """Whether a lock has the marks that Git leaves where it cannot merge, and nobody has chosen since."""
    # A quick look first: a lock has thousands of lines, and none that holds such a row of signs.
    return any(sign * _LEAST in raw for sign in (b"<", b">")) and any(
        _mark(line) is not None for line in raw.decode("utf-8", "replace").splitlines()
    )


def sides_of(text: str) -> Sides:
    """Take a marked text apart. What stands outside of the marks belongs to all sides."""
    parts: dict[_Part, list[str]] = {"ours": [], "base": [], "theirs": []}
    shows_base = False
    for part, line in _lines(text):
        shows_base = shows_base or part == "base"
        for side, lines in parts.items():
            if part in {"both", side}:
                lines.append(line)
    return Sides(
        ours="".join(parts["ours"]),
        theirs="".join(parts["theirs"]),
        base="".join(parts["base"]) if shows_base else None,
    )


def _lines(text: str) -> Iterator[tuple[_Part, str]]:
    part: _Part = "both"
    for line in text.splitlines(keepends=True):
        mark = _mark(line)
        if mark is None:
            yield part, line
        else:
            part = mark


def _mark(line: str) -> _Part | None:
    """The part that begins with a line, if it is a mark: seven signs at least, alone or before a name."""
    sign = line[:1]
    if sign not in _BEGINS:
        return None
    rest = line.rstrip().lstrip(sign)
    count = len(line.rstrip()) - len(rest)
    return _BEGINS[sign] if count >= _LEAST and (not rest or rest.startswith(" ")) else None
