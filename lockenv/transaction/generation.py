"""Building a generation aside, where nobody looks until the flip.

A generation is whole when its record stands in it; the record is written last. What it says of a file is taken
when the file is made, once.
"""

# ruff: noqa: PTH102, PTH106, PTH108, PTH211

from __future__ import annotations

import os

from lockenv.events import Reporter
from lockenv.files import remove_tree
from lockenv.transaction import places, state
from lockenv.transaction.bringing import Bringing
from lockenv.transaction.contents import Contents, WrittenFile
from lockenv.transaction.difference import differing
from lockenv.transaction.link import Linker
from lockenv.tree import fixed_mtime_ns

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable


def build(
    folder: str,
    contents: Contents,
    linker: Linker,
    *,
    record: Callable[[state.Tree], state.State],
    reporter: Reporter,
) -> None:
    """Build a generation in `folder`, which must not exist, and put its record into it.

    `record` makes the record from the facts on disk. Raises `InstallError` where a file in the store is not what
    the store says, `OSError` for the disk's troubles; what was made by then is left for the caller to remove.
    """
    os.mkdir(folder)
    tree: state.Tree = {"": {}}
    _add(folder, tree, contents, Bringing(folder, tree, linker, reporter))
    _finish(folder, record, tree)


def rebuild(
    folder: str,
    contents: Contents,
    linker: Linker,
    *,
    spare: state.State,
    bytecode: Iterable[str],
    unchanged: Container[str],
    record: Callable[[state.Tree], state.State],
    reporter: Reporter,
) -> None:
    """Bring what was the spare, and stands in `folder` without its record, to other contents by the difference.

    What comes of it is what `build` would make. `spare` tells what is there, `unchanged` names the packages whose
    wheels are the same, and `bytecode` are folders that Python wrote: nobody has looked into those, so they go.
    The rest is as for `build`.
    """
    tree = spare.tree
    difference = differing(contents, tree, unchanged)
    for inner in bytecode:
        remove_tree(f"{folder}/{inner}")
    for path in difference.gone:
        os.unlink(f"{folder}/{path}")
        parent, _, name = path.rpartition("/")
        del tree[parent][name]
    for inner in sorted(tree.keys() - {"", *contents.folders}, reverse=True):
        os.rmdir(f"{folder}/{inner}")
        del tree[inner]
    _add(folder, tree, difference.contents, Bringing(folder, tree, linker, reporter))
    _finish(folder, record, tree)


def _add(folder: str, tree: state.Tree, contents: Contents, bringing: Bringing) -> None:
    for inner in contents.folders:
        if inner not in tree:
            os.mkdir(f"{folder}/{inner}")
            tree[inner] = {}
    for text in contents.texts:
        _note(tree, text.path, _write(folder, text))
    for link in contents.links:
        os.symlink(link.target, f"{folder}/{link.path}")
        _note(tree, link.path, link.target)
    bringing.bring(contents.packages)


def _finish(folder: str, record: Callable[[state.Tree], state.State], tree: state.Tree) -> None:
    write_file(f"{folder}/{places.STATE}", record(state.without_bytecode(tree)).pack(), 0o644)


def _note(tree: state.Tree, path: str, fact: state.Fact) -> None:
    parent, _, name = path.rpartition("/")
    tree[parent][name] = fact


def _write(folder: str, text: WrittenFile) -> state.Fact:
    mtime = fixed_mtime_ns(text.sha256)
    return write_file(f"{folder}/{text.path}", text.content, text.mode, mtime)


def write_file(path: str, content: bytes, mode: int, mtime: int | None = None) -> state.Fact:
    """Write a new file of this mode and, where it is given, modification time in ns. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, mode)
        if mtime is not None:
            os.utime(descriptor, ns=(mtime, mtime))
        return state.fact_of(os.fstat(descriptor))
    finally:
        os.close(descriptor)
