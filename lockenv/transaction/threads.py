"""Bringing packages in a few threads: to copy and to clone is the kernel's work, outside Python's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from lockenv.transaction.contents import Brought, Group

_THREADS = 2
_BATCH = 200  #: files that one thread takes at a time, or so


def bring_in_threads(
    packages: Sequence[Brought], bring: Callable[[Brought, Group], None], tell: Callable[[Brought, int], None]
) -> None:
    """Call `bring` for each group of files, and `tell` with each package when it is there, in their order."""
    stopped: list[bool] = []

    def bring_batch(package: Brought, batch: Sequence[Group]) -> None:
        for group in batch:
            if not stopped:
                bring(package, group)

    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            pending: list[tuple[Brought, list[Future[None]]]] = [
                (package, [threads.submit(bring_batch, package, batch) for batch in _batches(package)])
                for package in packages
            ]
            for done, (package, futures) in enumerate(pending, 1):
                for future in futures:
                    future.result()
                tell(package, done)
        except BaseException:
            # Also for an interrupt: the threads stop at their next folder, and leaving the block waits for them.
            stopped.append(True)
            raise


def _batches(package: Brought) -> Iterator[list[Group]]:
    batch: list[Group] = []
    size = 0
    for group in package.groups:
        batch.append(group)
        size += len(group[2])
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
