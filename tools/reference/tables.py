"""Tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a table; a cell may hold Markdown, but no bar that would end it."""
    return [_row(head), "|" + "---|" * len(head), *(_row(row) for row in rows)]


def prose(text: str) -> str:
    """Make one line of a text that is no Markdown: signs that would mean something keep their own meaning."""
    return " ".join(text.split()).replace("*", r"\*").replace("<", "&lt;")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
