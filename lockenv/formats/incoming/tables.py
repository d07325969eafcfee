"""Foreign TOML as entries with lines: what a reader does not take is told, by its key."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from lockenv.formats.gathering import Gathering
from lockenv.manifest.entries import Document, Entry
from lockenv.manifest.syntax import parse
from lockenv.manifest.words import quoted


def document(text: str, where: str) -> tuple[Document, Entry]:
    """Parse TOML and give its top. Raises `ManifestError` where it is none."""
    text = text.removeprefix("\ufeff")
    made = Document(where=where, text=text)
    return made, Entry(made, (), parse(text, where=where))


def place(entry: Entry) -> str:
    """Where an entry stands: ``pyproject.toml:12``."""
    return f"{entry.document.where}:{entry.line}"


def finish(document: Document, gathered: Gathering) -> None:
    """Hand over what the entries refused."""
    gathered.left_out.extend(document.problems())


def table(top: Entry | None, *keys: str) -> Entry | None:
    """The table under some keys; None where there is none. What is no table is refused."""
    for key in keys:
        top = top.child(key) if top is not None else None
        if top is not None and not top.is_a(dict, "a table"):
            return None
    return top


def text_of(entry: Entry | None, key: str) -> str | None:
    """The text under a key of a table."""
    child = entry.child(key) if entry is not None else None
    return child.text() if child is not None else None


def flag_of(entry: Entry, key: str) -> bool:
    """The truth value under a key of a table; false where there is none."""
    child = entry.child(key)
    return child.flag() if child is not None else False


def texts_of(entry: Entry | None, key: str) -> Iterator[tuple[Entry, str]]:
    """The texts in the list under a key of a table, each with its place."""
    child = entry.child(key) if entry is not None else None
    for item in child.items("texts") if child is not None else ():
        text = item.text()
        if text is not None:
            yield item, text


def leave_others(entry: Entry | None, taken: Collection[str], why: str = "it has no counterpart here") -> None:
    """Say of every key that is not taken that it is not carried over."""
    if entry is None or not isinstance(entry.value, dict):
        return
    for key, value in entry.value.items():
        if key not in taken:
            child = Entry(entry.document, (*entry.path, key), value)
            child.refuse(f"{_path(entry, key)} is not carried over: {why}")


def _path(entry: Entry, key: str) -> str:
    inside = [str(part) for part in entry.path if isinstance(part, str)]
    return f"{quoted(key)} in [{'.'.join(inside)}]" if inside else quoted(key)


def tables(entry: Entry | None, key: str) -> Iterator[Entry]:
    """The tables in the list under a key of a table."""
    child = entry.child(key) if entry is not None else None
    for item in child.items("tables") if child is not None else ():
        if item.is_a(dict, "a table"):
            yield item


def is_table(value: Any) -> bool:
    """Whether a TOML value is a table."""
    return isinstance(value, dict)
