"""What was said on one screen, to be said again on another."""

from __future__ import annotations

from lockenv.cli.screen import Screen

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO, TypeAlias

    #: A line as parts of one style each ('' for none).
    Line: TypeAlias = tuple[tuple[str, str], ...]


class Scribe(Screen):
    """A screen that shows nothing and keeps what is said."""

    def __init__(self) -> None:
        super().__init__(environ={})
        self.lines: list[Line] = []

    def paint(self, stream: TextIO, style: str, text: str) -> str:
        """Mark text of a style, whatever the stream."""
        del stream
        return f"{self._brush}{style}\0{text}{self._brush}\0"

    def say(self, text: str) -> None:
        """Keep a line."""
        plain, *painted = text.split(self._brush)
        parts = [("", plain)]
        for part in painted:
            style, _, rest = part.partition("\0")
            parts.append((style, rest))
        self.lines.append(tuple(part for part in parts if part[1]))


def say_again(screen: Screen, lines: Iterable[Line]) -> None:
    """Say lines that a `Scribe` has kept."""
    for line in lines:
        screen.say("".join(screen.paint(screen.out, style, text) if style else text for style, text in line))
