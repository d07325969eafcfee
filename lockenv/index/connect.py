"""What a URL needs before it can be asked: a sound address, a proxy or none, and certificates to trust."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lockenv.errors import NetworkError, UsageError
from lockenv.index.origins import without_credentials

if TYPE_CHECKING:
    import ssl


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
    context.set_alpn_protocols(["http/1.1"])
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
