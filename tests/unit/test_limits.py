from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.errors import ManifestError
from lockenv.limits import DEFAULT, NAMES, Limits, example, read_limit, remedy, size_text
from lockenv.manifest.read import read


@pytest.mark.parametrize(
    ("name", "text", "bound"),
    [
        ("file", "4 GiB", 4 << 30),
        ("file", "4gib", 4 << 30),
        ("unpacked", " 100 B ", 100),
        ("unpacked", "1TiB", 1 << 40),
        ("files", "500000", 500_000),
        ("ratio", "1", 1),
        ("file", "4", None),
        ("file", "4 GB", None),
        ("file", "0 B", None),
        ("file", "1.5 GiB", None),
        ("file", "9999999 TiB", None),
        ("files", "4 GiB", None),
        ("files", "0", None),
        ("ratio", "-1", None),
        ("ratio", "\u0661", None),
    ],
)
def test_bounds_are_read_as_a_person_writes_them(name: str, text: str, bound: int | None) -> None:
    assert read_limit(name, text) == bound


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_bound_is_one(name: str) -> None:
    assert read_limit(name, example(name)) is not None


@given(st.integers(1, 1 << 50))
def test_a_size_that_is_told_lets_in_what_it_was_told_for(size: int) -> None:
    found = read_limit("file", size_text(size))
    assert found is not None
    assert size <= found < size * 2


@given(st.sampled_from(NAMES), st.integers(1, 1 << 29))
def test_the_remedy_is_a_line_that_the_manifest_takes(name: str, needed: int) -> None:
    line = remedy(name, needed).split("`")[1]
    manifest = read(f'[env]\npython = ">=3.11"\n[limits]\n{line}\n')
    assert getattr(manifest.limits, name) >= needed


def test_a_manifest_that_says_nothing_has_the_defaults() -> None:
    assert read('[env]\npython = ">=3.11"\n').limits == DEFAULT == Limits()
    assert read('[env]\npython = ">=3.11"\n').startup is None
    assert read('[env]\npython = ">=3.11"\n[startup]\n').startup == frozenset()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("file = 4", "a size with its unit"),
        ('file = "4"', "a size with its unit"),
        ('files = "4"', "a whole number"),
        ("files = 0", "a whole number"),
        ("ratio = true", "a whole number"),
        ("ratio = 1.5", "a whole number"),
        ("size = 1", "unknown key"),
    ],
)
def test_a_bound_that_is_none_is_a_problem_of_the_manifest(line: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(f'[env]\npython = ">=3.11"\n[limits]\n{line}\n')
    assert said in str(caught.value.problems[0])
