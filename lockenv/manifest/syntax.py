"""TOML text to a plain mapping; what is no TOML is refused in plain words with line and column."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from lockenv.errors import ManifestError, Problem
from lockenv.manifest.places import locate, path_text
from lockenv.manifest.words import quoted, without_secrets

_POSITION = r"\(at (?:line (\d+), column (\d+)|end of document)\)$"
_TOO_DEEP = "its tables or lists are nested too deeply"
_SHOWN = 160  # characters of an offending line that are repeated
_REMEDY_FOR_STRINGS = 'text stands in straight quotes: "…"'

#: How `tomllib` says it, and how we do: (message, hint). In order; the first that begins so counts.
_WORDS = (
    ("Expected '=' after a key", "an `=` is missing after the key", 'a key is followed by `=`: key = "value"'),
    ("Invalid statement", "this is neither a key nor a table", 'write key = "value", or [table]'),
    ("Invalid initial character for a key part", "a key is missing here", None),
    (
        "Expected newline or end of document",
        "something is left over after the value",
        "begin a new line for each key",
    ),
    ("Expected ']' at the end", "the table's name is not closed", "close it with `]`"),
    ("Expected ']]' at the end", "the table's name is not closed", "close it with `]]`"),
    ("Unclosed array", "the list is not closed here", "is a comma missing before this, or a `]` at the end?"),
    ("Unclosed inline table", "the { } table is not closed here", "is a comma missing before this, or a `}`?"),
    ("Illegal character '\\n'", "the text is not closed on its line", "close it with `\"` or `'`"),
    ("Unterminated string", "a text is never closed", "close it with the quotes it began with"),
    ("Unescaped '\\'", 'a backslash in "…" begins an escape', "write \\\\, or put the text in '…'"),
    ("Invalid hex value", "the escape is not complete", None),
    ("Escaped character is not", "the escape names no character", None),
    ("Invalid date or datetime", "there is no such date or time", None),
    ("Invalid value", "this is no value", _REMEDY_FOR_STRINGS),
)
_CLASHES = ("Cannot ", "Duplicate inline table key")
_CHARACTER = r"(?s:(?:Illegal|Found invalid) character ('.*'|\".*\"))"


class _Position(NamedTuple):
    """Line and column from 1, and the offset from 0."""

    line: int
    column: int
    offset: int


def decode(content: bytes, *, where: str) -> str:
    """Decode a manifest's bytes: UTF-8 (TOML 1.0), with or without a byte order mark.

    Raises `ManifestError` that names the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"0x{content[error.start]:02x}"
        problem = Problem(
            where=f"{where}:{line}", message=f"the byte {byte} is not UTF-8", hint="save it as UTF-8"
        )
        raise ManifestError(f"{where} is not a UTF-8 text", problems=[problem]) from None


def parse(text: str, *, where: str) -> dict[str, Any]:
    """Parse TOML. Raises `ManifestError` with one problem, at ``where:line:column``."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _explained(str(error), text.replace("\r\n", "\n"), where) from None
    except RecursionError:
        problem = Problem(where=where, message=_TOO_DEEP)
    except ValueError as error:  # an integer that Python does not convert
        problem = Problem(where=where, message=f"a number is out of bounds: {error}")
    raise ManifestError(f"{where} is not valid TOML", problems=[problem])


def _explained(complaint: str, text: str, where: str) -> ManifestError:
    position = _position(complaint, text)
    if clash := _clash(complaint, text[: position.offset]):
        line, message = clash
        problem = Problem(where=f"{where}:{line}", message=message, hint="keep one of them")
        return ManifestError(f"{where} is not valid TOML", problems=[problem])
    message, hint = _at_end(text) if position.offset == len(text) else _plain(complaint)
    if re.match(r"([<|=>])\1{6}( |$)", text.split("\n")[position.line - 1]):
        message, hint = "a merge has left a conflict here", "keep what you want of both sides, without the marks"
    problem = Problem(where=f"{where}:{position.line}:{position.column}", message=message, hint=hint)
    return ManifestError(f"{where} is not valid TOML", problems=[problem], details=tuple(_excerpt(text, position)))


def _position(complaint: str, text: str) -> _Position:
    match = re.search(_POSITION, complaint)
    if match is None or match[1] is None:
        # At the end of the document: point behind the last thing that stands there.
        offset = len(text.rstrip())
        line = text.count("\n", 0, offset) + 1
        return _Position(line, offset - (text.rfind("\n", 0, offset) + 1) + 1, len(text))
    line, column = int(match[1]), int(match[2])
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return _Position(line, column, start + column - 1)


def _clash(complaint: str, before: str) -> tuple[int, str] | None:
    """Name the key or table that is given twice; None where the complaint is another."""
    if not complaint.startswith(_CLASHES):
        return None
    # A header is refused before its bracket closes; the closing bracket lets the scanner see it.
    places = locate(before + "]" if before.rpartition("\n")[2].lstrip().startswith("[") else before)
    if not places.repeats:
        return None
    repeat = places.repeats[-1]
    return repeat.again, f"{quoted(path_text(repeat.path))} is given twice, first on line {repeat.first}"


def _at_end(text: str) -> tuple[str, str | None]:
    """Say what is missing where the file ends too early; `tomllib` only says that no value follows."""
    rest = text.rstrip()
    if rest.endswith("="):
        return "a value is missing after `=`", None
    path = next(reversed(locate(text).lines), ())
    key = tuple(part for part in path if isinstance(part, str))
    what = f"{quoted(path_text(key))} is" if key else "something is"
    return f"the file ends, but {what} not complete", "is a closing quote, `]` or `}` missing?"


def _plain(complaint: str) -> tuple[str, str | None]:
    for beginning, message, hint in _WORDS:
        if complaint.startswith(beginning):
            return message, hint
    if match := re.match(_CHARACTER, complaint):
        return f"the character {match[1]} may not stand here", None
    if complaint.startswith(_CLASHES):
        return "this clashes with a key or table that was given before", "keep one of them"
    return re.sub(_POSITION, "", complaint).strip(), None


def _excerpt(text: str, position: _Position) -> Iterator[str]:
    """Show the line and point at the place."""
    line = text.split("\n")[position.line - 1]
    if not line.strip() or len(line) > _SHOWN or line != without_secrets(line):
        return
    yield "    " + "".join(char if char.isprintable() else " " if char == "\t" else "?" for char in line)
    yield "    " + " " * (position.column - 1) + "^"
