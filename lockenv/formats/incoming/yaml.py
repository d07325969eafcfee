"""The part of YAML that environment files are written in, read strictly; the rest is refused with its line.

Block mappings and block lists, nested by indentation; plain and quoted scalars on one line; flow lists of scalars;
comments. Every scalar is text: `3.10` stays 3.10, `no` stays no. Anchors, aliases, tags, block scalars, flow
mappings and several documents are refused: no such file needs them, and they are YAML's dangers (decision 0020).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from lockenv.errors import ManifestError, Problem
from lockenv.manifest.words import quoted
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text and its line."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A list and the line it begins on."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with its keys in order, and the line it begins on."""

    entries: tuple[tuple[str, Node], ...]
    line: int

    def get(self, key: str) -> Node | None:
        """What stands under a key, or None."""
        return dict(self.entries).get(key)


Node: TypeAlias = Scalar | Listing | Table

_DEEPEST = 20
_KEY = re.compile(
    r"""(?P<key>"[^"\\]*"|'[^']*'|[^\s"'#&*!|>%@`{}\[\],?:-][^#]*?|[^\s"'#&*!|>%@`{}\[\],?:-])\s*:(?=\s|$)"""
)
_FORBIDDEN = {
    "&": "an anchor",
    "*": "an alias",
    "!": "a tag",
    "|": "a block of text",
    ">": "a block of text",
    "{": "a mapping in braces",
    "%": "a directive",
    "@": "a reserved character",
    "`": "a reserved character",
    "?": "a complex key",
}


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    indent: int
    text: str


def read(text: str, *, where: str) -> Node:
    """Read a document. Raises `ManifestError` that names the line of what is not understood."""
    lines = _lines(text.removeprefix("\ufeff"), where)
    if not lines:
        return Table((), 1)
    node, position = _node(lines, 0, lines[0].indent, where, 0)
    if position < len(lines):
        raise _refused(where, lines[position].number, "it is not indented like what it belongs to")
    return node


def _refused(where: str, line: int, message: str, hint: str | None = None) -> ManifestError:
    return ManifestError(
        f"{where} cannot be read", problems=[Problem(where=f"{where}:{line}", message=message, hint=hint)]
    )


def _lines(text: str, where: str) -> list[_Line]:
    found: list[_Line] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        body = _without_comment(raw).rstrip()
        bare = body.lstrip(" ")
        if not bare:
            continue
        if bare.startswith("\t"):
            raise _refused(where, number, "a tab cannot indent", "use spaces")
        if bare == "---" and not found:
            continue
        if bare == "...":
            break
        if bare == "---":
            raise _refused(where, number, "a second document begins here", "keep one document")
        found.append(_Line(number, len(body) - len(bare), bare))
    return found


def _without_comment(line: str) -> str:
    """Take off what follows a `#` that stands at the beginning or behind a space, and in no quotes."""
    quote = ""
    for position, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and (position == 0 or line[position - 1] in " [,"):
            quote = character
        elif character == "#" and (position == 0 or line[position - 1] in " \t"):
            return line[:position]
    return line


def _node(lines: Sequence[_Line], position: int, indent: int, where: str, depth: int) -> tuple[Node, int]:
    line = lines[position]
    if depth > _DEEPEST:
        raise _refused(where, line.number, "it is nested too deeply")
    if _is_item(line.text):
        return _listing(lines, position, indent, where, depth)
    if _KEY.match(line.text):
        return _table(lines, position, indent, where, depth)
    return _scalar(line.text, line.number, where), position + 1


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _listing(lines: Sequence[_Line], position: int, indent: int, where: str, depth: int) -> tuple[Node, int]:
    items: list[Node] = []
    first = lines[position].number
    while position < len(lines) and lines[position].indent == indent and _is_item(lines[position].text):
        line = lines[position]
        inner = line.text[1:].lstrip(" ")
        if not inner:
            node, position = _below(lines, position, indent, where, depth)
        elif _KEY.match(inner) or _is_item(inner):
            # What stands behind the dash is the first line of a block that is indented as far as it stands.
            column = indent + len(line.text) - len(inner)
            nested = [*lines[:position], _Line(line.number, column, inner), *lines[position + 1 :]]
            node, position = _node(nested, position, column, where, depth + 1)
        else:
            node, position = _scalar(inner, line.number, where), position + 1
        items.append(node)
    return Listing(tuple(items), first), position


def _table(lines: Sequence[_Line], position: int, indent: int, where: str, depth: int) -> tuple[Node, int]:
    entries: dict[str, Node] = {}
    first = lines[position].number
    while position < len(lines) and lines[position].indent == indent:
        line = lines[position]
        match = _KEY.match(line.text)
        if match is None:
            if _is_item(line.text):
                break
            raise _refused(where, line.number, f"{quoted(line.text)} is no key with a value")
        key = match["key"].strip("\"'")
        if key in entries:
            raise _refused(where, line.number, f"{quoted(key)} stands here a second time", "keep one of them")
        rest = line.text[match.end() :].strip()
        if rest:
            entries[key], position = _scalar(rest, line.number, where), position + 1
        else:
            entries[key], position = _below(lines, position, indent, where, depth)
    return Table(tuple(entries.items()), first), position


def _below(lines: Sequence[_Line], position: int, indent: int, where: str, depth: int) -> tuple[Node, int]:
    """What is indented below a key or dash; a list may stand right below its key. Nothing is an empty text."""
    after = position + 1
    if after < len(lines):
        below = lines[after]
        own_list = below.indent == indent and _is_item(below.text) and not _is_item(lines[position].text)
        if below.indent > indent or own_list:
            return _node(lines, after, below.indent, where, depth + 1)
    return Scalar("", lines[position].number), after


def _scalar(text: str, line: int, where: str) -> Node:
    if text.startswith("["):
        return _flow(text, line, where)
    return Scalar(_text(text, line, where), line)


def _flow(text: str, line: int, where: str) -> Listing:
    if not text.endswith("]") or "[" in text[1:] or "{" in text:
        raise _refused(where, line, f"{quoted(text)} is no list on one line", "write one item a line, with a dash")
    inside = text[1:-1].strip()
    parts = re.findall(r"""\s*("[^"]*"|'[^']*'|[^,]+?)\s*(?:,|$)""", inside) if inside else []
    return Listing(tuple(Scalar(_text(part, line, where), line) for part in parts), line)


def _text(text: str, line: int, where: str) -> str:
    if text[0] in "\"'":
        quote = text[0]
        inner = text[1:-1]
        if len(text) < 2 or not text.endswith(quote) or (quote == '"' and "\\" in inner):
            raise _refused(
                where, line, f"{quoted(text)} is no text in quotes on one line", "write it without escapes"
            )
        if quote in inner.replace("''", "") if quote == "'" else quote in inner:
            raise _refused(where, line, f"{quoted(text)} has a quote in its midst")
        return inner.replace("''", "'") if quote == "'" else inner
    if text[0] in _FORBIDDEN:
        raise _refused(where, line, f"{quoted(text)} is {_FORBIDDEN[text[0]]} of YAML, which is not read here")
    return "" if text in {"null", "~"} else text
