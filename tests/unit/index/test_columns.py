from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.index.columns import rows_by_column
from lockenv.index.simple import _Json

SHA = "a" * 64
ORDINARY = {
    "filename": "menu-1.0.tar.gz",
    "url": "https://example.com/menu-1.0.tar.gz",
    "hashes": {"sha256": SHA},
    "requires-python": ">=3.8",
    "size": 7,
    "upload-time": "2024-01-02T03:04:05.678901Z",
    "yanked": False,
    "core-metadata": {"sha256": SHA},
}
#: What each key may hold: first what is ordinary, then what is odd, and what is wrong.
VALUES: dict[str, list[Any]] = {
    "filename": ["menu-1.0.tar.gz", "", "menu 1.0", 7, None],
    "url": [
        "https://example.com/a",
        "http://127.0.0.1:8080/a?b=c",
        "../a",
        "https://example.com/a#sha256=b",
        "https://example.com/a b",
        "https://example.com/a\nhttps://example.com/b",
        "https://example.com/ä",
        " https://example.com/a ",
        "https://user:word@example.com/a",
        "file:///a",
        "",
        7,
    ],
    "hashes": [
        {"sha256": SHA},
        {},
        {"md5": "b" * 32},
        {"md5": "b" * 32, "sha256": SHA},
        {"sha256": SHA.upper()},
        {"sha256": "a" * 63},
        {"sha256": "g" * 64},
        {"sha256": 7},
        [],
        None,
    ],
    "requires-python": [">=3.8", "", None, 0, False],
    "size": [0, 7, None, -1, 2**63, True, "7", 1.5],
    "upload-time": ["2024-01-02T03:04:05Z", "yesterday", "2024-01-02T03:04:05Z\n", "", None, 7],
    "yanked": [False, True, "bad\nthing", "", None, 0],
    "core-metadata": [True, False, {"sha256": SHA}, {}, {"sha256": "b"}, {"md5": "b" * 32}, None, "yes"],
    "dist-info-metadata": [True, False, {"sha256": SHA}, None, 7],
}
FILES = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in VALUES.items()}).map(
    lambda odd: {**ORDINARY, **odd}
)
PAGE = "https://example.com/simple/menu/"


def one_by_one(files: list[Any]) -> list[Any]:
    return list(_Json(PAGE, "https://example.com/simple/")._one_by_one(files))


@given(st.lists(FILES, max_size=3))
def test_columns_hold_what_rows_hold(files: list[Any]) -> None:
    rows = rows_by_column(files)
    assert rows is None or rows == one_by_one(files)


@given(st.sampled_from(sorted(ORDINARY)), FILES)
def test_a_missing_key_means_the_same_by_columns(key: str, file: dict[str, Any]) -> None:
    del file[key]
    rows = rows_by_column([ORDINARY, file])
    assert rows is None or rows == one_by_one([ORDINARY, file])


@pytest.mark.parametrize("file", [7, None, "text", [], ["filename"]])
def test_what_is_no_object_is_left_to_the_rows(file: Any) -> None:
    assert rows_by_column([ORDINARY, file]) is None


def test_ordinary_files_are_read_by_column() -> None:
    sdist = {**ORDINARY, "core-metadata": False, "requires-python": None}
    yanked = {**ORDINARY, "yanked": True, "core-metadata": True, "size": None}
    rows = rows_by_column([ORDINARY, sdist, yanked])
    assert rows is not None
    assert [row[3] for row in rows] == [">=3.8", None, ">=3.8"]
    assert [row[6] for row in rows] == [None, None, ""]
    assert [row[7] for row in rows] == [(("sha256", SHA),), None, ()]


def test_a_page_without_files_has_no_rows() -> None:
    assert rows_by_column([]) == []
