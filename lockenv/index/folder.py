"""Indexes in folders (``file:`` URLs): a simple repository as static files, or wheels and sdists side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lockenv.errors import NetworkError
from lockenv.files import hash_file
from lockenv.index.cache import IndexCache
from lockenv.index.download import path_of
from lockenv.index.simple import JSON_TYPE, Row, parse_page, releases_of
from lockenv.packages import IndexFile, Listing, NormalizedName, Release

_PAGES = (("index.json", JSON_TYPE), ("index.html", "text/html"))
_SUFFIXES = (".whl", ".tar.gz", ".zip")


def folder_listing(index_url: str, name: NormalizedName, cache: IndexCache) -> Listing | None:
    """List a project of the index in the folder that `index_url` names; None if it is not there.

    Files of this machine that come without hash are hashed; `cache` remembers that. Raises `NetworkError` where
    the folder does not exist or a page in it is malformed.
    """
    root = path_of(index_url)
    if not root.is_dir():
        msg = f"the index's folder {root} does not exist"
        raise NetworkError(msg, hint="check the `url` of its [[index]]")
    listing = _page(root / name, name, index_url) or _flat(root, name, index_url)
    if listing is None:
        return None
    releases = tuple(
        Release(release.version, tuple(_hashed(file, cache) for file in release.files))
        for release in listing.releases
    )
    return replace(listing, releases=releases)


def _page(folder: Path, name: NormalizedName, index_url: str) -> Listing | None:
    for filename, media_type in _PAGES:
        page = folder / filename
        if page.is_file():
            return parse_page(media_type, page.read_bytes(), page.absolute().as_uri(), name, index_url)
    return None


def _flat(root: Path, name: NormalizedName, index_url: str) -> Listing | None:
    """Pick a project's files out of a flat folder; the others there are not skipped but somebody else's."""
    releases, _ = releases_of(name, _rows(root))
    return Listing(name=name, index=index_url, releases=releases) if releases else None


def _rows(root: Path) -> Iterator[Row]:
    for path in sorted(root.iterdir()):
        if path.name.endswith(_SUFFIXES):
            yield IndexFile(path.name, path.absolute().as_uri())


def _hashed(file: IndexFile, cache: IndexCache) -> Row:
    """Complete what a folder says about a file of this machine by what can be read from the file."""
    if not file.url.startswith("file:"):
        return tuple(file)
    path = path_of(file.url)
    try:
        size = path.stat().st_size
        hashes = file.hashes or (("sha256", _sha256(path, cache)),)
    except OSError:
        return tuple(file)  # asking for the file itself will tell
    return tuple(file._replace(hashes=hashes, size=file.size if file.size is not None else size))


def _sha256(path: Path, cache: IndexCache) -> str:
    known = cache.digest(path)
    if known is None:
        known = hash_file(path)["sha256"]
        cache.store_digest(path, known)
    return known
