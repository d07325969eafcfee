"""Archives of sources, unpacked: strictly, within bounds, the same bytes and modes and times on every machine."""

from __future__ import annotations

from pathlib import Path


def unpack(archive: Path, folder: Path, *, filename: str | None = None, sdist: bool = True) -> Path:
    """Unpack a .tar.gz, .tar.bz2, .tar.xz, .tar or .zip into `folder`, new or empty; give the project's folder.

    An `sdist` must hold exactly one folder at its top; of another archive that folder, or all of it, is the
    project. Raises `Refused` for what is odd; then the caller removes what was unpacked. Raises `OSError`.
    """
    raise NotImplementedError
