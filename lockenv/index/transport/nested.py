"""TLS inside TLS: to a host, through the tunnel of a proxy that speaks TLS itself."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TypeVar

from lockenv.index.transport.wire import CHUNK, Channel

_T = TypeVar("_T")


class NestedTls:
    """A channel in TLS over another one, which sockets cannot do. Raises what an `SSLSocket` does."""

    def __init__(self, outer: Channel, context: ssl.SSLContext, host: str) -> None:
        self._outer = outer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._drive(self._tls.do_handshake)

    def recv(self, size: int, /) -> bytes:
        """Wait for bytes; none at the end."""
        try:
            return self._drive(lambda: self._tls.read(size))
        except ssl.SSLZeroReturnError:
            return b""

    def sendall(self, data: bytes, /) -> None:
        """Send it all."""
        self._drive(lambda: self._tls.write(data))  # into memory, which takes all at once

    def pending(self) -> int:
        """How many bytes are unpacked already."""
        return self._tls.pending()

    def fileno(self) -> int:
        """The descriptor of the connection that is underneath."""
        return self._outer.fileno()

    def close(self) -> None:
        """Hang up."""
        self._outer.close()

    def _drive(self, step: Callable[[], _T]) -> _T:
        """Take a step, and carry bytes between memory and the outer channel as long as it wants some."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                if data := self._outer.recv(CHUNK):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._outer.sendall(data)
