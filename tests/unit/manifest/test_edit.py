"""`lockenv.manifest.edit`: what is meant changes, every other byte stays."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockenv.manifest.edit import add_section, insert_item, remove_item, remove_key, replace_value, set_key

LIST = ("env", "dependencies")
LAYOUTS = {
    "one line": '["a", "c"]',
    "one item": '["a"]',
    "spaces inside": '[ "a", "c" ]',
    "comma at the end of the line": '["a", "c",]',
    "a line each": '[\n    "a",\n    "c",\n]',
    "no last comma": '[\n  "a",\n  "c"\n]',
    "comments behind": '[\n    "a",  # why a\n    "c",  # why, "c" ]\n]',
    "a comment behind and no comma": '[\n    "a",\n    "c"  # why\n]',
    "comments before": '[\n    # letters\n    "a",\n\n    # more, ["x"],\n    "c",\n    # "d",\n]',
    "comma first": '[\n    "a"\n  , "c"\n]',
    "tables among them": '[\n    "a",\n    { include-group = "x" },\n]',
    "empty": "[]",
}


def document(array: str, newline: str = "\n") -> str:
    text = (
        f'# Mine.\n[env]\npython = ">=3.11"  # ours\ndependencies = {array}  # what we need\n\n[groups]\n# none\n'
    )
    return text.replace("\n", newline)


def items(text: str) -> list[object]:
    found: list[object] = tomllib.loads(text)["env"]["dependencies"]
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_appended_and_removed_again_leaves_no_trace(layout: str, newline: str) -> None:
    text = document(LAYOUTS[layout], newline)
    longer = insert_item(text, LIST, '"b>=1"')
    assert items(longer) == [*items(text), "b>=1"]
    assert longer.count("#") == text.count("#")
    assert ("\r\n" in longer) == ("\r\n" in text)
    assert longer.replace("\r\n", "").count("\n") == (0 if newline == "\r\n" else longer.count("\n"))
    assert remove_item(longer, LIST, len(items(text))) == text


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("layout", [each for each in LAYOUTS if each not in {"comments before", "empty"}])
def test_what_is_put_between_and_removed_again_leaves_no_trace(layout: str, position: int) -> None:
    text = document(LAYOUTS[layout])
    longer = insert_item(text, LIST, '"b"', position)
    assert items(longer) == [*items(text)[:position], "b", *items(text)[position:]]
    assert remove_item(longer, LIST, position) == text


def test_among_comments_of_their_own_the_end_is_meant() -> None:
    text = insert_item(document(LAYOUTS["comments before"]), LIST, '"b"', 0)
    assert items(text) == ["a", "c", "b"]
    assert '    "c",\n    "b",\n    # "d",\n]' in text


def test_an_item_goes_with_the_comment_on_its_line_and_leaves_the_others() -> None:
    text = remove_item(document('[\n    # letters\n    "a",  # first\n    "c",  # last\n]'), LIST, 0)
    assert '[\n    # letters\n    "c",  # last\n]  # what we need' in text
    text = remove_item(text, LIST, 0)
    assert "[\n    # letters\n]  # what we need" in text
    assert items(insert_item(text, LIST, '"x"')) == ["x"]


def test_the_last_of_a_line_goes_with_the_comma_before_it() -> None:
    assert "dependencies = []  #" in remove_item(document('["a"]'), LIST, 0)
    assert 'dependencies = ["a"]  #' in remove_item(document('["a", "c"]'), LIST, 1)
    assert 'dependencies = ["c"]  #' in remove_item(document('["a", "c"]'), LIST, 0)


@settings(deadline=None)
@given(data=st.data(), layout=st.sampled_from(sorted(LAYOUTS)))
def test_any_row_of_edits_does_what_it_does_to_a_list(data: st.DataObject, layout: str) -> None:
    text = document(LAYOUTS[layout])
    remarks = [line for line in text.splitlines() if line.strip().startswith("#")]
    for number in range(data.draw(st.integers(1, 6))):
        here = items(text)
        removes: bool = data.draw(st.booleans())
        if here and removes:
            position = data.draw(st.integers(0, len(here) - 1))
            text, here = remove_item(text, LIST, position), here[:position] + here[position + 1 :]
        else:
            text, here = insert_item(text, LIST, f'"new-{number}"'), [*here, f"new-{number}"]
        assert items(text) == here
        assert [line for line in text.splitlines() if line.strip().startswith("#")] == remarks
    assert tomllib.loads(text)["env"]["python"] == ">=3.11"


def test_a_value_is_replaced_where_it_stands() -> None:
    text = document('["a",  "c"]')
    assert replace_value(text, (*LIST, 1), '"d"') == text.replace('"c"', '"d"')


TABLES = '[sources]\nx = { index = "acme" }  # why\n\n# about groups\n[groups]\n'


def test_a_key_stands_behind_the_last_of_its_table() -> None:
    text = set_key(TABLES, "sources", "y", '{ path = "y" }')
    assert text == TABLES.replace("# why\n", '# why\ny = { path = "y" }\n')
    assert remove_key(text, ("sources", "y")) == TABLES
    assert set_key(TABLES, "groups", "dev", "[]") == f"{TABLES}dev = []\n"


def test_a_key_that_is_there_gets_another_value() -> None:
    text = set_key(TABLES, "sources", "x", '{ path = "y" }')
    assert text == TABLES.replace('{ index = "acme" }', '{ path = "y" }')


@pytest.mark.parametrize(
    "text", [TABLES, TABLES.rstrip("\n"), "", "\n", TABLES + "\n\n", TABLES.replace("\n", "\r\n")]
)
def test_a_table_that_is_not_there_is_made_at_the_end(text: str) -> None:
    made = set_key(text, "resolution", "strategy", '"lowest"')
    assert tomllib.loads(made) == {**tomllib.loads(text), "resolution": {"strategy": "lowest"}}
    assert made.startswith(text)
    if text.endswith(("]\n", "]\r\n")):
        assert remove_key(made, ("resolution", "strategy")) == text


@pytest.mark.parametrize(
    "text",
    [
        'sources = { x = { index = "a" } }\n',
        "sources = {}\n",
        'sources.x = { index = "a" }\n',
        '[sources.x]\nindex = "a"\n',
    ],
)
def test_tables_in_other_spellings_are_added_to_and_taken_from(text: str) -> None:
    before = tomllib.loads(text).get("sources", {})
    made = set_key(text, "sources", '"y"', '{ path = "y" }')
    assert tomllib.loads(made)["sources"] == {**before, "y": {"path": "y"}}
    again = remove_key(made, ("sources", "y"))
    assert tomllib.loads(again).get("sources", {}) == before


def test_a_table_with_a_comment_in_it_stays() -> None:
    text = "[sources]\n# where from\nx = 1\n"
    assert remove_key(text, ("sources", "x")) == "[sources]\n# where from\n"


def test_sections_of_an_array_of_tables_are_added() -> None:
    text = add_section("[env]\n", "[[index]]", 'name = "a"', 'url = "b"')
    assert text == '[env]\n\n[[index]]\nname = "a"\nurl = "b"\n'
