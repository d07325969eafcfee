"""A small TOML emitter: our order, our line breaks, and nothing that depends on the machine (TOML 1.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}


def key(text: str) -> str:
    """A key, bare where TOML allows it."""
    return text if _BARE_KEY.fullmatch(text) else string(text)


def string(text: str) -> str:
    """A string on one line: literal where that spares escapes, else basic."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return f'"{"".join(_character(character) for character in text)}"'


def value(item: object) -> str:
    """A value on one line: string, boolean, integer, float, date-time, array or inline table.

    Raises `TypeError` for what TOML cannot say.
    """
    match item:
        case str():
            return string(item)
        case bool():
            return "true" if item else "false"
        case int() | float():
            return repr(item)
        case datetime():
            return _moment(item)
        case Mapping():
            inside = ", ".join(f"{key(name)} = {value(inner)}" for name, inner in item.items())
            return f"{{{inside}}}"
        case Sequence():
            return f"[{', '.join(value(inner) for inner in item)}]"
        case _:
            msg = f"TOML has no value for {type(item).__name__}"
            raise TypeError(msg)


def lines(items: Sequence[object]) -> str:
    """An array with one item a line, so that a diff reads; an empty one stays on its line."""
    if not items:
        return "[]"
    inside = "".join(f"    {value(item)},\n" for item in items)
    return f"[\n{inside}]"


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    # TOML 1.0: control characters other than tab must be escaped. Bidirectional controls are, to be seen.
    if ord(character) < 0x20 or ord(character) == 0x7F or 0x202A <= ord(character) <= 0x202E:
        return f"\\u{ord(character):04X}"
    if 0x2066 <= ord(character) <= 0x2069:
        return f"\\u{ord(character):04X}"
    return character
