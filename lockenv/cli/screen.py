"""What a person reads: results on stdout, everything else on stderr, colour only where it is wanted.

Much of it is foreign text: names, summaries, URLs, what an index answers. Nothing of that can steer a terminal or
pass for a line of ours: all text goes out by `Screen._write`, which lets nothing through but printable characters
and the colours that `Screen.paint` put there.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from lockenv.errors import LockenvError

_COLUMNS = 80  #: of a terminal that does not say
#: What stands for characters of ours that an encoding does not have.
_PLAIN = {ord(sign): plain for sign, plain in {"→": "->", "…": "..."}.items()}
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def visible(text: str) -> str:
    """Make foreign text harmless for a terminal: what is not printable becomes an escape, a line's end too."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\t" else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _indented(text: str) -> str:
    """Quote a text that may have several lines, of which none but the first can pass for a line of ours."""
    return "\n  ".join(map(visible, text.split("\n")))


def _json_escaped(text: str) -> str:
    """Quote a JSON document: what is not printable can only stand in its strings, and JSON has escapes for it."""
    import json  # Lazy: most screens show no document

    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
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
        self._environ = environ
        self.warned: list[str] = []
        self._colours = {id(stream): wants_colour(stream, environ) for stream in (self.out, self.err)}
        # Foreign text cannot hold it, as nobody else knows it.
        self._brush = f"\0{os.urandom(8).hex()}"

    def result(self, text: str = "") -> None:
        """Write a line of what was asked for, whatever the verbosity."""
        self._write(self.out, text)

    def data(self, text: str) -> None:
        """Write a line for a program, or to be copied: whole, and with every character."""
        self.give(f"{visible(text)}\n")

    def give(self, text: str) -> None:
        """Write the text of a file as it is: but to a terminal, in UTF-8 where an encoding lacks a character."""
        if self.out.isatty():
            self._put(self.out, text)
            return
        try:
            self.out.write(text)
        except UnicodeEncodeError:
            self.out.flush()
            self.out.buffer.write(text.encode("utf-8", "surrogateescape"))

    def say(self, text: str) -> None:
        """Write a line of result that `-q` leaves out."""
        if not self.quiet:
            self._write(self.out, text)

    def document(self, value: object) -> None:
        """Write a JSON document for machines."""
        import json  # Lazy: as above

        text = _json_escaped(json.dumps(value, indent=2, ensure_ascii=False))
        try:
            self.out.write(f"{text}\n")
        except UnicodeEncodeError:
            # JSON has escapes of its own.
            self.out.write(f"{_json_escaped(json.dumps(value, indent=2))}\n")

    def note(self, text: str) -> None:
        """Write a line about what is going on, on stderr."""
        self._write(self.err, self.paint(self.err, "dim", text))

    def warn(self, message: str, hint: str | None = None) -> None:
        """Write a warning, and remember it."""
        self.warned.append(message)
        self._write(self.err, f"{self.paint(self.err, 'yellow', 'warning:')} {message}")
        if hint:
            self._write(self.err, f"{self.paint(self.err, 'cyan', 'hint:')} {hint}")

    def hint(self, text: str) -> None:
        """Write what can be done about it, on stderr."""
        self._write(self.err, f"{self.paint(self.err, 'cyan', 'hint:')} {visible(text)}")

    def error(self, error: LockenvError) -> None:
        """Write an error: verdict, facts, remedy (DESIGN section 7)."""
        kind = self.paint(self.err, "dim", f"[{error.code}]")
        self._write(self.err, f"{self.paint(self.err, 'red', 'error:')} {error.message}  {kind}")
        for fact in (*map(str, error.problems), *error.details):
            self._write(self.err, f"  {fact}")
        if error.hint:
            self._write(self.err, f"{self.paint(self.err, 'cyan', 'hint:')} {error.hint}")

    def ask(self, question: str) -> None:
        """Write a question on stderr, where its answer is typed behind it."""
        self._put(self.err, visible(question))
        self.err.flush()

    def draw(self, text: str, width: int) -> None:
        """Put a line about what is going on in the place of the one before."""
        self._put(self.err, f"\r\x1b[K{visible(text)[:width]}")
        self.err.flush()

    def redraws(self) -> bool:
        """Whether stderr is a terminal that can put a line in the place of another."""
        return self.err.isatty() and self._environ.get("TERM") != "dumb"

    def width(self) -> int:
        """The columns of the terminal that stderr is, which stdout need not be."""
        # Lazy: only what is drawn needs it.
        from lockenv.cli.folding import columns, stated

        return columns(self.err, self._environ) or stated(self._environ) or _COLUMNS

    def wipe(self) -> None:
        """Take such a line away."""
        self.err.write("\r\x1b[K")
        self.err.flush()

    def change(self, sign: str, text: str) -> str:
        """Colour a line of change by its sign, ``+``, ``-`` or ``~``, for stdout."""
        colour = {"+": "green", "-": "red", "~": "yellow"}[sign]
        return f"{self.paint(self.out, colour, sign)} {visible(text)}"

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Write rows in columns of equal width; where a terminal has no room for them, a row is several lines."""
        # Lazy: most screens show no table.
        from lockenv.cli.folding import columns, stacked

        shown = [[visible(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        room = columns(self.out, self._environ)
        for row in shown:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            for line in stacked(cells, room):
                self.result(line)

    def paint(self, stream: TextIO, style: str, text: str) -> str:
        """Colour text for a stream that wants it: a text for this screen's own methods."""
        return f"{self._brush}{_CODES[style]}m{text}{self._brush}0m" if self._colours[id(stream)] else text

    def _write(self, stream: TextIO, text: str) -> None:
        plain, *painted = text.split(self._brush)
        line = _indented(plain)
        for part in painted:
            code, _, rest = part.partition("m")
            line += f"\x1b[{code}m{_indented(rest)}"
        if stream.isatty():
            # Lazy: most of what is written goes to no terminal.
            from lockenv.cli.folding import columns, folded

            line = folded(line, columns(stream, self._environ))
        self._put(stream, f"{line}\n")

    @staticmethod
    def _put(stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding))
