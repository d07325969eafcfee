"""Law of `lockenv.manifest.places`: in any TOML document, each key, table and item has the line it stands on."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lockenv.manifest.places import KeyPath, locate

_LAW = settings(deadline=None)  # machines are busy; a law says nothing about time

_PARTS = ["a", "b", "c-d", "e_1", "2", "with.dot", 'quo"te', "#", "[x]", "é", "", " ", "tab\t"]
_SCALARS = [
    "1",
    "-1.5e3",
    "0xff",
    "inf",
    "true",
    "1979-05-27",
    "1979-05-27 07:32:00",
    "07:32:00",
    '"x"',
    '"]}#,= \\" \\\\"',
    "'it\\'",
    "''",
    '"""\none\n"" two \\""" ]\n"""',
    '""""quoted"""""',
    "'''\n''\n#\n'''",
    '"""\\\n   folded"""',
]
_PADDING = ["", "\n", '  # a comment with [ and "\n', "\n\n\t\n", " "]
_scalars = st.sampled_from(_SCALARS)
_paddings = st.sampled_from(_PADDING)


@dataclass
class _Writer:
    """Writes TOML and notes the line of everything as it is written."""

    draw: st.DrawFn
    text: str = ""
    lines: dict[KeyPath, int] = field(default_factory=dict)

    @property
    def line(self) -> int:
        return self.text.count("\n") + 1

    def key(self, part: str) -> None:
        bare = part and all(char.isascii() and (char.isalnum() or char in "-_") for char in part)
        if bare and self.draw(st.booleans()):
            self.text += part
        elif "'" not in part and '"' in part:
            self.text += f"'{part}'"
        else:
            self.text += json.dumps(part, ensure_ascii=self.draw(st.booleans()))

    def pair(self, table: KeyPath, parts: list[str], depth: int) -> None:
        for number, part in enumerate(parts):
            self.text += self.draw(st.sampled_from([" . ", ".", "\t."])) if number else ""
            self.lines.setdefault((*table, *parts[: number + 1]), self.line)
            self.key(part)
        self.text += self.draw(st.sampled_from(["=", " = ", "\t="]))
        self.value((*table, *parts), depth)

    def value(self, path: KeyPath, depth: int) -> None:
        kind = self.draw(st.sampled_from(["scalar", "scalar", "array", "table"])) if depth else "scalar"
        if kind == "scalar":
            self.text += self.draw(_scalars)
        elif kind == "array":
            self.array(path, depth)
        else:
            self.inline_table(path, depth)

    def array(self, path: KeyPath, depth: int) -> None:
        self.text += "[" + self.draw(_paddings)
        size = self.draw(st.integers(0, 3))
        for number in range(size):
            self.lines[*path, number] = self.line
            self.value((*path, number), depth - 1)
            self.text += self.draw(_paddings)
            if number < size - 1 or self.draw(st.booleans()):
                self.text += "," + self.draw(_paddings)
        self.text += "]"

    def inline_table(self, path: KeyPath, depth: int) -> None:
        self.text += "{ "
        for number, part in enumerate(self.draw(st.lists(st.sampled_from(_PARTS), max_size=3, unique=True))):
            self.text += ", " if number else ""
            self.pair(path, [part], depth - 1)
        self.text += " }"

    def end_line(self) -> None:
        self.text += self.draw(st.sampled_from(["\n", "  # c [[\n", "\n\n# = ]\n"]))

    def pairs(self, table: KeyPath) -> None:
        for part in self.draw(st.lists(st.sampled_from(_PARTS), max_size=3, unique=True)):
            inner = self.draw(st.lists(st.sampled_from(_PARTS), max_size=2))
            self.text += self.draw(st.sampled_from(["", "  "]))
            self.pair(table, [part, *inner], depth=2)
            self.end_line()

    def header(self, keys: list[str], brackets: int) -> None:
        self.text += "[" * brackets + self.draw(st.sampled_from(["", " "]))
        for number, part in enumerate(keys):
            self.text += "." if number else ""
            self.key(part)
        self.text += self.draw(st.sampled_from(["", " "])) + "]" * brackets


@st.composite
def _documents(draw: st.DrawFn) -> tuple[str, dict[KeyPath, int]]:
    writer = _Writer(draw)
    writer.pairs(())
    # Tables have names that no key has, so that nothing is defined twice.
    for number in range(draw(st.integers(0, 3))):
        name = f"table{number}"
        writer.lines[name,] = writer.line
        if draw(st.booleans()):
            keys = [name, *draw(st.lists(st.sampled_from(_PARTS), max_size=2))]
            for depth in range(1, len(keys)):
                writer.lines[*keys[: depth + 1],] = writer.line
            writer.header(keys, 1)
            writer.end_line()
            writer.pairs(tuple(keys))
            continue
        for item in range(draw(st.integers(1, 3))):
            writer.lines[name, item] = writer.line
            writer.header([name], 2)
            writer.end_line()
            writer.pairs((name, item))
            if draw(st.booleans()):
                writer.lines[name, item, "sub.table"] = writer.line
                writer.header([name, "sub.table"], 1)
                writer.end_line()
    return writer.text, writer.lines


def _paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    if isinstance(value, dict):
        return {path}.union(*(_paths(inner, (*path, key)) for key, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(_paths(inner, (*path, number)) for number, inner in enumerate(value)))
    return {path}


@_LAW
@given(_documents())
def test_each_key_path_has_its_line(document: tuple[str, dict[KeyPath, int]]) -> None:
    text, lines = document
    places = locate(text)
    assert places.lines == lines
    assert places.repeats == ()


@_LAW
@given(_documents())
def test_the_paths_are_those_of_the_values(document: tuple[str, dict[KeyPath, int]]) -> None:
    text, _ = document
    assert set(locate(text).lines) | {()} == _paths(tomllib.loads(text))


@_LAW
@given(_documents(), st.data())
def test_a_document_cut_off_keeps_the_lines_before_the_cut(
    document: tuple[str, dict[KeyPath, int]], data: st.DataObject
) -> None:
    text, lines = document
    rows = text.split("\n")
    kept = data.draw(st.integers(0, len(rows)))
    found = locate("\n".join(rows[:kept])).lines
    assert found.items() <= lines.items()


@_LAW
@given(st.text())
def test_no_text_makes_the_scanner_fail(text: str) -> None:
    lines = locate(text).lines
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
