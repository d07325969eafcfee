"""The block of a script is found where the regular expression of PEP 723 finds it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lockenv.errors import UsageError
from lockenv.inline import Block, find_block, with_block

#: The reference of PEP 723 ('Specification').
_REFERENCE = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")

_LINES = st.sampled_from(
    ["# /// script", "# ///", "# /// other", "#", "# a = 1", "#x", "", "x = 1", "# /// two words", " # ///", "#\t"]
)


def _by_the_pep(source: str) -> list[str]:
    contents = [match["content"] for match in _REFERENCE.finditer(source) if match["type"] == "script"]
    return [
        "".join(line[2:] if line[1:2] == " " else line[1:] for line in one.splitlines(True)) for one in contents
    ]


def _found(source: str) -> Block | None:
    return find_block(source.encode(), where="x.py")


@given(st.lists(_LINES, max_size=12).map("\n".join))
def test_what_is_found_is_what_the_pep_says(source: str) -> None:
    expected = _by_the_pep(source)
    if len(expected) > 1:
        try:
            _found(source)
        except UsageError:
            return
        raise AssertionError("two blocks were taken for one")
    block = _found(source)
    assert ([block.toml.decode()] if block else []) == expected


@given(st.lists(_LINES, max_size=12).map("\n".join))
def test_the_lines_of_a_block_are_those_of_the_file(source: str) -> None:
    try:
        block = _found(source)
    except UsageError:
        return
    if block is not None:
        lines = source.split("\n")
        assert lines[block.first - 1] == "# /// script"
        assert lines[block.end] == "# ///"


@given(st.lists(_LINES, max_size=12).map("\n".join))
def test_the_ends_of_lines_and_a_byte_order_mark_do_not_count(source: str) -> None:
    def found(text: str) -> object:
        try:
            block = find_block(text.encode(), where="x.py")
        except UsageError as error:
            return error.message
        return block and (block.first, block.toml)

    assert found(source) == found(source.replace("\n", "\r\n")) == found(f"\ufeff{source}")


_TOML = st.lists(st.sampled_from(["a = 1", "", "[tool.x]", "# remark", '    "rich",']), min_size=1, max_size=5)


@given(st.lists(_LINES, max_size=12), _TOML, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"]))
def test_a_block_that_is_written_is_found_and_the_rest_of_the_script_stays(
    lines: list[str], toml: list[str], newline: str, mark: str
) -> None:
    source = (mark + newline.join(lines)).encode()
    try:
        block = find_block(source, where="x.py")
    except UsageError:
        return
    written = with_block(source, block, "".join(f"{line}\n" for line in toml).encode())
    again = find_block(written, where="x.py")
    assert again is not None
    assert again.toml.decode().split("\n")[:-1] == toml
    old, new = (text.removeprefix(b"\xef\xbb\xbf").split(b"\n") for text in (source, written))
    if block is not None:
        assert new[: again.first] + new[again.end :] == old[: block.first] + old[block.end :]
    else:
        # The lines around the block, and an empty one below it, are new too.
        assert new[: again.first - 1] + new[again.end + 2 :] == old
