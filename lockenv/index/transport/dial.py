"""Opening a connection: to each address of a host in turn, through a proxy if one is named, in TLS for https."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from lockenv.index.auth import login_in
from lockenv.index.origins import Origin, origin_of, without_credentials
from lockenv.index.transport.failures import (
    ProxyFailed,
    TimedOut,
    TransportError,
    Unprotected,
    Unreachable,
    Unresolved,
)
from lockenv.index.transport.wire import Channel, Wire, request

if TYPE_CHECKING:
    import ssl

_LONGEST_LABEL = 64  #: from so many characters on, IDNA refuses a part of a name (RFC 1035)
_LONGEST_DIAL = 10.0  #: seconds for one address; who is there answers sooner
_Address: TypeAlias = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int, ...]]


class Route(NamedTuple):
    """Where requests go and through which proxy, whose URL may hold a login."""

    origin: Origin
    proxy: str | None

    @property
    def tunnelled(self) -> bool:
        """Whether the proxy only passes bytes on."""
        return self.proxy is not None and self.origin.scheme == "https"


class Dialler:
    """Opens connections along one route. `tls` gives the context, which is made when it is first needed."""

    def __init__(self, route: Route, *, timeout: float, tls: Callable[[], ssl.SSLContext]) -> None:
        self._route = route
        self._timeout = timeout
        self._tls = tls
        self._first = origin_of(without_credentials(route.proxy)) if route.proxy else route.origin
        self._addresses = _Addresses(self._first)

    def dial(self) -> Wire:
        """Connect. Raises a `TransportError` that says what does not work."""
        if self._route.proxy is None:
            channel = self._protected(self._connected(), self._first)
        else:
            channel = self._through_proxy(self._route.proxy)
        return Wire(channel, timeout=self._timeout)

    def _through_proxy(self, proxy: str) -> Channel:
        try:
            channel = self._protected(self._connected(), self._first)
            if not self._route.tunnelled:
                return channel
            self._tunnel(channel, proxy)
        except TransportError as error:
            raise ProxyFailed from error
        return self._protected(channel, self._route.origin)

    def _connected(self) -> socket.socket:
        failure: OSError | None = None
        for address in self._addresses.found():
            try:
                connected = self._connect(address)
            except OSError as error:
                failure = error
            else:
                self._addresses.prefer(address)
                return connected
        self._addresses.forget()
        raise (TimedOut if isinstance(failure, TimeoutError) else Unreachable) from failure

    def _connect(self, address: _Address) -> socket.socket:
        family, kind, protocol, _, place = address
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(min(self._timeout, _LONGEST_DIAL))
            opened.connect(place)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.settimeout(self._timeout)
        except BaseException:
            opened.close()
            raise
        return opened

    def _protected(self, channel: Channel, origin: Origin) -> Channel:
        """Begin TLS with `origin` if its scheme asks for it; the channel is closed where that fails."""
        if origin.scheme != "https":
            return channel
        name = origin.host.partition("%")[0]
        try:
            if type(channel) is socket.socket:
                # An end without TLS's own farewell may be somebody else's (RFC 9112, 9.8), so it is told.
                return self._tls().wrap_socket(channel, server_hostname=name, suppress_ragged_eofs=False)
            from lockenv.index.transport.nested import NestedTls  # few proxies speak TLS themselves

            return NestedTls(channel, self._tls(), name)
        except TimeoutError as error:
            channel.close()
            raise TimedOut from error
        except OSError as error:
            channel.close()
            raise Unprotected from error
        except BaseException:
            channel.close()
            raise

    def _tunnel(self, channel: Channel, proxy: str) -> None:
        """Ask a proxy for a tunnel (RFC 9110, 9.3.6)."""
        place = authority(self._route.origin, port=True)
        headers = {"Host": place, **proxy_login(proxy)}
        wire = Wire(channel, timeout=self._timeout)
        try:
            wire.send(request(place, headers, method="CONNECT"))
            status = wire.head().status
            if not 200 <= status < 300:
                raise ProxyFailed(f"it answered {_phrase(status)}")
            if not wire.quiet:
                raise ProxyFailed("it sent something of its own into the tunnel")
        except BaseException:
            channel.close()
            raise


def authority(origin: Origin, *, port: bool = False) -> str:
    """Write host and port as requests name them; without a port that goes without saying, unless asked for."""
    host = origin.host.partition("%")[0]  # the zone of an address is this machine's own (RFC 6874)
    host = f"[{host}]" if ":" in host else host
    usual = 443 if origin.scheme == "https" else 80
    return f"{host}:{origin.port}" if port or origin.port != usual else host


def proxy_login(proxy: str) -> dict[str, str]:
    """The header that a proxy's own login makes."""
    login = login_in(proxy)
    return {"Proxy-Authorization": login.header} if login else {}


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _asked_for(host: str) -> str | bytes:
    """A host's name as it is asked for: a plain one as bytes, for text goes through IDNA, which imports tables."""
    labels = host.split(".")
    plain = host.isascii() and all(0 < len(label) < _LONGEST_LABEL for label in labels[:-1])
    return host.encode("ascii") if plain and len(labels[-1]) < _LONGEST_LABEL else host


class _Addresses:
    """The addresses of a host: asked for once, for all threads; the one that worked comes first."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._lock = threading.Lock()
        self._known: list[_Address] = []

    def found(self) -> tuple[_Address, ...]:
        """Raises `Unresolved`; a `UnicodeError` for what can be no host's name."""
        with self._lock:
            if not self._known:
                self._known = self._resolve()
            return tuple(self._known)

    def prefer(self, address: _Address) -> None:
        with self._lock:
            if self._known and self._known[0] != address:
                self._known = [address, *(each for each in self._known if each != address)]

    def forget(self) -> None:
        """The next who asks shall look again."""
        with self._lock:
            self._known = []

    def _resolve(self) -> list[_Address]:
        try:
            found = socket.getaddrinfo(_asked_for(self._origin.host), self._origin.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unresolved from error
        return cast("list[_Address]", found)
