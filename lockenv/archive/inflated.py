"""The plain bytes of a compressed stream (gzip, bzip2, xz), never more of them than is sane for its size."""

from __future__ import annotations

import io
import lzma
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from lockenv.errors import Refused
from lockenv.limits import DEFAULT, RATIO_FREE, Limits, remedy

_XZ_MEMORY = 256 << 20  #: bytes; `xz -9` needs 65 MiB to unpack
_CHUNK = 1 << 16
_DAMAGED = (EOFError, ValueError, zlib.error, lzma.LZMAError)


class Inflated:
    """An open stream, read from front to back. `compression` is ``gz``, ``bz2``, ``xz`` or empty."""

    def __init__(
        self, path: Path, compression: str, *, refuse: Callable[[str], Refused], limits: Limits = DEFAULT
    ) -> None:
        """Open; raises `OSError`. `refuse` makes the error that says which archive it is."""
        self._refuse = refuse
        self.limits = limits
        self._file = path.open("rb")
        size = os.fstat(self._file.fileno()).st_size
        self._size = max(size, 1)
        # Headers and padding of a tar archive come on top of its files.
        self._limit = min(max(size * limits.ratio, RATIO_FREE), limits.unpacked + limits.files * 2048)
        self._given = 0
        self._plain = _decompressed(self._file, compression)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, count: int) -> bytes:
        """Give `count` bytes, or fewer at the end. Raises `Refused` for a damaged stream and for a bomb."""
        try:
            content = self._plain.read(count)
        except _DAMAGED as error:
            raise self._refuse(f"cannot be unpacked: {error}") from None
        except OSError as error:
            if error.errno is not None:  # the disk's own troubles; `gzip` and `bz2` raise it for bad streams, too
                raise
            raise self._refuse(f"cannot be unpacked: {error}") from None
        self._given += len(content)
        if self._given > self._limit:
            raise self._excess()
        return content

    def _excess(self) -> Refused:
        """How much there would be is not known, so the remedy is twice what there was."""
        error = self._refuse(f"would take more than {self._limit >> 20} MiB when unpacked")
        if self._limit == max(self._size * self.limits.ratio, RATIO_FREE):
            hint = remedy("ratio", max(self.limits.ratio * 2, self._limit // self._size))
        else:
            hint = remedy("unpacked", self.limits.unpacked * 2)
        return Refused(error.message, hint=hint)

    def exactly(self, count: int) -> bytes:
        """Give `count` bytes. Raises `Refused` also where the stream ends before."""
        content = self.read(count)
        if len(content) < count:
            raise self._refuse("is truncated")
        return content


def _decompressed(file: IO[bytes], compression: str) -> IO[bytes]:
    match compression:
        case "gz":
            import gzip  # each kind of archive needs only its own

            return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
        case "bz2":
            import bz2

            return bz2.BZ2File(file)
        case "xz":
            return io.BufferedReader(_Xz(file), _CHUNK)
        case _:
            return file


class _Xz(io.RawIOBase):
    """xz with a bound on memory, which `lzma.LZMAFile` has not: a stream may ask for 4 GiB."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        content = self._more(len(view))
        view[: len(content)] = content
        return len(content)

    def _more(self, count: int) -> bytes:
        while True:
            if self._decompressor.eof:
                # Streams may follow each other, with zeros in between (xz file format, 2.2).
                rest = self._decompressor.unused_data.lstrip(b"\0") or self._file.read(_CHUNK).lstrip(b"\0")
                if not rest:
                    return b""
                self._decompressor = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
            elif self._decompressor.needs_input:
                rest = self._file.read(_CHUNK)
                if not rest:
                    msg = "the stream ends too early"
                    raise EOFError(msg)
            else:
                rest = b""
            if content := self._decompressor.decompress(rest, count):
                return content
