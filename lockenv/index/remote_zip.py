"""Reading a few KiB of a wheel that lies on a server, by range requests (RFC 9110, section 14).

The end of a zip holds its directory, and wheels have their dist-info last: the first request usually brings all.
"""

from __future__ import annotations

import io
from typing import IO, cast

from lockenv.index.http import Http, RangesUnsupported
from lockenv.index.metadata import metadata_in_wheel
from lockenv.packages import IndexFile, NormalizedName

_TAIL_BYTES = 64 << 10
_LEAST_BYTES = 16 << 10  #: asked for at once: zipfile reads headers in small pieces
_MAX_BYTES = 32 << 20  #: of one wheel in all; the directory of the largest wheels has 2 MiB


def remote_metadata(http: Http, file: IndexFile, *, name: NormalizedName, version: str) -> bytes:
    """Read METADATA of a wheel without fetching the wheel.

    Raises `RangesUnsupported` if the server does not serve parts, `MetadataError` for a broken wheel.
    """
    remote = cast("IO[bytes]", RemoteFile(http, file.url, file.size))
    return metadata_in_wheel(remote, filename=file.filename, name=name, version=version)


class RemoteFile(io.RawIOBase):
    """A file on a server, to be read and sought in. What was fetched is kept; its tail is fetched at once.

    `size` is what the index says; some servers know ranges from the beginning only.
    """

    def __init__(self, http: Http, url: str, size: int | None) -> None:
        self._http = http
        self._url = url
        wanted = f"{max(size - _TAIL_BYTES, 0)}-{size - 1}" if size else f"-{_TAIL_BYTES}"
        tail = http.get_range(url, wanted, max_bytes=_TAIL_BYTES)
        if size and tail.total != size:
            raise RangesUnsupported(url)  # whatever this is, it is better looked at as a whole
        self._size = tail.total
        self._parts = [(tail.start, tail.content)]
        self._position = 0
        self._fetched = len(tail.content)

    def readable(self) -> bool:
        """Say yes, as `io` asks."""
        return True

    def seekable(self) -> bool:
        """Say yes, as `io` asks."""
        return True

    def tell(self) -> int:
        """Say where reading goes on."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, as `io` defines it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            msg = f"a place before the beginning of the file: {base + offset}"
            raise ValueError(msg)
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Read on, from what is held or else from the server."""
        stop = self._size if size is None or size < 0 else min(self._position + size, self._size)
        if self._position >= stop:
            return b""
        content = self._held(self._position, stop)
        if content is None:
            self._fetch(self._position, min(max(stop, self._position + _LEAST_BYTES), self._size))
            content = self._held(self._position, stop)
        if content is None:
            raise RangesUnsupported(self._url)
        self._position = stop
        return content

    def _held(self, start: int, stop: int) -> bytes | None:
        for offset, content in self._parts:
            if offset <= start and stop <= offset + len(content):
                return content[start - offset : stop - offset]
        return None

    def _fetch(self, start: int, stop: int) -> None:
        self._fetched += stop - start
        if self._fetched > _MAX_BYTES:
            raise RangesUnsupported(self._url)
        part = self._http.get_range(self._url, f"{start}-{stop - 1}", max_bytes=stop - start)
        if part.total != self._size or part.start != start:
            raise RangesUnsupported(self._url)  # it changed under our hands, or the server is confused
        self._parts.append((part.start, part.content))
