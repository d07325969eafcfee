"""Connections: which certificates, which proxy, and what a failure of either means in plain words.

urllib3 costs 50 to 80 ms to import, so it is imported with the first request and not before.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lockenv.errors import NetworkError, UsageError
from lockenv.index.auth import login_in, without_credentials

if TYPE_CHECKING:
    import ssl

    from urllib3 import BaseHTTPResponse, PoolManager


class Pools:
    """The connection pools of a process: for direct connections and for each proxy, with and without TLS.

    `environ` names proxies (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) and certificates;
    `connections` bounds those to one host; `timeout` is in seconds.
    """

    def __init__(self, *, environ: Mapping[str, str], connections: int, timeout: float) -> None:
        self._environ = environ
        self._connections = connections
        self._timeout = timeout
        self._lock = threading.Lock()
        self._pools: dict[tuple[str | None, bool], PoolManager] = {}
        self._context: ssl.SSLContext | None = None

    def request(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Send one GET request; its body is still to be read. Raises what urllib3 raises."""
        return self._pool_for(url).request(
            "GET", url, headers=headers, redirect=False, retries=False, preload_content=False
        )

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            for pool in self._pools.values():
                pool.clear()

    def _pool_for(self, url: str) -> PoolManager:
        proxy = proxy_for(url, self._environ)
        key = (proxy, any(each.startswith("https:") for each in (url.lower(), (proxy or "").lower())))
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._make_pool(*key)
            return self._pools[key]

    def _make_pool(self, proxy: str | None, protected: bool) -> PoolManager:
        import urllib3

        # Reading the certificates takes tens of milliseconds.
        if protected and self._context is None:
            self._context = tls_context(self._environ)
        timeout = urllib3.Timeout(connect=min(self._timeout, 10.0), read=self._timeout)
        if proxy is None:
            return urllib3.PoolManager(
                maxsize=self._connections, block=True, ssl_context=self._context, timeout=timeout
            )
        login = login_in(proxy)
        return urllib3.ProxyManager(
            without_credentials(proxy),
            proxy_headers={"Proxy-Authorization": login.header} if login else None,
            proxy_ssl_context=self._context,
            maxsize=self._connections,
            block=True,
            ssl_context=self._context,
            timeout=timeout,
        )


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Make the context that trusts what the system trusts, and ``SSL_CERT_FILE`` or ``REQUESTS_CA_BUNDLE``.

    Where OpenSSL finds the system's certificates by itself, its own context reads them once; truststore, which
    knows macOS, Windows and unusual places, reads them for every connection (17 ms each on Linux).
    """
    import ssl

    named = environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE")
    if _openssl_finds_certificates(ssl.get_default_verify_paths()):
        context = ssl.create_default_context()
    else:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if named and Path(named).is_file() and named != ssl.get_default_verify_paths().cafile:
        try:
            context.load_verify_locations(named)
        except ssl.SSLError as error:
            msg = f"the certificates in {named} cannot be read: {error.reason}"
            raise UsageError(msg, hint="SSL_CERT_FILE and REQUESTS_CA_BUNDLE name files in PEM form") from None
    return context


def _openssl_finds_certificates(places: ssl.DefaultVerifyPaths) -> bool:
    import sys

    if sys.platform in {"darwin", "win32"}:
        return False
    return bool(places.cafile) or (bool(places.capath) and any(Path(places.capath).glob("*.0")))


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """Find the proxy that the environment names for a URL, as curl reads it. Raises `UsageError` for SOCKS."""
    parts = urlsplit(url)
    found = _variable(environ, f"{parts.scheme}_proxy") or _variable(environ, "all_proxy")
    if not found or _bypassed(parts.hostname or "", parts.netloc, _variable(environ, "no_proxy")):
        return None
    proxy = found if "://" in found else f"http://{found}"
    if urlsplit(proxy).scheme not in {"http", "https"}:
        msg = f"the proxy {without_credentials(proxy)} is neither http nor https"
        raise UsageError(msg, hint="name an HTTP proxy in HTTPS_PROXY, or exempt the host with NO_PROXY")
    return proxy


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _bypassed(host: str, netloc: str, exempt: str) -> bool:
    """Whether `NO_PROXY` exempts a host: by its name, by a domain above it, or all by `*`."""
    for entry in (part.strip().lower().lstrip(".") for part in exempt.split(",")):
        if entry == "*" or (entry and (entry in {host, netloc} or host.endswith(f".{entry}"))):
            return True
    return False


def check(url: str) -> None:
    """Raise `NetworkError` unless `url` is one that can be asked."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise NetworkError(f"{describe(url)} is not a URL that can be fetched", hint="check the index's URL")


def host_of(url: str) -> str:
    """Name the host of a URL as messages do."""
    return urlsplit(url).hostname or url


def describe(url: str) -> str:
    """Write a URL as messages may show it: without credentials, and without a query, which may hold a token."""
    return without_credentials(url).partition("#")[0].partition("?")[0]


def explain(error: Exception, url: str) -> tuple[NetworkError, bool]:
    """Say in plain words why a request failed, and whether another try may help."""
    from urllib3 import exceptions as problems

    host, where, hint, passing = host_of(url), describe(url), _REACH, True
    match error:
        case problems.ProxyError():
            message, hint = f"the proxy on the way to {host} does not work: {_inner(error)}", _PROXY
        case problems.NameResolutionError():
            message, passing = f"the host {host} is not known: {_inner(error)}", _may_resolve_later(error)
        case problems.SSLError() if "certificate" in _inner(error).lower():
            message, hint = f"the certificate of {host} is not trusted: {_inner(error)}", _CERTIFICATES
            passing = False
        case problems.SSLError():
            message = f"no protected connection to {host}: {_inner(error)}"
        case problems.NewConnectionError():  # which is a ConnectTimeoutError, too
            message = f"{host} cannot be reached: {_inner(error)} ({where})"
        case problems.ConnectTimeoutError() | problems.ReadTimeoutError():
            message = f"{host} did not answer in time ({where})"
        case problems.DecodeError():
            message, passing = f"the answer from {where} cannot be decompressed", False
        case problems.LocationValueError() | ValueError():
            message, passing = f"{where} is not a URL that can be fetched", False
        case _:
            message = f"the connection to {host} broke: {_inner(error)} ({where})"
    return NetworkError(message, hint=hint), passing


_REACH = "check the network and the index's URL, or work from the cache with `--offline`"
_PROXY = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
_CERTIFICATES = "if your organisation has its own certificates, name their file in SSL_CERT_FILE"


def _may_resolve_later(error: BaseException) -> bool:
    """Whether a name server failed to answer, rather than answered that there is no such host."""
    cause = _root(error)
    return not (isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME)


def _root(error: BaseException) -> BaseException:
    """Go down to the error that the others are wrapped around."""
    for _ in range(10):
        inner = error.__cause__ or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        error = inner
    return error


def _inner(error: BaseException) -> str:
    """Say the innermost reason in one line."""
    root = _root(error)
    if isinstance(root, OSError) and root.errno == errno.ECONNREFUSED:
        return "it refused the connection"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    return " ".join(str(root).split()) or type(root).__name__
