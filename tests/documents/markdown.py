"""A page as its reader meets it: commands with what they show, files to write, headings, links.

Comments in a page are staging, which readers do not see:

    <!-- not run: why -->            the next block is not run
    <!-- file: env.toml -->          the next block is written into this file
    <!-- exit status 1 -->           the next block's last command ends so, without an error that says it
    <!-- run: …lines… -->            commands that set the scene
    <!-- file: env.toml …lines… -->  a file that sets the scene
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Languages of blocks whose lines are typed at a shell; those with output have prompts.
WITH_OUTPUT, WITHOUT = "console", ("sh", "bash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block or a staging comment: its line, its language, its text, and the note before it."""

    line: int
    language: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is typed, and what is shown then; None where the page does not say. `status` None: by what is shown."""

    line: int
    typed: str
    shown: tuple[str, ...] | None = None
    status: int | None = None

    def is_status(self, status: int) -> bool:
        """Whether the page lets the command end so."""
        if self.status is not None:
            return status == self.status
        fails = any(line.startswith("error:") for line in self.shown or ())
        return (status != 0) == fails


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that a reader writes."""

    line: int
    name: str
    text: str


Step = Command | File


def blocks(page: str) -> Iterator[Block]:
    """Give the fenced blocks of a page and its staging comments, in order."""
    lines = page.splitlines()
    note, at = "", 0
    while at < len(lines):
        begun, text = at, lines[at]
        if text.startswith("<!--"):
            at = _end(lines, at, "-->")
            comment = "\n".join(lines[begun : at + 1]).removeprefix("<!--").removesuffix("-->").strip()
            if "\n" in comment:
                yield Block(line=begun + 1, language="", text=comment)
            else:
                note = comment
        elif text.startswith("```"):
            at = _end(lines, at + 1, "```")
            inside = "".join(f"{line}\n" for line in lines[begun + 1 : at])
            yield Block(line=begun + 1, language=text.strip("`").strip(), text=inside, note=note)
            note = ""
        elif text.strip():
            note = ""
        at += 1


def steps(page: str) -> Iterator[Step]:
    """Give what a reader of the page types and writes, in order."""
    for block in blocks(page):
        yield from _steps(block)


def unheard(page: str) -> Iterator[Block]:
    """Give the blocks of commands that nobody runs, with their reasons as notes."""
    return (block for block in blocks(page) if block.note.startswith("not run") and _is_typed(block))


def _is_typed(block: Block) -> bool:
    return block.language == WITH_OUTPUT or block.language in WITHOUT


def _steps(block: Block) -> Iterator[Step]:
    kind, _, said = block.note.partition(":")
    if not block.language:
        yield from _staging(block)
    elif kind == "file":
        yield File(line=block.line, name=said.strip(), text=block.text)
    elif kind == "not run" or not _is_typed(block):
        return
    elif block.language == WITH_OUTPUT:
        yield from _session(block, int(kind.removeprefix("exit status ")) if "exit status" in kind else None)
    else:
        yield Command(line=block.line, typed=block.text)


def _staging(block: Block) -> Iterator[Step]:
    head, _, body = block.text.partition("\n")
    kind, _, said = head.partition(":")
    if kind == "run":
        yield Command(line=block.line, typed=body + "\n")
    elif kind == "file":
        yield File(line=block.line, name=said.strip(), text=body + "\n")


def _session(block: Block, status: int | None) -> Iterator[Command]:
    """Split a session at its prompts; ``> `` continues a command."""
    found: list[tuple[int, list[str], list[str]]] = []
    for number, line in enumerate(block.text.splitlines(), start=block.line + 1):
        if line.startswith("$ "):
            found.append((number, [line[2:]], []))
        elif line.startswith("> ") and found and not found[-1][2]:
            found[-1][1].append(line[2:])
        else:
            found[-1][2].append(line)
    for number, typed, shown in found:
        last = number == found[-1][0]
        yield Command(
            line=number, typed="\n".join(typed) + "\n", shown=tuple(shown), status=status if last else None
        )


def _end(lines: Sequence[str], at: int, sign: str) -> int:
    """Find the line with which a block or comment ends."""
    while at < len(lines) and not (lines[at].startswith(sign) or (sign == "-->" and lines[at].endswith(sign))):
        at += 1
    assert at < len(lines), f"nothing ends with {sign}"
    return at


# -- headings and links


def anchors(page: str) -> list[str]:
    """Give the anchors of a page's headings, as both GitHub and Python-Markdown make them."""
    return [anchor(heading) for heading in re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)]


def anchor(heading: str) -> str:
    """Make the anchor of one heading."""
    text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading)
    kept = re.sub(r"[^\w\s-]", "", text.replace("`", "")).strip().lower()
    return re.sub(r"\s", "-", kept)


def links(page: str) -> list[str]:
    """Give the targets of a page's links."""
    return re.findall(r"(?<!\\)\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", without_blocks(page)))


def without_blocks(page: str) -> str:
    """Give a page's text without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)


def read(path: Path) -> str:
    """Read a page."""
    return path.read_text(encoding="utf-8")
