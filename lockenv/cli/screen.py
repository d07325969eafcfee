"""What a person reads: results on stdout, everything else on stderr, colour only where it is wanted."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from lockenv.errors import LockenvError

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def visible(text: str) -> str:
    """Make foreign text harmless for a terminal: control and direction-changing characters become escapes."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether to colour a stream: FORCE_COLOR, then NO_COLOR (no-color.org), then whether it is a terminal."""
    if environ.get("FORCE_COLOR"):
        return True
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def duration(seconds: float) -> str:
    """A length of time as a person says it: ``12 ms``, ``0.4 s``, ``3 min 5 s``."""
    if seconds < 0.0995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def amount(size: float) -> str:
    """A number of bytes as a person says it: ``812 B``, ``3.4 MB`` (powers of ten)."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 99.5 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


class Screen:
    """Two streams and how to write on them."""

    def __init__(self, *, environ: Mapping[str, str], quiet: bool = False) -> None:
        self.out, self.err = sys.stdout, sys.stderr
        self.quiet = quiet
        self.warned: list[str] = []
        self._colours = {id(stream): wants_colour(stream, environ) for stream in (self.out, self.err)}

    def result(self, text: str = "") -> None:
        """Write a line of data: what was asked for, whatever the verbosity."""
        self._write(self.out, text)

    def say(self, text: str) -> None:
        """Write a line of result that `-q` leaves out."""
        if not self.quiet:
            self._write(self.out, text)

    def document(self, value: object) -> None:
        """Write a JSON document for machines."""
        self._write(self.out, json.dumps(value, indent=2, ensure_ascii=False))

    def note(self, text: str) -> None:
        """Write a line about what is going on, on stderr."""
        self._write(self.err, self.paint(self.err, "dim", visible(text)))

    def warn(self, message: str, hint: str | None = None) -> None:
        """Write a warning, and remember it."""
        self.warned.append(message)
        self._write(self.err, f"{self.paint(self.err, 'yellow', 'warning:')} {visible(message)}")
        if hint:
            self._write(self.err, f"{self.paint(self.err, 'cyan', 'hint:')} {visible(hint)}")

    def error(self, error: LockenvError) -> None:
        """Write an error: verdict, facts, remedy (DESIGN section 7)."""
        kind = self.paint(self.err, "dim", f"[{error.code}]")
        self._write(self.err, f"{self.paint(self.err, 'red', 'error:')} {visible(error.message)}  {kind}")
        for problem in error.problems:
            self._write(self.err, f"  {visible(str(problem))}")
        for detail in error.details:
            self._write(self.err, f"  {visible(detail)}")
        if error.hint:
            self._write(self.err, f"{self.paint(self.err, 'cyan', 'hint:')} {visible(error.hint)}")

    def change(self, sign: str, text: str) -> str:
        """Colour a line of change by its sign, ``+``, ``-`` or ``~``, for stdout."""
        colour = {"+": "green", "-": "red", "~": "yellow"}[sign]
        return f"{self.paint(self.out, colour, sign)} {visible(text)}"

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows in columns of equal width."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.result(visible("  ".join(cells).rstrip()))

    def paint(self, stream: TextIO, style: str, text: str) -> str:
        """Colour text for a stream that wants it."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._colours[id(stream)] else text

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:
            plain = text.encode(stream.encoding or "ascii", "backslashreplace").decode(stream.encoding or "ascii")
            stream.write(f"{plain}\n")
