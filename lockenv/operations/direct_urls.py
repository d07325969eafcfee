"""What is said in an environment of packages that come from no index (direct URL data structure)."""

from __future__ import annotations

import json
from pathlib import Path

from packaging.direct_url import ArchiveInfo, DirectUrl, DirInfo, VcsInfo
from packaging.pylock import PackageArchive, PackageDirectory, PackageVcs


def direct_url_text(artifact: object, folder: Path) -> str | None:
    """The text of direct_url.json for what comes from no index (direct URL data structure); None for the rest."""
    match artifact:
        case PackageArchive(url=str(url)):
            described = DirectUrl(
                url=url, archive_info=ArchiveInfo(hashes=dict(artifact.hashes)), subdirectory=artifact.subdirectory
            )
        case PackageVcs(url=str(url)):
            info = VcsInfo(
                vcs=artifact.type,
                commit_id=artifact.commit_id,
                requested_revision=artifact.requested_revision,
            )
            described = DirectUrl(url=url, vcs_info=info, subdirectory=artifact.subdirectory)
        case PackageDirectory():
            described = DirectUrl(
                url=(folder / artifact.path).resolve().as_uri(),
                dir_info=DirInfo(editable=artifact.editable is True),
                subdirectory=artifact.subdirectory,
            )
        case _:
            return None
    return json.dumps(described.to_dict(), sort_keys=True)
