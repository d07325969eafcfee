"""Where things stand in a TOML text: the line of every key, table and array item.

`tomllib` gives values without positions. This scanner reads the same text again and keeps only positions. It
expects text that `tomllib` accepted, or the beginning of one up to an error: where it meets anything else it
stops and keeps what it has. It never raises.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from typing import TypeAlias

from lockenv.values import dataclass

#: A way into a document: keys and, for arrays, positions from 0. ``("env", "dependencies", 2)``.
KeyPath: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\s,\]}#\[{]+(?: [0-9][^\s,\]}#]*)?")  # a date and its time may be parted by a space
_ONE_LINE = re.compile(r'"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'")
# TOML 1.0, 'String': up to two quotes may stand right before the closing three.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" rf"|{_ONE_LINE.pattern}",
    re.DOTALL,
)
_PLAIN_PART = re.compile(r"[A-Za-z0-9_-]+")


class _Lost(Exception):
    """The text is not what a TOML document has here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A key or table that stands a second time."""

    path: KeyPath
    first: int
    again: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Lines, from 1, by key path, and what was given twice.

    A table that is only implied (``a`` of ``[a.b]``) stands where it is first implied. `spans` are offsets: where
    values begin and end. `sections` are the tables with a header of their own, and the text before the first one,
    in order: whose pairs follow, and where the last of them ends.
    """

    lines: dict[KeyPath, int]
    repeats: tuple[Repeat, ...]
    spans: dict[KeyPath, tuple[int, int]]
    sections: tuple[tuple[KeyPath, int], ...]

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`, else of the nearest thing that holds it, else 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def locate(text: str) -> Places:
    """Find the line of everything in a TOML text."""
    scanner = _Scanner(text)
    with suppress(_Lost, RecursionError):  # as promised above: what was found so far is right
        scanner.document()
    return Places(
        lines=scanner.lines,
        repeats=tuple(scanner.repeats),
        spans=scanner.spans,
        sections=tuple(scanner.sections),
    )


def path_text(path: KeyPath) -> str:
    """Write a key path as people do: ``env.dependencies[2]``; odd keys are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        shown = part if _PLAIN_PART.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text += f".{shown}" if text else shown
    return text


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.lines: dict[KeyPath, int] = {}
        self.repeats: list[Repeat] = []
        self.spans: dict[KeyPath, tuple[int, int]] = {}
        self.sections: list[tuple[KeyPath, int]] = [((), 0)]
        self._headers: dict[KeyPath, int] = {}
        self._lengths: dict[KeyPath, int] = {}  # of arrays of tables
        self._line = 1
        self._counted = 0

    def document(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(_BLANK)
            if self.pos >= len(self.text):
                return
            if self.text.startswith("[[", self.pos):
                table = self._header(2)
                self.sections.append((table, self.pos))
            elif self.text[self.pos] == "[":
                table = self._header(1)
                self.sections.append((table, self.pos))
            else:
                self._pair(table)
                self.sections[-1] = (table, self.pos)

    def _here(self) -> int:
        """Return the line of the current position, which only moves forward."""
        self._line += self.text.count("\n", self._counted, self.pos)
        self._counted = self.pos
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if match := pattern.match(self.text, self.pos):
            self.pos = match.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.pos)
        if match is None:
            raise _Lost
        self.pos = match.end()
        return match.group()

    def _next_is(self, char: str) -> bool:
        return self.text.startswith(char, self.pos)

    def _expect(self, token: str) -> None:
        if not self._next_is(token):
            raise _Lost
        self.pos += len(token)

    def _header(self, brackets: int) -> KeyPath:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table that the next pairs belong to."""
        line = self._here()
        self.pos += brackets
        keys = self._keys()
        self._expect("]" * brackets)
        path = self._within(keys[:-1], line)
        path = (*path, keys[-1])
        if brackets == 2:
            self.lines.setdefault(path, line)
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._last(path)
        elif path in self._headers:
            self.repeats.append(Repeat(path=path, first=self._headers[path], again=line))
        self._headers.setdefault(path, line)
        self.lines.setdefault(path, line)
        return path

    def _within(self, keys: tuple[str, ...], line: int) -> KeyPath:
        """Follow the outer keys of a header; an array of tables means its last table (TOML 1.0)."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            self.lines.setdefault(path, line)
            path = self._last(path)
        return path

    def _last(self, path: KeyPath) -> KeyPath:
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _keys(self) -> tuple[str, ...]:
        """Read a key with its dots."""
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if not self._next_is("."):
                return tuple(keys)
            self.pos += 1

    def _key(self) -> str:
        if not self._next_is('"') and not self._next_is("'"):
            return self._take(_BARE_KEY)
        token = self._take(_ONE_LINE)
        if "\\" not in token:
            return token[1:-1]
        try:
            key: str = tomllib.loads(f"key = {token}")["key"]
        except tomllib.TOMLDecodeError:
            raise _Lost from None
        return key

    def _pair(self, table: KeyPath) -> None:
        line = self._here()
        keys = self._keys()
        self._expect("=")
        for depth in range(1, len(keys)):
            self.lines.setdefault((*table, *keys[:depth]), line)
        path = (*table, *keys)
        if path in self.lines:
            self.repeats.append(Repeat(path=path, first=self.lines[path], again=line))
        self.lines.setdefault(path, line)
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        start = self.pos
        if self._next_is("["):
            self._array(path)
        elif self._next_is("{"):
            self._inline_table(path)
        elif self._next_is('"') or self._next_is("'"):
            self._take(_STRING)
        else:
            self._take(_SCALAR)
        self.spans[path] = (start, self.pos)

    def _array(self, path: KeyPath) -> None:
        self.pos += 1
        position = 0
        self._skip(_BLANK)
        while not self._next_is("]"):
            if self.pos >= len(self.text):
                raise _Lost
            item = (*path, position)
            self.lines[item] = self._here()
            self._value(item)
            position += 1
            self._separator("]")
        self.pos += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.pos += 1
        self._skip(_BLANK)  # TOML 1.1 allows lines and comments here, 1.0 spaces only
        while not self._next_is("}"):
            self._pair(path)
            self._separator("}")
        self.pos += 1

    def _separator(self, closing: str) -> None:
        self._skip(_BLANK)
        if not self._next_is(closing):
            self._expect(",")
            self._skip(_BLANK)
