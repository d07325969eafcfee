"""Archives of sources, kept by their hash: what is built is fetched once."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lockenv.archive.names import refusal
from lockenv.errors import OfflineMiss, Refused
from lockenv.events import Reporter
from lockenv.files import hash_file
from lockenv.index.sources import keep
from lockenv.values import dataclass

if TYPE_CHECKING:
    from lockenv.index.http import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A file that is here. `sha256` and `size` are those of its bytes."""

    path: Path
    sha256: str
    size: int


class Archives:
    """The archives below ``<cache>/sources``. `connect` is called when something is missing."""

    def __init__(self, root: Path, connect: Callable[[], Http], *, offline: bool, report: Reporter) -> None:
        self._root = root
        self._connect = connect
        self._offline = offline
        self._report = report

    def bring(
        self,
        url: str,
        filename: str,
        *,
        hashes: Iterable[tuple[str, str]] = (),
        size: int | None = None,
        unhashed: bool = False,
    ) -> Arrived:
        """Give the file, fetched if it is not here; `unhashed` allows that no strong hash of it is known.

        Raises `Refused` for another file than was promised, `NetworkError`, `OfflineMiss`, `OSError`.
        """
        known = dict(hashes)
        _check_name(filename)
        if (sha256 := known.get("sha256", "").lower()) and (kept := self._kept(sha256, filename)):
            return kept
        with self.passing(url, filename, hashes=known.items(), size=size, unhashed=unhashed) as arrived:
            return replace(arrived, path=keep(arrived.path, self._root, sha256=arrived.sha256, filename=filename))

    @contextmanager
    def passing(
        self,
        url: str,
        filename: str,
        *,
        hashes: Iterable[tuple[str, str]] = (),
        size: int | None = None,
        unhashed: bool = False,
    ) -> Iterator[Arrived]:
        """Fetch a file for as long as the `with` block lasts. Raises as `bring` does."""
        # Lazy: a lock from the cache fetches no archive.
        from lockenv.index.download import download

        if self._offline and not url.startswith("file:"):
            msg = f"{filename} is not in the cache"
            raise OfflineMiss(msg, hint="leave out --offline once")
        self._root.mkdir(parents=True, exist_ok=True)
        place = self._root / f".{secrets.token_hex(8)}"
        try:
            arrived = download(
                self._connect(),
                url,
                place,
                hashes=tuple(hashes),
                size=size,
                filename=filename,
                reporter=self._report,
                unhashed=unhashed,
            )
            yield Arrived(path=place, sha256=arrived.sha256, size=arrived.size)
        finally:
            place.unlink(missing_ok=True)

    def _kept(self, sha256: str, filename: str) -> Arrived | None:
        """What was fetched before, if it is still that."""
        path = self._root / sha256 / filename
        try:
            if hash_file(path)["sha256"] == sha256:
                with contextlib.suppress(OSError):  # a cache that cannot be written serves as well
                    os.utime(path)
                return Arrived(path=path, sha256=sha256, size=path.stat().st_size)
        except OSError:
            pass
        return None


def size(root: Path) -> int:
    """Count the bytes of all archives below ``<cache>/sources``."""
    return sum(path.stat().st_size for path in root.glob("*/*"))


def prune(root: Path, *, older_than: float) -> int:
    """Remove archives that were not used for so many seconds; give the bytes freed. Raises `OSError`."""
    freed = 0
    for path in root.glob("*/*"):
        found = path.stat()
        if time.time() - found.st_mtime >= older_than:
            freed += found.st_size
            path.unlink()
            path.parent.rmdir()
    return freed


def _check_name(filename: str) -> None:
    """Refuse a name that would lead elsewhere. Raises `Refused`."""
    if "/" in filename or (reason := refusal(filename)):
        reason = "a slash" if "/" in filename else reason
        msg = f"{filename!r} is no name of a file: it is refused for {reason}"
        raise Refused(msg, hint="give the URL of a wheel or an sdist")
