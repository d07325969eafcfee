"""Laying out what no wheel brings: folders, written files and links."""

# ruff: noqa: PTH102, PTH211

from __future__ import annotations

import os

from lockenv.tree import fixed_mtime_ns

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from lockenv.transaction.contents import Contents, WrittenFile
    from lockenv.transaction.state import Fact, Tree


def lay_out(folder: str, contents: Contents, tree: Tree) -> None:
    """Make the folders, texts and links of a generation in `folder`, and note in `tree` what they are there.

    Packages are left out. Raises `OSError`.
    """
    for inner in contents.folders:
        os.mkdir(f"{folder}/{inner}")
    for text in contents.texts:
        note(tree, text.path, _write(folder, text))
    for link in contents.links:
        os.symlink(link.target, f"{folder}/{link.path}")
        note(tree, link.path, link.target)


def note(tree: Tree, path: str, fact: Fact) -> None:
    """Note what a file or link is in a tree that has its folder."""
    parent, _, name = path.rpartition("/")
    tree[parent][name] = fact


def _write(folder: str, text: WrittenFile) -> Fact:
    mtime = fixed_mtime_ns(text.sha256)
    return write_file(f"{folder}/{text.path}", text.content, text.mode, mtime)


def write_file(path: str, content: bytes, mode: int, mtime: int | None = None) -> Fact:
    """Write a new file of this mode and, where it is given, modification time in ns. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, mode)
        if mtime is not None:
            os.utime(descriptor, ns=(mtime, mtime))
        found = os.fstat(descriptor)
        return found.st_size, found.st_mtime_ns, found.st_mode
    finally:
        os.close(descriptor)
