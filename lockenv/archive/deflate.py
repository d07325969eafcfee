"""Raw DEFLATE and CRC-32 of archives: zlib's, or ISA-L's, which takes half the time, where `isal` is installed.

``pip install "lockenv[fast]"`` brings it. What comes out is checked by size, CRC and sha256 in either case.
"""

from __future__ import annotations

__all__ = ["crc32", "decompressobj", "deflate_error"]

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from zlib import crc32, decompressobj
    from zlib import error as deflate_error
else:
    try:
        from isal.isal_zlib import crc32, decompressobj
        from isal.isal_zlib import error as deflate_error
    except ImportError:
        from zlib import crc32, decompressobj
        from zlib import error as deflate_error
