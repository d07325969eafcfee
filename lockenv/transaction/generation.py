"""Building a generation aside, where nobody looks until the flip.

A generation is whole when its record stands in it; the record is written last. What it says of a file is taken
when the file is made, once.
"""

# ruff: noqa: PTH102, PTH106, PTH108

from __future__ import annotations

import os

from lockenv.files import remove_tree
from lockenv.transaction import places, state
from lockenv.transaction.bringing import Bringing
from lockenv.transaction.laying import write_file

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from lockenv.events import Reporter
    from lockenv.transaction.contents import Contents
    from lockenv.transaction.link import Linker


def build(
    folder: str,
    contents: Contents,
    linker: Linker,
    *,
    record: Callable[[state.Tree], state.State],
    written: Callable[[], None],
    reporter: Reporter,
) -> None:
    """Build a generation in `folder`, which must not exist, and put its record into it.

    `written` is called when all but the record is there, `record` makes the record from the facts on disk. Raises
    `InstallError` where a file in the store is not what the store says, `OSError` for the disk's troubles; what
    was made by then is left for the caller to remove.
    """
    os.mkdir(folder)
    tree: state.Tree = {"": {}}
    Bringing(folder, tree, linker, reporter).bring(contents)
    written()
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
    # Lazy: most generations are made whole.
    from lockenv.transaction.difference import differing

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
    Bringing(folder, tree, linker, reporter).bring(difference.contents)
    _finish(folder, record, tree)


def _finish(folder: str, record: Callable[[state.Tree], state.State], tree: state.Tree) -> None:
    write_file(f"{folder}/{places.STATE}", record(state.without_bytecode(tree)).pack(), 0o644)
