"""Bodies in gzip, unpacked no further than they may be long."""

from __future__ import annotations

import zlib

from lockenv.index.transport.failures import Undecodable

_GZIP = 16 + zlib.MAX_WBITS
_MAX_MEMBERS = 256  #: each is followed by a copy of all the rest, and servers send one


def gunzip(packed: bytes, most: int) -> bytes:
    """Unpack; several members in a row are one body (RFC 1952). One that is longer than `most` is cut soon after.

    Raises `Undecodable`, also for one that does not come to its end.
    """
    rest, pieces, have = packed, [], 0
    while rest and have <= most:
        member = zlib.decompressobj(_GZIP)
        try:
            # In one call: each is a wait for the interpreter lock, which others hold for milliseconds.
            piece = member.decompress(rest, most - have + 1)
        except zlib.error as error:
            raise Undecodable from error
        pieces.append(piece)
        have += len(piece)
        if have <= most and (not member.eof or len(pieces) > _MAX_MEMBERS):
            raise Undecodable
        rest = member.unused_data
    return b"".join(pieces)
