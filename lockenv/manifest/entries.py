"""A value of the manifest together with its place, so that whoever reads it can say where it is wrong.

A `Document` collects complaints while it is read and turns them into problems with lines at the end: lines are
looked up once, and only when something is wrong or they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from lockenv.errors import Problem
from lockenv.manifest.places import KeyPath, Places, locate
from lockenv.manifest.words import listed, quoted, shown, suggestion
from lockenv.values import dataclass, field

_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """One TOML file that is being read: its name for messages, its text, what is wrong with it so far.

    `bare` are the keys at its top that are no tables.
    """

    where: str
    text: str
    bare: frozenset[str] = frozenset()
    complaints: list[tuple[KeyPath, str, str | None]] = field(default_factory=list)

    @cached_property
    def places(self) -> Places:
        """The line of every key."""
        return locate(self.text)

    def problems(self) -> list[Problem]:
        """Everything that was refused, in the order of lines."""
        found = [(self.places.line(path), message, hint) for path, message, hint in self.complaints]
        found.sort(key=lambda one: one[0])
        unique = dict.fromkeys(found)
        return [
            Problem(where=f"{self.where}:{line}", message=message, hint=hint) for line, message, hint in unique
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """A value at a place of a document. Its readers refuse what does not fit and then return None or nothing."""

    document: Document
    path: KeyPath
    value: Any

    @property
    def title(self) -> str:
        """What messages call this: ``[env]``, ```python` in [env]``, ``item 2 of `dependencies```."""
        last = self.path[-1]
        if isinstance(last, int):
            owner = self.path[-2]
            list_title = (
                Entry(self.document, self.path[:-1], None).title if isinstance(owner, int) else quoted(owner)
            )
            return f"item {last + 1} of {list_title}"
        keys = [part for part in self.path if isinstance(part, str)]
        if len(keys) == 1:
            return quoted(last) if last in self.document.bare else f"[{shown(last)}]"
        owner = "[[index]]" if keys[0] == "index" else f"[{shown('.'.join(keys[:-1]))}]"
        return f"{quoted(last)} in {owner}"

    @property
    def line(self) -> int:
        """The line it stands on, from 1."""
        return self.document.places.line(self.path)

    def refuse(self, message: str, hint: str | None = None) -> None:
        """Note that something is wrong here."""
        self.document.complaints.append((self.path, message, hint))

    def child(self, key: str) -> Entry | None:
        """Return the entry under `key` of a table, or None."""
        if isinstance(self.value, dict) and key in self.value:
            return Entry(self.document, (*self.path, key), self.value[key])
        return None

    def children(self) -> Iterator[Entry]:
        """Yield the entries of a table in order; what is no table is refused."""
        if self.is_a(dict, "a table"):
            for key, value in self.value.items():
                yield Entry(self.document, (*self.path, key), value)

    def items(self, of: str, example: str | None = None) -> Iterator[Entry]:
        """Yield the items of a list; what is no list is refused. `of` says what it is a list of."""
        if self.is_a(list, f"a list of {of}", example):
            for position, value in enumerate(self.value):
                yield Entry(self.document, (*self.path, position), value)

    def is_a(self, kind: type, wanted: str, example: str | None = None) -> bool:
        """Whether the value is of this TOML type; refuses it otherwise, with `example` as the hint."""
        if type(self.value) is kind:
            return True
        given = _KINDS.get(type(self.value), "a date or time")
        self.refuse(f"{self.title} must be {wanted}, not {given}", example and f"write {example}")
        return False

    def text(self, example: str | None = None) -> str | None:
        """Return the text, stripped of outer space; what is no text, or is blank, is refused."""
        if not self.is_a(str, "text", example):
            return None
        stripped: str = self.value.strip()
        if not stripped:
            self.refuse(f"{self.title} is empty", example and f"write {example}")
        return stripped or None

    def flag(self, default: bool = False) -> bool:
        """Return a truth value."""
        return self.value is True if self.is_a(bool, "true or false, without quotes") else default

    def choice(self, known: Sequence[str]) -> str | None:
        """Return one of the known words."""
        word = self.text()
        if word is None or word in known:
            return word
        choices = f"it can be {listed(known, 'or')}"
        self.refuse(f"{self.title} cannot be {quoted(word)}: {choices}", suggestion(word, known))
        return None
