"""The decisions, by number and title."""

from __future__ import annotations

import re
from pathlib import Path


def decisions(folder: Path) -> list[str]:
    """List every page of the folder by its number; the list itself has none."""
    return [_line(page) for page in sorted(folder.glob("[0-9]*.md"))]


def _line(page: Path) -> str:
    heading = page.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    title = re.sub(r"^\d+[.:]?\s*", "", heading)
    return f"- {page.name[:4]}: [{title}]({page.name})"
