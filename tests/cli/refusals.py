"""What holds of every refusal: it is told well, and nothing is harmed by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.project import Ran, ScratchProject


def check_refusal(ran: Ran, status: int, *words: str, remedy: bool = True) -> None:
    """Insist on an exit status and on a message that says these words, ends with a remedy, and is no traceback.

    `remedy` is false where the verdict itself says what would be right.
    """
    assert ran.status == status, ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = [line for line in ran.err.splitlines() if not line.startswith("warning: ")]
    assert lines[0].startswith("error: "), ran.err
    assert lines[0].endswith("]")
    for word in words:
        assert word in ran.err, f"{word!r} is not in:\n{ran.err}"
    told = any(line.startswith("hint: ") or line.endswith(")") for line in lines)
    assert told or not remedy, f"no remedy in:\n{ran.err}"
    assert all(char.isprintable() for line in lines for char in line)


@contextmanager
def unharmed(project: ScratchProject) -> Iterator[None]:
    """Insist that lock and environment are, byte for byte, what they were, and that nothing lies beside them."""
    lock, tree, files = project.lock.read_bytes(), project.tree(), project.files()
    yield
    assert project.lock.read_bytes() == lock
    assert project.files() == files
    after = project.tree()
    assert sorted(after) == sorted(tree)
    assert [name for name in tree if after[name] != tree[name]] == []
    assert project.execute("menu").startswith("menu 1.0")
