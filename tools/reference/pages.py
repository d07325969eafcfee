"""Marked regions of pages, and who fills them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.reference.commands import commands, options
from tools.reference.decisions import decisions
from tools.reference.errors import errors
from tools.reference.manifest import keys

ROOT = Path(__file__).resolve().parents[2]

#: The pages with regions.
PAGES = (
    "docs/reference/commands.md",
    "docs/reference/options.md",
    "docs/reference/manifest.md",
    "docs/reference/errors.md",
    "docs/decisions/index.md",
)
#: The regions: name -> what makes their lines.
REGIONS: Mapping[str, Callable[[], list[str]]] = {
    "commands": commands,
    "options": options,
    "keys": keys,
    "errors": errors,
    "decisions": lambda: decisions(ROOT / "docs/decisions"),
}
_BEGIN = "<!-- begin {name}: written by `python -m tools.reference`, not by hand -->"
_END = "<!-- end {name} -->"
_REGION = re.compile(r"^<!-- begin (\w+):.*?^<!-- end \1 -->$", re.MULTILINE | re.DOTALL)


def filled(text: str) -> str:
    """Give a page with its regions as they should be. KeyError: nobody fills a region of that name."""
    return _REGION.sub(lambda found: _region(found[1]), text)


def regions(text: str) -> list[str]:
    """Give the names of a page's regions."""
    return [found[1] for found in _REGION.finditer(text)]


def _region(name: str) -> str:
    return "\n".join([_BEGIN.format(name=name), "", *REGIONS[name](), "", _END.format(name=name)])
