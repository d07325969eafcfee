"""A pseudo-terminal: everything that is written on it is read, and laid out as a terminal lays it out."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import termios
import threading

from tests.fakes.project import PATIENCE

#: The program, which says what takes long, where nothing can be redrawn, after half a second and not after five.
SOON_PLAIN = (sys.executable, "-c", """
from lockenv.__main__ import program
from lockenv.cli import progress
progress._PLAIN_EVERY = 0.5
program()
""")  # fmt: skip
_TOKEN = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|[^\x1b]", re.DOTALL)


class Terminal:
    """A terminal of so many columns. A child gets `end` as its streams."""

    def __init__(self, columns: int = 80) -> None:
        self._main, self.end = os.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self._seen = bytearray()
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                content = os.read(self._main, 4096)
            except OSError:  # Linux says EIO when the other end is closed
                content = b""
            with self._changed:
                self._seen += content
                self._changed.notify_all()
            if not content:
                return

    def wait_for(self, text: str) -> None:
        """Wait until a text was shown."""
        self.wait_for_match(re.escape(text))

    def wait_for_match(self, pattern: str) -> re.Match[str]:
        """Wait until something was shown that a regular expression finds."""
        found: list[re.Match[str]] = []

        def there() -> bool:
            found.extend(re.finditer(pattern, self._seen.decode(errors="replace")))
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(there, PATIENCE), self._seen
        return found[0]

    def close(self) -> str:
        """Close both ends and give everything that was shown."""
        os.close(self.end)
        self._reader.join(PATIENCE)
        os.close(self._main)
        return self._seen.decode().replace("\r\n", "\n")


def laid_out(shown: str) -> list[str]:
    """The lines that stand there in the end: carriage returns go back, and what is wiped is gone."""
    lines, column = [""], 0
    for token in _TOKEN.finditer(shown):
        text, line = token[0], lines[-1]
        if text == "\n":
            lines.append("")
            column = 0
        elif text == "\r":
            column = 0
        elif token[2] == "K":
            lines[-1] = line[:column]
        elif token[2] is None:
            lines[-1] = line[:column].ljust(column) + text + line[column + 1 :]
            column += 1
        else:
            assert token[2] == "m", f"nobody foresaw {text!r}"
    return lines[:-1] if not lines[-1] else lines


def drawn(shown: str) -> list[str]:
    """Each line about what is going on, as it was drawn."""
    return [each for each in re.findall(r"\r\x1b\[K([^\r\n\x1b]*)", shown) if each]
