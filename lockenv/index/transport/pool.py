"""Connections kept alive: as many to one place as are allowed, each used by one request at a time."""

from __future__ import annotations

import re
import select
import threading
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from lockenv.index.connect import proxy_for, tls_context
from lockenv.index.origins import origin_of
from lockenv.index.transport.dial import Dialler, Route, authority, proxy_login
from lockenv.index.transport.wire import Ended, Head, Wire, request

if TYPE_CHECKING:
    import ssl

_LONGEST_IDLE = 50.0  #: seconds; what lies between may have forgotten a connection that is older
_HOST = re.compile(r"[A-Za-z0-9._~-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_TARGET = re.compile(r"[!#-;=?-Z_a-z~\[\]]*")  #: what a URL may hold (RFC 3986), with % taken as it stands
_UNQUOTED = "/?:@!$&'()*+,;=-._~%[]"


class Answer:
    """An answer whose body is still to come, in bytes as they were sent. Close it in any case."""

    def __init__(self, head: Head, wire: Wire, pool: _Pool) -> None:
        self.status = head.status
        self.headers = head.headers
        self._lasting = head.lasting
        self._wire: Wire | None = wire
        self._pool = pool
        self._body = wire.body(head.framing)
        self._read = head.framing == 0

    def chunks(self) -> Iterator[bytes]:
        """Read the body. Raises a `TransportError`."""
        yield from self._body
        self._read = True

    def close(self) -> None:
        """Give the connection back; one whose body was not read to its end is closed by that."""
        wire, self._wire = self._wire, None
        if wire is not None:
            self._pool.release(wire, again=self._read and self._lasting and wire.quiet)


class Pools:
    """The connections of a process: by scheme, host and port, and the proxy that leads there.

    `environ` names proxies (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) and certificates;
    `connections` bounds those to one place; `timeout` is in seconds.
    """

    def __init__(self, *, environ: Mapping[str, str], connections: int, timeout: float) -> None:
        self._environ = environ
        self._connections = connections
        self._timeout = timeout
        self._lock = threading.Lock()
        self._pools: dict[Route, _Pool] = {}
        self._context: ssl.SSLContext | None = None
        self._closed = False

    def request(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Send a GET request; its body is still to be read.

        Raises a `TransportError`, or `ValueError` for a URL that is none; `UsageError` for a proxy that cannot be.
        """
        route = Route(origin_of(url), proxy_for(url, self._environ))
        return self._pool_for(route).request(_message(url, route, headers))

    def close(self) -> None:
        """Close idle connections now, and those in use when they are given back."""
        with self._lock:
            self._closed = True
            pools = tuple(self._pools.values())
        for pool in pools:
            pool.close()

    def _pool_for(self, route: Route) -> _Pool:
        with self._lock:
            if route not in self._pools:
                dialler = Dialler(route, timeout=self._timeout, tls=self._tls)
                self._pools[route] = _Pool(dialler, self._connections, closed=self._closed)
            return self._pools[route]

    def _tls(self) -> ssl.SSLContext:
        """Reading the certificates takes tens of milliseconds, so it is done once, and only where needed."""
        with self._lock:
            if self._context is None:
                self._context = tls_context(self._environ)
            return self._context


def _message(url: str, route: Route, headers: Mapping[str, str]) -> bytes:
    """Write the request for a URL: absolute for a proxy that is to understand it (RFC 9112, 3.2)."""
    parts = urlsplit(url)
    host = authority(route.origin)
    if _HOST.fullmatch(host) is None:
        msg = "no host has such a name"
        raise ValueError(msg)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    if _TARGET.fullmatch(target) is None:
        target = quote(target, safe=_UNQUOTED)
    sent = {"Host": host, **headers}
    if route.proxy is not None and not route.tunnelled:
        target = f"http://{host}{target}"
        sent |= proxy_login(route.proxy)
    return request(target, sent)


class _Pool:
    """The connections along one route; once `closed`, none is kept."""

    def __init__(self, dialler: Dialler, connections: int, *, closed: bool) -> None:
        self._dialler = dialler
        self._slots = threading.Semaphore(connections)
        self._lock = threading.Lock()
        self._idle: list[tuple[Wire, float]] = []
        self._closed = closed

    def request(self, message: bytes) -> Answer:
        """Send a request when it is its turn, over a connection that is there if there is one."""
        self._slots.acquire()
        try:
            return self._over_kept(message) or self._over(self._dialler.dial(), message)
        except BaseException:
            self._slots.release()
            raise

    def release(self, wire: Wire, *, again: bool) -> None:
        """Take a connection back, to be used `again` or to be closed."""
        with self._lock:
            again = again and not self._closed
            if again:
                self._idle.append((wire, monotonic()))
        if not again:
            wire.close()
        self._slots.release()

    def close(self) -> None:
        """Close what is idle; what is in use follows."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for wire, _ in idle:
            wire.close()

    def _over_kept(self, message: bytes) -> Answer | None:
        """Use a connection again. None if there is none, or if its end has met the request (RFC 9112, 9.3.1)."""
        wire = self._kept()
        if wire is None:
            return None
        try:
            return self._over(wire, message)
        except Ended:
            if wire.answered:
                raise
            return None

    def _over(self, wire: Wire, message: bytes) -> Answer:
        try:
            wire.send(message)
            return Answer(wire.head(), wire, self)
        except BaseException:
            wire.close()
            raise

    def _kept(self) -> Wire | None:
        """Take the connection that was used last and can still be; those that cannot are closed."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                wire, since = self._idle.pop()
            if monotonic() - since < _LONGEST_IDLE and not _speaks(wire):
                return wire
            wire.close()


def _speaks(wire: Wire) -> bool:
    """Whether a server says something unasked: mostly goodbye, and never the answer to the next request."""
    pending = getattr(wire.channel, "pending", None)  # what TLS has unpacked already
    if pending is not None and pending():
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([wire.channel], [], [], 0)[0])
    poll = select.poll()
    poll.register(wire.channel, select.POLLIN)
    return bool(poll.poll(0))
