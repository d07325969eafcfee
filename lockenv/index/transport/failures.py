"""What can go wrong between asking and having the answer, and what that means in plain words."""

from __future__ import annotations

import errno
import socket

from lockenv.errors import NetworkError
from lockenv.index.connect import describe, host_of

_REACH = "check the network and the index's URL, or work from the cache with `--offline`"
_PROXY = "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
_CERTIFICATES = "if your organisation has its own certificates, name their file in SSL_CERT_FILE"
_RULES = "something on the way is broken or hostile; ask the owner of the index, or of the proxy"


class TransportError(Exception):
    """No answer, or no whole one. The reason is its text, or the error that it comes from."""


class Unresolved(TransportError):
    """The host's name has no address."""


class Unreachable(TransportError):
    """No address of the host takes the connection."""


class Unprotected(TransportError):
    """There is no TLS between us and the host."""


class ProxyFailed(TransportError):
    """The proxy cannot be reached, or does not lead on."""


class TimedOut(TransportError):
    """Nothing came for too long, or too little."""


class Broken(TransportError):
    """The connection ended, or failed, before the answer was whole."""


class Malformed(TransportError):
    """What came breaks the rules of HTTP, so nobody knows what it means."""


class Undecodable(TransportError):
    """The body is not in the encoding that its header names."""


def explain(error: Exception, url: str) -> tuple[NetworkError, bool]:
    """Say in plain words why a request failed, and whether another try may help."""
    host, where, hint, passing = host_of(url), describe(url), _REACH, True
    match error:
        case ProxyFailed():
            message, hint = f"the proxy on the way to {host} does not work: {_reason(error)}", _PROXY
        case Unresolved():
            message, passing = f"the host {host} is not known: {_reason(error)}", _may_resolve_later(error)
        case Unprotected() if "certificate" in _reason(error).lower():
            message, hint, passing = (
                f"the certificate of {host} is not trusted: {_reason(error)}",
                _CERTIFICATES,
                False,
            )
        case Unprotected():
            message = f"no protected connection to {host}: {_reason(error)}"
        case Unreachable():
            message = f"{host} cannot be reached: {_reason(error)} ({where})"
        case TimedOut():
            message = f"{host} did not answer in time ({where})"
        case Undecodable():
            message, passing = f"the answer from {where} cannot be decompressed", False
        case Malformed():
            message, hint, passing = f"the answer from {where} breaks the rules of HTTP: {error}", _RULES, False
        case ValueError():
            message, passing = f"{where} is not a URL that can be fetched", False
        case _:
            message = f"the connection to {host} broke: {_reason(error)} ({where})"
    return NetworkError(message, hint=hint), passing


def _may_resolve_later(error: BaseException) -> bool:
    """Whether a name server failed to answer, rather than answered that there is no such host."""
    cause = _root(error)
    return not (isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME)


def _root(error: BaseException) -> BaseException:
    """Go down to the error that the others come from."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _reason(error: BaseException) -> str:
    """Say the innermost reason in one line."""
    root = _root(error)
    if isinstance(root, OSError) and root.errno == errno.ECONNREFUSED:
        return "it refused the connection"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    return " ".join(str(root).split()) or type(root).__name__
