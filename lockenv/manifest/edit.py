"""Edits of the text of an env.toml: every byte that an edit does not mean stays, comments and layout too.

All functions take the text of a valid document and give another one. Values are TOML as it shall stand there.
The places are those of `lockenv.manifest.places`, so nothing has to be written back that was only read.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

from lockenv.manifest.places import KeyPath, Places, locate
from lockenv.values import dataclass

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
#: What stands behind an item on its line: spaces, a comment.
_TAIL = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=\r?\n)")
#: What begins an item's own line.
_LINE_BREAK = re.compile(r"\r?\n[ \t]*\Z")
_INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An item of an array: what stands before it, itself, its comma, and the rest of its line."""

    lead: str
    value: str
    comma: str = ","
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Array:
    """An array in pieces; `rest` stands between the last one and the bracket."""

    items: tuple[_Item, ...]
    rest: str

    def __str__(self) -> str:
        inside = "".join(item.lead + item.value + item.comma + item.tail for item in self.items)
        return f"[{inside}{self.rest}]"


def replace_value(text: str, path: KeyPath, value: str) -> str:
    """Put a value in the place of the one at `path`."""
    start, end = locate(text).spans[path]
    return text[:start] + value + text[end:]


def insert_item(text: str, path: KeyPath, value: str, position: int | None = None) -> str:
    """Put an item into the array at `path`, at its end unless a position is given.

    An array with comments on lines of their own has its items in an order that only its owner knows: there, the
    end is meant.
    """
    array = _array(text, path)
    if not array.items:
        edited = _first(array, value, _newline(text))
    elif position is None or position >= len(array.items) or any("#" in item.lead for item in array.items):
        edited = _appended(array, value)
    else:
        edited = _inserted(array, value, position)
    return replace_value(text, path, str(edited))


def remove_item(text: str, path: KeyPath, position: int) -> str:
    """Take an item out of an array. A comment on its line goes with it; those on lines of their own stay."""
    return replace_value(text, path, str(_without(_array(text, path), position)))


def set_key(text: str, table: str | tuple[str, ...], key: str, value: str) -> str:
    """Let a table say `key`; the table is made if there is none. The key is TOML too.

    A table that is not at the top is named by the keys that lead to it, which are bare ones.
    """
    names = (table,) if isinstance(table, str) else table
    path = (*names, _plain(key))
    found = locate(text)
    if path in found.spans:
        return replace_value(text, path, value)
    inline = found.spans.get(names)
    if inline is not None:
        return _into_inline(text, inline, f"{key} = {value}")
    for length in range(len(names), -1, -1):
        # A table of dotted keys goes on where it began: no header may open it again (TOML 1.0).
        rest = ".".join([*names[length:], key])
        end = next((end for section, end in reversed(found.sections) if section == names[:length]), None)
        if end is not None and (length == len(names) or _is_dotted(found, names)):
            return _line_after(text, end, f"{rest} = {value}")
    return add_section(text, f"[{'.'.join(names)}]", f"{key} = {value}")


def remove_key(text: str, path: KeyPath) -> str:
    """Take a key and its value out of a top-level table, with its line; a table that was all of it goes too."""
    found = locate(text)
    start, end = found.spans[path]
    inline = found.spans.get(path[:1])
    if inline is not None and path[:1] != path:
        return _out_of_inline(text, inline, start, end)
    line = text.rfind("\n", 0, start) + 1
    shorter = text[:line] + text[_next_line(text, end) :]
    return _without_empty(shorter, path[:1])


def add_section(text: str, header: str, *lines: str) -> str:
    """Put a table at the end, after an empty line. `header` has its brackets."""
    newline = _newline(text)
    before = text if not text or text.endswith("\n") else text + newline
    gap = newline if before.strip() and not before.endswith(newline * 2) else ""
    return before + gap + newline.join([header, *lines, ""])


# ── arrays


