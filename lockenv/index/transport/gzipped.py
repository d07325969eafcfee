"""Bodies in gzip, unpacked in pieces of bounded size: who reads a bomb stops when it is too long."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lockenv.index.transport.failures import Undecodable
from lockenv.index.transport.wire import CHUNK

_GZIP = 16 + zlib.MAX_WBITS


def gunzip(packed: bytes) -> Iterator[bytes]:
    """Unpack; several members in a row are one body (RFC 1952). Raises `Undecodable`, also for one that is cut."""
    rest = packed
    while rest:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            try:
                piece = member.decompress(rest, CHUNK)
            except zlib.error as error:
                raise Undecodable from error
            rest = member.unconsumed_tail
            if piece:
                yield piece
            elif not rest and not member.eof:
                raise Undecodable  # it is cut
        rest = member.unused_data
