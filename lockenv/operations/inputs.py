"""What a sync's outcome depends on besides the lock: the manifest, what it includes, and `.python-version`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lockenv.operations.unchanged import digest_of
from lockenv.project import Project


def inputs_digest(project: Project, lock_digest: str, included: Sequence[str]) -> str:
    """One digest of everything that the choice of Python and the freshness of the lock depend on.

    `included` are the files that the manifest includes, as it names them. A file that cannot be read counts as one
    that is not there: whoever needs it will say what is wrong.
    """
    folder = Path(project.folder)
    version_files = (place / ".python-version" for place in (folder, *folder.parents))
    version = next((content for file in version_files if (content := _content(file)) is not None), None)
    others = [_content(folder / name) for name in included]
    return digest_of(lock_digest.encode(), _content(Path(project.manifest)), version, *others)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (OSError, ValueError):
        return None
