"""The picture of a session is one that a browser can show, and what makes it draws what a terminal would show."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from tools.recording.svg import picture
from tools.recording.terminal import Terminal

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "session.svg"
SVG = "{http://www.w3.org/2000/svg}"


def words(root: ET.Element) -> list[str]:
    return ["".join(line.itertext()) for frame in root.iter(f"{SVG}g") for line in frame.iter(f"{SVG}text")]


def test_a_terminal_goes_back_wipes_and_colours() -> None:
    terminal = Terminal()
    terminal.write("one\ntwo\rT\x1b[K\n\x1b[32m+\x1b[0m a\x1b[2m b")
    lines = ["".join(character for character, _ in line) for line in terminal.screen]
    assert lines == ["one", "T", "+ a b"]
    assert [style for _, style in terminal.screen[2]] == ["32", "", "", "2", "2"]


def test_each_frame_is_drawn_and_foreign_text_is_text() -> None:
    terminal = Terminal()
    frames = []
    for number, text in enumerate(("$ a <b> & c", "\nd")):
        terminal.write(text)
        frames.append((float(number), terminal.screen))
    root = ET.fromstring(picture(frames, columns=40))  # noqa: S314 - our own
    assert words(root) == ["$ a <b> & c", "$ a <b> & c", "d"]
    assert len(re.findall("@keyframes", "".join(root.itertext()))) == 2


def test_the_committed_picture_shows_a_session_and_no_address() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    shown = words(ET.fromstring(text))  # noqa: S314 - our own
    for command in ("init", "lock", "sync", "run", "verify"):
        assert any(line.startswith(f"$ lockenv {command}") for line in shown)
    assert any(line.startswith(".venv is already exactly pylock.toml") for line in shown)
    assert text.count("://") == 1  # the name of SVG's own words
