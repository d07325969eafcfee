"""Where archives of sources are kept by their hash: ``<cache>/sources/<sha256>/<filename>``."""

from __future__ import annotations

from pathlib import Path

#: The folder of the cache that holds them.
SOURCES = "sources"


def keep(arrived: Path, root: Path, *, sha256: str, filename: str) -> Path:
    """Put a file, which was just fetched on the same disk, to its place below `root`. Raises `OSError`."""
    folder = root / sha256
    folder.mkdir(exist_ok=True)
    return arrived.replace(folder / filename)
