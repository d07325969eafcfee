"""Under what names the cache keeps what indexes said of files."""

from __future__ import annotations

from functools import lru_cache

from lockenv.index.origins import origin_of
from lockenv.packages import IndexFile, NormalizedName

#: Algorithms that can vouch for a file.
STRONG = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"})


def metadata_key(name: NormalizedName, version: str, file: IndexFile) -> str:
    """Name what a file says of itself as a release of a project.

    The file goes by its strong hash, and where it is from: metadata may come from a server's word alone, and
    nobody may vouch for the metadata of somebody else's file. A file without hash goes by its URL.
    """
    return f"{name}\n{version}\n{_file_key(file)}"


def _file_key(file: IndexFile) -> str:
    for algorithm, digest in file.hashes:
        if algorithm in STRONG:
            return f"{algorithm}:{digest} {_origin('/'.join(file.url.split('/', 3)[:3]))}"
    return file.url


@lru_cache(maxsize=64)
def _origin(start: str) -> str:
    """The origin of URLs that begin so: what stands before their path, which many files share."""
    return ":".join(map(str, origin_of(start)))
