"""What a sync's outcome depends on besides the lock: the manifest and what it names, and `.python-version`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lockenv.operations.unchanged import digest_of
from lockenv.project import Project


def inputs_digest(project: Project, lock_digest: str, included: Sequence[str], watched: Sequence[str] = ()) -> str:
    """One digest of everything that the choice of Python and the freshness of the lock depend on.

    `included` are the files that the manifest includes, as it names them, `watched` the folders and files that
    packages come from (`lockenv.operations.declared.watched_in`). A file that cannot be read counts as one that is
    not there: whoever needs it will say what is wrong.
    """
    folder = Path(project.folder)
    version_files = (place / ".python-version" for place in (folder, *folder.parents))
    version = next((content for file in version_files if (content := _content(file)) is not None), None)
    others = [_content(folder / name) for name in included]
    signs = (_sign(row, Path(project.lock).parent) for row in watched)
    # Scripts hold the environment's path: one that was moved is to be looked at.
    place = os.fsencode(project.env)
    return digest_of(lock_digest.encode(), place, _content(Path(project.manifest)), version, *others, *signs)


def _sign(row: str, folder: Path) -> bytes:
    # Lazy: most projects have no such folder.
    from lockenv.build.footprint import sign

    kind, _, path = row.partition(" ")
    return sign(kind, str(folder / path)).encode("utf-8", "surrogateescape")


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (OSError, ValueError):
        return None
