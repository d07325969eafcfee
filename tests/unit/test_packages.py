"""Unit: requirements are read as `packaging` reads them, only quicker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from lockenv.packages import parse_requirement

WRITTEN = [
    "menu",
    "Menu.Card_1",
    " menu >= 1.0 , < 2 ; python_version < '3.9' ",
    "menu[a, B.c]==1.*",
    "menu (>=1,!=1.5)",
    "menu[]>=1",
    "menu~=1.0.post1; extra == 'Fast' and (os_name == 'nt' or sys_platform=='linux')",
    "menu===1.0-odd",
    "menu @ https://example.org/menu.whl ; os_name == 'nt'",
    "menu>=1.0,",
    "menu>=1.*",
    "menu_",
    "menu-",
    "menu;",
    "menu; nonsense == '1'",
    "menu>1.0+local",
    "menu (>=1",
    "menu>=1)",
    "",
    "menu 1.0",
    "menu[a b]",
    "menu==1!2.0rc1+x_y",
]


def said(text: str) -> object:
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        return str(error)
    return parts(found)


def parts(found: Requirement) -> object:
    return found.name, found.extras, str(found.specifier), found.url, str(found.marker), str(found)


def read(text: str) -> object:
    try:
        return parts(parse_requirement(text))
    except InvalidRequirement as error:
        return str(error)


@pytest.mark.parametrize("text", WRITTEN)
def test_a_requirement_is_what_it_is_to_packaging(text: str) -> None:
    assert read(text) == said(text)


PIECES = [
    "menu",
    "a.b",
    "[",
    "]",
    "(",
    ")",
    ",",
    ";",
    " ",
    ">=",
    "==",
    "<",
    "~=",
    "===",
    "1.0",
    "1.*",
    "2rc1",
    "@",
    "+x",
]
PIECES += ["extra == 'x'", "os_name", "'nt'", " and ", "-", "_", "\t", "é", "!=", "0"]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
def test_whatever_is_written_is_read_alike(text: str) -> None:
    assert read(text) == said(text)


def test_equal_specifiers_and_markers_are_one_object() -> None:
    one, other = parse_requirement("menu>=1; os_name == 'nt'"), parse_requirement("card>=1; os_name == 'nt'")
    assert one.specifier is other.specifier
    assert one.marker is other.marker


def test_a_line_of_spaces_is_soon_refused() -> None:
    with pytest.raises(InvalidRequirement):
        parse_requirement("menu" + " " * 990 + "!")
