"""What a sync's outcome depends on besides the lock: the manifest and what it names, and `.python-version`."""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH118, PTH120, PTH123

from __future__ import annotations

import os

from lockenv.operations.unchanged import digest_of

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lockenv.project import Project


def inputs_digest(project: Project, lock_digest: str, included: Sequence[str], watched: Sequence[str] = ()) -> str:
    """One digest of everything that the choice of Python and the freshness of the lock depend on.

    `included` are the files that the manifest includes, as it names them, `watched` the folders and files that
    packages come from (`lockenv.operations.declared.watched_in`). A file that cannot be read counts as one that is
    not there: whoever needs it will say what is wrong.
    """
    folder = project.folder
    version_files = (os.path.join(place, ".python-version") for place in _upwards(folder))
    version = next((content for file in version_files if (content := content_of(file)) is not None), None)
    others = [content_of(os.path.join(folder, name)) for name in included]
    signs = (_sign(row, os.path.dirname(project.lock)) for row in watched)
    # Scripts hold the environment's path: one that was moved is to be looked at.
    place = os.fsencode(project.env)
    if project.environment:
        place += b"\0" + project.environment.encode()
    return digest_of(lock_digest.encode(), place, content_of(project.manifest), version, *others, *signs)


def _sign(row: str, folder: str) -> bytes:
    # Lazy: most projects have no such folder.
    from lockenv.build.footprint import sign

    kind, _, path = row.partition(" ")
    return sign(kind, os.path.join(folder, path)).encode("utf-8", "surrogateescape")


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while (parent := os.path.dirname(folder)) != folder:
        yield parent
        folder = parent


def content_of(file: str) -> bytes | None:
    """A file's bytes; None where they cannot be read, for whatever reason."""
    try:
        with open(file, "rb", buffering=0) as stream:
            return stream.read()
    except (OSError, ValueError):
        return None
