"""Downloads: a file is at its place with the right hash and size, or it is not there at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from lockenv.errors import NetworkError, Refused
from lockenv.events import DownloadAdvanced, DownloadFinished, DownloadStarted, Reporter, silent
from lockenv.files import seal_of
from lockenv.index.http import Http, Stream
from lockenv.index.keys import STRONG
from lockenv.index.origins import without_credentials
from lockenv.values import dataclass

#: Weaker algorithms are checked too, but prove nothing.
CHECKED = STRONG | {"md5", "sha1", "sha224"}
_CHUNK = 1 << 18
_MAX_BYTES = 16 << 30  #: of a file whose size nobody stated
_RESUMPTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What arrived: `sha256` and `size` were computed from the bytes, whatever was known before.

    `seal` (`lockenv.files.seal_of`) is that of the file with these bytes.
    """

    path: Path
    sha256: str
    size: int
    seal: tuple[int, ...]


def download(
    http: Http,
    url: str,
    destination: Path,
    *,
    hashes: Iterable[tuple[str, str]],
    size: int | None = None,
    filename: str | None = None,
    reporter: Reporter = silent,
    unhashed: bool = False,
) -> Downloaded:
    """Fetch `url` (http, https or file) to `destination`, which appears only when all is well.

    `hashes` are (algorithm, digest) pairs. Every known algorithm is checked, and at least one must be strong
    unless `unhashed` allows otherwise; `size` in bytes is checked where given. `filename` is for messages and
    events. A connection that breaks is taken up again where it broke.

    Raises `Refused` for what is not the file that was promised, `NetworkError` for what cannot be had, `OSError`
    where the disk refuses. Whatever happens, nothing is left beside `destination`.
    """
    shown = filename or destination.name
    expected = {algorithm: digest.lower() for algorithm, digest in hashes if algorithm in CHECKED}
    if not unhashed and STRONG.isdisjoint(expected):
        msg = f"no strong hash is known for {shown}, so what arrives cannot be checked"
        raise Refused(msg, hint="lock again with an index that states sha256 hashes")
    reporter(DownloadStarted(filename=shown, size=size))
    with _beside(destination) as (temporary, file):
        arrival = _Arrival(file, expected, size, shown, reporter)
        if urlsplit(url).scheme == "file":
            _copy(path_of(url), arrival, shown)
        else:
            _fetch(http, url, arrival)
        arrival.check(without_credentials(url))
        file.flush()
        temporary.replace(destination)
        seal = seal_of(file.fileno())
    reporter(DownloadFinished(filename=shown, size=arrival.received))
    return Downloaded(path=destination, sha256=arrival.sha256, size=arrival.received, seal=seal)


def path_of(url: str) -> Path:
    """Turn a file: URL into a path. Raises `Refused` for one that names another machine."""
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        msg = f"{url} names a file on another machine"
        raise Refused(msg, hint="write file:///path for a file of this one")
    if os.name == "nt":
        from urllib.request import url2pathname  # slow to import, and elsewhere not needed

        return Path(url2pathname(parts.path))
    return Path(unquote(parts.path))


@contextmanager
def _beside(destination: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open a temporary file in the destination's folder and see that it is gone in the end."""
    temporary = destination.with_name(f".{destination.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with temporary.open("xb") as file:
            yield temporary, file
    finally:
        temporary.unlink(missing_ok=True)


class _Arrival:
    """A file as it arrives: written, hashed and counted, chunk by chunk."""

    def __init__(
        self, file: IO[bytes], expected: dict[str, str], size: int | None, shown: str, reporter: Reporter
    ) -> None:
        self._file = file
        self._expected = expected
        self._size = size
        self._shown = shown
        self._reporter = reporter
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in {"sha256", *expected}}
        self.received = 0

    @property
    def sha256(self) -> str:
        return self._digests["sha256"].hexdigest()

    @property
    def complete(self) -> bool:
        """Whether all of a file of known size is here."""
        return self._size is not None and self.received == self._size

    def take(self, chunk: bytes) -> None:
        """Take the next chunk. Raises `Refused` as soon as there is more than there should be."""
        self.received += len(chunk)
        if self.received > (self._size if self._size is not None else _MAX_BYTES):
            limit = f"the {self._size} bytes stated" if self._size is not None else f"{_MAX_BYTES >> 30} GiB"
            raise self._refused(f"it is longer than {limit}")
        for digest in self._digests.values():
            digest.update(chunk)
        self._file.write(chunk)
        self._reporter(DownloadAdvanced(filename=self._shown, received=len(chunk)))

    def restart(self) -> None:
        """Forget what has arrived."""
        self._file.seek(0)
        self._file.truncate()
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in self._digests}
        self.received = 0

    def check(self, url: str) -> None:
        """Raise `Refused` unless size and hashes are as promised."""
        if self._size is not None and self.received != self._size:
            raise self._refused(f"it has {self.received} bytes where {self._size} were stated")
        for algorithm, digest in sorted(self._expected.items()):
            got = self._digests[algorithm].hexdigest()
            if got != digest:
                details = (f"expected {algorithm}:{digest}", f"got      {algorithm}:{got}", f"from     {url}")
                raise self._refused("its hash is wrong", details)

    def _refused(self, reason: str, details: Sequence[str] = ()) -> Refused:
        hint = "the file is not the one that was locked; find out why before you lock it anew"
        return Refused(f"{self._shown} is not what it should be: {reason}", details=details, hint=hint)


def _copy(path: Path, arrival: _Arrival, shown: str) -> None:
    try:
        # Not waiting, as the other end of a pipe may never come; and a device may never come to an end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                raise Refused(f"{path}, which should be {shown}, is no plain file")
            while chunk := source.read(_CHUNK):
                arrival.take(chunk)
    except FileNotFoundError:
        msg = f"{path} does not exist, and {shown} should be there"
        raise NetworkError(msg, hint="check the index's folder") from None


def _fetch(http: Http, url: str, arrival: _Arrival) -> None:
    """Fetch over HTTP, going on after a broken connection where the server can, else from the beginning."""
    entity_tag = ""
    for left in reversed(range(_RESUMPTIONS + 1)):
        headers = {"Range": f"bytes={arrival.received}-"} if arrival.received else {}
        if headers and entity_tag.startswith('"'):
            headers["If-Range"] = entity_tag  # RFC 9110, 13.1.5: the rest of the same file, or all of the new one
        with http.stream(url, headers=headers, accept_statuses=frozenset({200, 206})) as stream:
            entity_tag = stream.headers.get("etag", "")
            broken = _take_all(stream, arrival)
        if broken is None:
            return
        if left == 0:
            raise broken


def _take_all(stream: Stream, arrival: _Arrival) -> NetworkError | None:
    """Take a body to its end; the error is returned where the connection breaks before that."""
    if stream.status == 206 and not stream.headers.get("content-range", "").startswith(
        f"bytes {arrival.received}-"
    ):
        msg = f"{stream.url} was asked for the rest of a file and answered with something else"
        raise NetworkError(msg, hint="try again")
    if stream.status == 200:
        arrival.restart()
    try:
        for chunk in stream.chunks:
            arrival.take(chunk)
    except NetworkError as error:
        # All of it may be here, and only the connection's end was rude.
        return None if arrival.complete else error
    return None
