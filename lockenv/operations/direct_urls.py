"""What is said in an environment of packages that come from no index (direct URL data structure)."""

from __future__ import annotations

import json
from pathlib import Path

from packaging.pylock import PackageArchive, PackageDirectory, PackageVcs


def direct_url_text(artifact: object, folder: Path) -> str | None:
    """The text of direct_url.json for what comes from no index (direct URL data structure); None for the rest.

    `folder` is the lock's, from which its paths count.
    """
    if not isinstance(artifact, PackageArchive | PackageVcs | PackageDirectory):
        return None
    # Lazy: most packages come from an index.
    from packaging.direct_url import ArchiveInfo, DirectUrl, DirInfo, VcsInfo

    def url_of(url: str | None, path: str | None) -> str:
        return url or "" if path is None else (folder / path).resolve().as_uri()

    match artifact:
        case PackageArchive(url=url, path=path):
            described = DirectUrl(
                url=url_of(url, path),
                archive_info=ArchiveInfo(hashes=dict(artifact.hashes)),
                subdirectory=artifact.subdirectory,
            )
        case PackageVcs(url=url, path=path):
            info = VcsInfo(
                vcs=artifact.type,
                commit_id=artifact.commit_id,
                requested_revision=artifact.requested_revision,
            )
            described = DirectUrl(url=url_of(url, path), vcs_info=info, subdirectory=artifact.subdirectory)
        case PackageDirectory(path=path):
            described = DirectUrl(
                url=url_of(None, path),
                dir_info=DirInfo(editable=artifact.editable or None),
                subdirectory=artifact.subdirectory,
            )
    return json.dumps(described.to_dict(), sort_keys=True)
