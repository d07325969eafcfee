"""The lines of a requirements file as pip joins them, with the comments that tools leave there."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

_COMMENT = re.compile(r"(?:^|\s+)#.*$")


@dataclass(slots=True, kw_only=True)
class Line:
    """One logical line: where it begins, its text, the comments before it and those in and after it."""

    number: int
    text: str
    before: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def via(self) -> list[str]:
        """Who asks for it, as pip-compile and uv write it: ``# via flask``, or one a line below ``# via``."""
        found: list[str] = []
        open_list = False
        for comment in self.comments:
            text = comment.strip()
            if text == "via":
                open_list = True
            elif text.startswith("via "):
                found.extend(part.strip() for part in text.removeprefix("via ").split(","))
            elif open_list:
                found.append(text)
        return found


def lines(text: str) -> list[Line]:
    """Join continued lines and take comments off, in pip's order; blank lines are dropped."""
    found: list[Line] = []
    before: list[str] = []
    current: Line | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        comment = _COMMENT.search(raw)
        # A comment ends a continuation, as pip has it: what follows begins anew.
        goes_on = raw.endswith("\\") and comment is None
        piece = (raw[: comment.start()] if comment else raw.removesuffix("\\")).strip()
        said = [comment[0].strip().removeprefix("#").strip()] if comment else []
        if current is None and not piece and not goes_on:
            before += said
            if found and raw[:1].isspace():
                found[-1].comments += said
            continue
        current = current or Line(number=number, text="", before=before)
        current.text = f"{current.text} {piece}".strip()
        current.comments += said
        if not goes_on:
            found += [current] if current.text else []
            current, before = None, []
    return [*found, current] if current is not None and current.text else found


def split_options(text: str) -> tuple[str, str]:
    """Part a requirement from the options behind it: the first word that begins with a dash is an option."""
    words = text.split(" ")
    for position, word in enumerate(words):
        if word.startswith("-") and position:
            return " ".join(words[:position]).strip(), " ".join(words[position:]).strip()
    return text, ""


def words(text: str) -> list[str]:
    """Split options as a shell would. Raises `ValueError` for an open quote."""
    return shlex.split(text)
