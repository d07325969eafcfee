"""Unit: whose metadata a file says that it is."""

from __future__ import annotations

import pytest

from lockenv.errors import MetadataError
from lockenv.index.metadata import stated


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Metadata-Version: 2.1\nName: Menu\nVersion: 1.0\n\nName: other\n", ("Menu", "1.0")),
        (b"Name: menu\n", ("menu", "")),
        (b"", ("", "")),
    ],
)
def test_it_is_what_the_header_states(content: bytes, said: tuple[str, str]) -> None:
    assert stated(content, filename="PKG-INFO") == said


def test_two_names_are_none() -> None:
    with pytest.raises(MetadataError, match="more than one Name"):
        stated(b"Name: a\nName: b\nVersion: 1\n", filename="PKG-INFO")