def _array(text: str, path: KeyPath) -> _Array:
    """Take an array to pieces."""
    spans = locate(text).spans
    start, end = spans[path]
    position = start + 1
    items: list[_Item] = []
    while (span := spans.get((*path, len(items)))) is not None:
        after = span[1]
        blank = _BLANK.match(text, after)
        comma_at = blank.end() if blank else after
        comma = text[after : comma_at + 1] if text.startswith(",", comma_at) else ""
        tail = _TAIL.match(text, after + len(comma))
        items.append(
            _Item(
                lead=text[position : span[0]],
                value=text[slice(*span)],
                comma=comma,
                tail=tail.group() if tail else "",
            )
        )
        position = after + len(comma) + len(items[-1].tail)
    return _Array(items=tuple(items), rest=text[position : end - 1])


def _first(array: _Array, value: str, newline: str) -> _Array:
    """Put an item into an empty array, on a line of its own; comments that stand there stay before it."""
    rest = array.rest.rstrip()
    return _Array(items=(_Item(lead=rest + newline + _INDENT, value=value),), rest=newline)


def _appended(array: _Array, value: str) -> _Array:
    """Put an item behind the last one, laid out as that is."""
    *others, last = array.items
    line = _LINE_BREAK.search(last.lead)
    lead = line.group() if line else last.lead if others else " "
    new = _Item(lead=lead, value=value, comma="," if last.comma else "")
    return replace(array, items=(*others, replace(last, comma=last.comma or ","), new))


def _inserted(array: _Array, value: str, position: int) -> _Array:
    """Put an item before another one, laid out as that is."""
    before, after = array.items[:position], array.items[position:]
    new = _Item(lead=after[0].lead, value=value)
    pushed = after[0] if position or "\n" in after[0].lead else replace(after[0], lead=" ")
    return replace(array, items=(*before, new, pushed, *after[1:]))


def _without(array: _Array, position: int) -> _Array:
    before, gone, after = array.items[:position], array.items[position], array.items[position + 1 :]
    remarks = gone.lead[: gone.lead.rindex("\n")].rstrip("\r") if "#" in gone.lead else ""
    if after:
        heir = after[0]
        lead = gone.lead if not before and "\n" not in heir.lead else heir.lead
        return replace(array, items=(*before, replace(heir, lead=remarks + lead), *after[1:]))
    if before and not gone.comma:
        before = (*before[:-1], replace(before[-1], comma=""))
    rest = remarks + array.rest
    return _Array(items=before, rest=rest if before or "#" in rest else "")


# ── tables


def _is_dotted(found: Places, table: tuple[str, ...]) -> bool:
    """Whether a table stands in dotted keys alone: ``sources.x = 1``, and has no header."""
    depth = len(table)
    headers = any(section[:depth] == table for section, _ in found.sections)
    return not headers and any(path[:depth] == table for path in found.spans)


def _line_after(text: str, offset: int, line: str) -> str:
    """Put a line behind the one that holds `offset`."""
    if not offset:
        return f"{line}{_newline(text)}{text}"
    end = _next_line(text, offset)
    before = text[:end] if text[:end].endswith("\n") else text[:end] + _newline(text)
    return f"{before}{line}{_newline(text)}{text[end:]}"


def _next_line(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _into_inline(text: str, span: tuple[int, int], pair: str) -> str:
    """Put a pair at the end of an inline table."""
    inside = text[span[0] + 1 : span[1] - 1]
    joined = f"{inside.rstrip()}, {pair} " if inside.strip() else f" {pair} "
    return f"{text[: span[0]]}{{{joined}}}{text[span[1] :]}"


def _out_of_inline(text: str, span: tuple[int, int], start: int, end: int) -> str:
    """Take a pair out of an inline table, given where its value stands, and one of the commas around it."""
    opening = max(text.rfind(",", span[0], start), span[0])
    if text[opening] == ",":
        return text[:opening] + text[end:]
    comma = re.compile(r"[ \t]*,").match(text, end)
    return text[: opening + 1] + text[comma.end() if comma else end :]


def _without_empty(text: str, table: KeyPath) -> str:
    """Take the header of a table away that has nothing left, not even a comment."""
    match = re.search(rf"(?m)(?:^\r?\n)?^\[{re.escape(str(table[0]))}\]\r?\n(?=\s*(?:^\[|\Z))", text)
    return text[: match.start()] + text[match.end() :] if match else text


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _plain(key: str) -> str:
    """The name that a key of TOML says."""
    return next(iter(tomllib.loads(f"{key} = 1")))
