"""Whose a URL is: scheme, host and port; and a URL without the credentials in it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_USERINFO = r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#]*@"


class Origin(NamedTuple):
    """Scheme, host and port of a URL (RFC 6454)."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """Take the origin of a URL. Raises `ValueError` for a port that is none."""
    parts = urlsplit(url)
    return Origin(parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0))


def without_credentials(url: str) -> str:
    """Take user and password out of a URL: what may be shown, stored and locked."""
    return re.sub(_USERINFO, r"\1", url) if "@" in url else url
