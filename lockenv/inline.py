"""The block in which a script says what it needs (PEP 723), and where its lock stands. Imports next to nothing."""

# pathlib is among the heavy imports that `run` avoids.
# ruff: noqa: PTH118, PTH119, PTH120

from __future__ import annotations

import os

from lockenv.errors import UsageError

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPENING, _CLOSING = b"# /// ", b"# ///"
_SCRIPT = b"script"


class Block:
    """What stands in a script between ``# /// script`` and ``# ///``. A plain class: this is on the way of `run`.

    `toml` is that without the ``#`` of each line; `first` is the line that it begins on, from 0.
    """

    __slots__ = ("first", "toml")

    def __init__(self, first: int, lines: Sequence[bytes]) -> None:
        self.first = first
        self.toml = b"".join(line[2:] + b"\n" for line in lines)

    @property
    def end(self) -> int:
        """The line of the closing ``# ///``, from 0."""
        return self.first + self.toml.count(b"\n")


def find_block(source: bytes, *, where: str) -> Block | None:
    """Find the block of a script; None where it has none, or one that is not closed.

    `where` names the script in messages. Raises `UsageError` where there are several (PEP 723 forbids them).
    """
    lines = source.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").split(b"\n")
    found = [Block(first, lines[first:end]) for kind, first, end in _blocks(lines) if kind == _SCRIPT]
    if len(found) > 1:
        places = " and ".join(str(block.first) for block in found[:2])
        hint = "keep one of them (PEP 723)"
        raise UsageError(f"{where} says twice what it needs: `# /// script` is on lines {places}", hint=hint)
    return found[0] if found else None


def with_block(source: bytes, block: Block | None, toml: bytes) -> bytes:
    """The same script with other TOML in its block; a script without one gets one, below its first comments.

    `block` is the one that was found in the source.
    """
    mark = b"\xef\xbb\xbf" if source.startswith(b"\xef\xbb\xbf") else b""
    newline = b"\r\n" if b"\r\n" in source else b"\n"
    lines = source.removeprefix(mark).split(b"\n")
    told = [(b"# " + line if line else b"#") for line in toml.removesuffix(b"\n").split(b"\n")]
    first, end = (block.first, block.end) if block is not None else 2 * (_head(lines),)
    if block is None:
        told = [b"# /// script", *told, _CLOSING, b""]
    before, after = b"\n".join(lines[:first]), b"\n".join(lines[end:])
    return b"".join([mark, before, b"\n" * bool(first), newline.join([*told, b""]), after])


def _head(lines: Sequence[bytes]) -> int:
    """The line below what has to stand first: ``#!``, and the encoding (PEP 263)."""
    return 1 + max((at for at, line in enumerate(lines[:2]) if _is_first(at, line)), default=-1)


def _is_first(at: int, line: bytes) -> bool:
    return (at == 0 and line.startswith(b"#!")) or (line.startswith(b"#") and b"coding" in line)


def _blocks(lines: Sequence[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """Give the type of each block, and the lines of its content.

    As the regular expression of PEP 723 has it, a block is closed by the last ``# ///`` of its comment.
    """
    at = 0
    while at < len(lines):
        kind = _kind(lines[at])
        end = _end(lines, at + 1) if kind else 0
        if end:
            yield kind, at + 1, end
            at = end
        at += 1


def _kind(line: bytes) -> bytes:
    """The type of the block that a line opens; empty where it opens none."""
    kind = line.removeprefix(_OPENING) if line.startswith(_OPENING) else b""
    return kind if kind.replace(b"-", b"a").isalnum() else b""


def _end(lines: Sequence[bytes], first: int) -> int:
    """The line that closes a block; 0 where none does, or where there is nothing in it."""
    last, at = 0, first
    while at < len(lines) and (lines[at] == b"#" or lines[at].startswith(b"# ")):
        if lines[at] == _CLOSING and at > first:
            last = at
        at += 1
    return last


def lock_of(script: str) -> str:
    """Where the lock of a script stands: beside it, under a name that PEP 751 admits (``pylock.<name>.toml``)."""
    name = os.path.basename(script).removesuffix(".py").replace(".", "-")
    return os.path.join(os.path.dirname(script), f"pylock.{name}.toml")
