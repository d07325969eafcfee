from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.lockfile import toml


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_string_reads_back_as_itself_and_takes_one_line(text: str) -> None:
    written = toml.string(text)
    assert "\n" not in written
    assert tomllib.loads(f"x = {written}") == {"x": text}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_key_reads_back_as_itself(text: str) -> None:
    assert tomllib.loads(f"{toml.key(text)} = 1") == {text: 1}


_plain = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(_plain)
def test_a_value_reads_back_as_itself(item: object) -> None:
    assert tomllib.loads(f"x = {toml.value(item)}") == {"x": item}


@given(st.lists(_plain))
def test_an_array_in_lines_reads_back_as_itself(items: list[object]) -> None:
    assert tomllib.loads(f"x = {toml.lines(items)}") == {"x": items}


def test_moments_are_written_in_utc() -> None:
    there = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert toml.value(there) == "2026-01-02T01:04:05Z"
    assert tomllib.loads(f"x = {toml.value(there)}") == {"x": there.astimezone(UTC)}


def test_markers_need_no_escapes() -> None:
    assert toml.string('"test" in dependency_groups') == "'\"test\" in dependency_groups'"


def test_characters_that_turn_the_text_around_are_escaped() -> None:
    assert toml.string("a\u202eb") == '"a\\u202Eb"'


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        toml.value(object())
