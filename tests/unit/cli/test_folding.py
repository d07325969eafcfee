"""Lines for narrow terminals."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.cli.folding import columns, folded, stacked

_WORDS = st.lists(st.text(st.sampled_from("ab-"), min_size=1, max_size=9), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", "short"),
        ("one two three four five", "one two three four\n    five"),
        ("  indented two three four", "  indented two three\n      four"),
        ("+ menu 1.0   because of a thing", "+ menu 1.0   because\n    of a thing"),
        ("  -q   say nothing but errors", "  -q   say nothing\n       but errors"),
        ("a\none two three four five", "a\none two three four\n    five"),
        ("one/very/long/path/that/cannot/be/folded", "one/very/long/path/that/cannot/be/folded"),
        ("", ""),
    ],
)
def test_a_line_is_folded_between_words(text: str, expected: str) -> None:
    assert folded(text, 20) == expected


def test_prose_goes_on_at_the_margin() -> None:
    text = "one two three four five\n  -q   say nothing but errors"
    assert folded(text, 20, prose=True) == "one two three four\nfive\n  -q   say nothing\n       but errors"


def test_colours_take_no_room() -> None:
    text = "\x1b[32m+\x1b[0m one two three four"
    assert folded(text, 20) == text
    assert folded(f"{text} five", 20) == f"{text}\n    five"


@pytest.mark.parametrize("width", [0, 60, 200])
def test_where_there_is_room_lines_stay_whole(width: int) -> None:
    text = "word " * 50
    assert folded(text, width) == text


@given(words=_WORDS, blanks=st.integers(0, 30), width=st.integers(10, 59))
def test_no_word_is_lost_and_no_line_too_long_but_for_a_word_that_is(
    words: list[str], blanks: int, width: int
) -> None:
    lines = folded(" " * blanks + " ".join(words), width).split("\n")
    assert " ".join(lines).split() == words
    assert all(len(line) <= width or len(line.split()) == 1 for line in lines)


def test_the_cells_of_a_row_stand_on_as_many_lines_as_it_takes() -> None:
    cells = ["*  ", "3  ", "2026-01-01", "4 packages", "whole"]
    assert list(stacked(cells, 0)) == ["*    3    2026-01-01  4 packages  whole"]
    assert list(stacked(cells, 26)) == ["*    3    2026-01-01", "    4 packages  whole"]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_those_of_a_terminal() -> None:
    assert columns(io.StringIO(), {"COLUMNS": "40"}) == 0
    assert columns(_Terminal(), {"COLUMNS": "40"}) == 40
    assert columns(_Terminal(), {"COLUMNS": "wide"}) == 0
