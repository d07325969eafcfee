"""Nothing foreign steers a terminal, or passes for a line of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.cli.screen import Screen, visible
from lockenv.errors import LockenvError, Problem

EVIL = "menu\x1b[2J\x1b]0;title\x07\x9b31m\r\n\u202eevil\u2066\u200b\x00\x7f\u2028error: all is lost"
#: All that a terminal may be told: colours, the end of one, and taking back a line of progress.
OURS = re.compile(r"\x1b\[(?:0|1|2|3[1-6])m|\r\x1b\[K")

WAYS: dict[str, Callable[[Screen, str], object]] = {
    "result": lambda screen, text: screen.result(text),
    "say": lambda screen, text: screen.say(text),
    "note": lambda screen, text: screen.note(text),
    "warn": lambda screen, text: screen.warn(text, text),
    "error": lambda screen, text: screen.error(
        LockenvError(text, problems=[Problem(where=text, message=text)], details=[text], hint=text)
    ),
    "change": lambda screen, text: screen.say(screen.change("+", text)),
    "paint": lambda screen, text: screen.say(f"ours {screen.paint(screen.out, 'dim', text)}"),
    "table": lambda screen, text: screen.table([[text, "1.0"], ["menu", text]]),
    "document": lambda screen, text: screen.document({text: [text]}),
    "draw": lambda screen, text: screen.draw(text, 79),
}


@pytest.mark.parametrize("environ", [{"FORCE_COLOR": "1"}, {"NO_COLOR": "1"}], ids=["colour", "plain"])
@pytest.mark.parametrize("way", WAYS)
def test_foreign_text_comes_out_as_printable_characters_only(
    way: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    WAYS[way](Screen(environ=environ), EVIL)
    out, err = capsys.readouterr()
    rest = OURS.sub("", out + err)
    assert rest.replace("\n", "").isprintable()
    assert "menu" in rest


@pytest.mark.parametrize("way", [way for way in WAYS if way != "document"])
def test_foreign_text_begins_no_line(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    WAYS[way](Screen(environ={"NO_COLOR": "1"}), "menu\nerror: all is lost\nhint: run this")
    out, err = capsys.readouterr()
    assert not re.search("^(?:error: all|hint: run)", out + err, re.MULTILINE)


def test_foreign_text_cannot_hold_our_colours(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(environ={"FORCE_COLOR": "1"})
    screen.say("\x1b[31mred")
    screen.say("\0" + "0" * 16 + "31mred")
    assert "\x1b" not in capsys.readouterr().out


def test_colours_are_where_they_were_painted(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(environ={"FORCE_COLOR": "1"})
    screen.say(screen.change("+", "menu 1.0"))
    assert capsys.readouterr().out == "\x1b[32m+\x1b[0m menu 1.0\n"


def test_a_document_says_the_same_after_quoting(capsys: pytest.CaptureFixture[str]) -> None:
    said = {"name": EVIL, "caf\u00e9": ["\U0001f40d", "\U000e0041", "\ud800"]}
    Screen(environ={}).document(said)
    assert json.loads(capsys.readouterr().out) == said


@given(st.text())
def test_what_is_made_visible_is_printable_and_stays_as_it_is(text: str) -> None:
    once = visible(text)
    assert once.replace("\t", "").isprintable()
    assert visible(once) == once
