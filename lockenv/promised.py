"""What the store promises of a wheel to those who know what its files should be, and compare them in use.

Nothing is opened and little imported: an environment that is planned already is made from these folders.
"""

from __future__ import annotations

import os
import time

from lockenv.leftovers import is_unsettled
from lockenv.light import suppress

MANIFEST, FILES = "manifest", "files"
_TOUCH = 3600.0  #: seconds; a use is noted no more often than this


def entry(cache: str, sha256: str) -> str:
    """Name the folder of a wheel in the store of a cache."""
    return f"{cache}/wheels/{sha256}"


def promised(cache: str, sha256: str) -> str | None:
    """Give the folder of a wheel's files, which nobody has looked at yet; None where there is none.

    An entry that a power cut may have spoilt is none.
    """
    folder = entry(cache, sha256)
    try:
        note_use(f"{folder}/{MANIFEST}", os.stat(f"{folder}/{MANIFEST}"))  # noqa: PTH116
    except OSError:
        return None
    return None if is_unsettled(folder) else f"{folder}/{FILES}"


def note_use(manifest: str | int, found: os.stat_result) -> None:
    """Note by a manifest's time that its wheel is used, unless that was noted lately."""
    if time.time() - found.st_mtime > _TOUCH:
        with suppress(OSError):
            os.utime(manifest)
