"""What stands on a terminal, with its colours, while a program writes on it."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|\x1b.|[^\x1b]", re.DOTALL)

#: A character and its style: the number of a colour (SGR), or ''.
Cell = tuple[str, str]
Screen = tuple[tuple[Cell, ...], ...]


class Terminal:
    """Lines of cells. Knows what lockenv writes: text, colours, the return of the carriage, a wiped line."""

    def __init__(self) -> None:
        self._lines: list[list[Cell]] = [[]]
        self._column = 0
        self._style = ""

    def write(self, text: str) -> None:
        """Take in what a program writes."""
        for token in _TOKEN.finditer(text):
            if token[2] == "m":
                self._style = token[1] if token[1] not in {"", "0"} else ""
            elif token[2] == "K":
                del self._lines[-1][self._column :]
            elif token[0] == "\r":
                self._column = 0
            elif token[0] == "\n":
                self._lines.append([])
                self._column = 0
            elif len(token[0]) == 1:
                self._put(token[0])

    def _put(self, character: str) -> None:
        line = self._lines[-1]
        line += [(" ", "")] * (self._column - len(line))
        line[self._column : self._column + 1] = [(character, self._style)]
        self._column += 1

    @property
    def screen(self) -> Screen:
        """All that stands there."""
        return tuple(map(tuple, self._lines))
