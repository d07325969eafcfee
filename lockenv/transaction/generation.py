"""Building a generation aside, where nobody looks until the flip.

A generation is whole when its record stands in it; the record is written last.
"""

# ruff: noqa: PTH102, PTH211

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from lockenv.errors import InstallError
from lockenv.events import Reporter, StageAdvanced, StageFinished, StageStarted
from lockenv.transaction import places, state
from lockenv.transaction.compose import Brought, Contents, WrittenFile
from lockenv.transaction.link import Linker
from lockenv.tree import fixed_mtime_ns

_STAGE = "Linking"
_THREADS = 2
_BATCH = 500  #: files that one thread takes at a time


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
    for inner in contents.folders:
        os.mkdir(f"{folder}/{inner}")
    for text in contents.texts:
        _write(folder, text)
    for link in contents.links:
        os.symlink(link.target, f"{folder}/{link.path}")
    _bring_all(folder, contents, linker, reporter)
    tree = state.scan(folder)
    if linker.mode != "clone":
        # Some may be linked though the rest had to be copied.
        _check_linked(contents, tree)
    write_file(f"{folder}/{places.STATE}", record(tree).pack(), 0o644)


def _write(folder: str, text: WrittenFile) -> None:
    mtime = fixed_mtime_ns(text.sha256)
    write_file(f"{folder}/{text.path}", text.content, text.mode, mtime)


def write_file(path: str, content: bytes, mode: int, mtime: int | None = None) -> None:
    """Write a new file of this mode and, where it is given, modification time in ns. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fchmod(descriptor, mode)
        if mtime is not None:
            os.utime(descriptor, ns=(mtime, mtime))
    finally:
        os.close(descriptor)


def _bring_all(folder: str, contents: Contents, linker: Linker, reporter: Reporter) -> None:
    """Bring the packages' files in a few threads: the kernel does most of the work, outside Python's lock."""
    reporter(StageStarted(stage=_STAGE, total=len(contents.packages)))
    stopped: list[bool] = []

    def bring(package: Brought, start: int) -> None:
        if not stopped:
            linker.bring(_pairs(folder, package, start))

    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            pending: list[tuple[Brought, list[Future[None]]]] = [
                (package, [threads.submit(bring, package, at) for at in range(0, len(package.files), _BATCH)])
                for package in contents.packages
            ]
            for done, (package, futures) in enumerate(pending, 1):
                for future in futures:
                    future.result()
                reporter(StageAdvanced(stage=_STAGE, done=done, detail=package.name))
        except BaseException:
            # Also for an interrupt: the threads stop at their next batch, and leaving the block waits for them.
            stopped.append(True)
            raise
    reporter(StageFinished(stage=_STAGE))


def _pairs(folder: str, package: Brought, start: int) -> Iterator[tuple[str, str, int, int]]:
    source_prefix, prefix = f"{package.root}/", f"{folder}/"
    for source, destination, mtime, mode, *_ in package.files[start : start + _BATCH]:
        yield source_prefix + source, prefix + destination, mtime, mode


def _check_linked(contents: Contents, tree: state.Tree) -> None:
    """Compare what was hard-linked with what the store promised: a file may have been edited elsewhere."""
    for package in contents.packages:
        for _, destination, mtime, _, size, _ in package.files:
            parent, _, name = destination.rpartition("/")
            # Bytecode that a wheel brings for its own sources is not recorded.
            fact = tree.get(parent, {}).get(name)
            if fact is not None and (isinstance(fact, str) or fact[:2] != (size, mtime)):
                raise InstallError(
                    f"{package.root}/{destination} in the store was changed through another environment",
                    hint="run `lockenv sync` again: the store notices and unpacks the wheel anew",
                )
