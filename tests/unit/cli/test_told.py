"""Unit: what was said on one screen is said again on another as it would have been said there."""

from __future__ import annotations

import pytest

from lockenv.cli.screen import Screen
from lockenv.cli.told import Scribe, say_again

LINES = ("plain", "+ coloured", "", "\0 odd \x1b[31m text\nof two lines")


def spoken(screen: Screen) -> None:
    for line in LINES:
        screen.say(line)
    screen.say(screen.change("+", "menu \x1b 1.0") + "  " + screen.paint(screen.out, "dim", "because of \0 dim"))


@pytest.mark.parametrize("environ", [{}, {"FORCE_COLOR": "1"}])
@pytest.mark.parametrize("quiet", [False, True])
def test_the_same_is_said(environ: dict[str, str], quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    scribe = Scribe()
    spoken(scribe)
    assert capsys.readouterr() == ("", "")
    spoken(Screen(environ=environ, quiet=quiet))
    first = capsys.readouterr()
    say_again(Screen(environ=environ, quiet=quiet), scribe.lines)
    assert capsys.readouterr() == first
    assert bool(first.out) != quiet
