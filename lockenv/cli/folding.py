"""Lines for narrow terminals: folded between words, and indented, so that one sees where each line begins.

A terminal breaks long lines in the midst of words. That is left to it where there is room, as a line that is whole
can be copied whole.
"""

from __future__ import annotations

import os
import re
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

#: Terminals with fewer columns are narrow.
_ROOM = 60
_CODE = re.compile(r"\x1b\[[0-9;]*m")
_TOKEN = re.compile(r"( *)([^ ]+)")
_GAP = re.compile(r"[^ ] {2,}(?=[^ ])")
_HANGING = 4


def columns(stream: TextIO, environ: Mapping[str, str]) -> int:
    """The columns of a terminal: COLUMNS, else what it says; 0 for what is none and where nothing says."""
    try:
        if not stream.isatty():
            return 0
        return stated(environ) or os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def stated(environ: Mapping[str, str]) -> int:
    """What COLUMNS says; 0 if nothing."""
    said = environ.get("COLUMNS", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0


def folded(text: str, width: int, *, prose: bool = False) -> str:
    """Fold the lines of a text that are longer than a narrow terminal is wide. Colours take no room.

    In `prose` a line that begins at the margin goes on there.
    """
    if not 0 < width < _ROOM:
        return text
    lines = text.split("\n")
    return "\n".join(part for line in lines for part in _parts(line, width, prose and not line.startswith(" ")))


def fitted(text: str) -> str:
    """A help text for stdout; as argparse has it, COLUMNS counts for what is no terminal too."""
    return folded(text, stated(os.environ) or columns(sys.stdout, os.environ), prose=True)


def stacked(cells: Sequence[str], width: int) -> Iterator[str]:
    """The cells of a row of a table, on as many lines as it takes where the terminal has a width."""
    line, *rest = cells
    for cell in rest:
        if width and len(line.rstrip()) and len(f"{line}  {cell.rstrip()}") > width:
            yield line.rstrip()
            line = " " * _HANGING + cell
        else:
            line += f"  {cell}"
    yield line.rstrip()


def _parts(line: str, width: int, flush: bool) -> Iterator[str]:
    seen = _CODE.sub("", line)
    if len(seen) <= width:
        yield line
        return
    indent, part, length = "" if flush else " " * _hanging(seen, width), "", 0
    for blank, word in _TOKEN.findall(line):
        size = len(_CODE.sub("", word))
        if part.strip() and length + len(blank) + size > width:
            yield part
            part, length = f"{indent}{word}", len(indent) + size
        else:
            part, length = f"{part}{blank}{word}", length + len(blank) + size
    yield part


def _hanging(line: str, width: int) -> int:
    """How far what follows is indented: to the second column of a line that has one, else a little."""
    begins = len(line) - len(line.lstrip(" "))
    gap = _GAP.search(line, begins)
    if gap is not None and gap.end() <= width // 2:
        return gap.end()
    return min(begins + _HANGING, width // 2)
