"""sha256 of small texts without OpenSSL, whose library takes longer to load than they take to digest."""

from __future__ import annotations

__all__ = ["sha256"]

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        from _sha2 import sha256  # Python 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:
            from hashlib import sha256
