"""The real PyPI, or whatever mirror pip is configured for: `pytest -m online tests/online`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.version import Version

from lockenv.events import Event, Requested
from lockenv.index.auth import Credentials
from lockenv.index.cache import IndexCache
from lockenv.index.client import IndexClient
from lockenv.index.default import default_index
from lockenv.index.download import download
from lockenv.index.http import Http
from lockenv.packages import Index, IndexFile, Listing, Metadata, NormalizedName

pytestmark = pytest.mark.online

NAMES = [NormalizedName(name) for name in ("flask", "numpy", "jupyterlab", "pandas")]


def first_wheel(listing: Listing) -> tuple[NormalizedName, str, IndexFile]:
    for release in listing.releases:
        for file in release.files:
            if file.is_wheel and file.yanked is None and not Version(release.version).is_prerelease:
                return listing.name, release.version, file
    raise AssertionError(listing.name)


def look(cache: Path, *, offline: bool = False) -> tuple[list[Listing], list[Metadata], Sequence[Requested]]:
    """List the projects and read the metadata of the newest wheel of each; the times go to the screen (`-s`)."""
    requests: list[Requested] = []

    def report(event: Event) -> None:
        if isinstance(event, Requested):
            requests.append(event)

    index = Index(name="default", url=default_index(os.environ).url)
    http = Http(
        credentials=Credentials(environ=os.environ, indexes=[index]),
        environ=os.environ,
        reporter=report,
        timeout=60.0,
    )
    begin = time.perf_counter()
    with (
        http,
        IndexClient(indexes=[index], http=lambda: http, cache=IndexCache(cache), offline=offline) as client,
    ):
        client.prefetch_listings(NAMES)
        listings = [listing for name in NAMES if (listing := client.listing(name)) is not None]
        listed = time.perf_counter()
        wanted = [first_wheel(listing) for listing in listings]
        client.prefetch_metadata(wanted, lambda metadata: ())
        metadata = [client.metadata(*item) for item in wanted]
        done = time.perf_counter()
    files = sum(len(release.rows) for listing in listings for release in listing.releases)
    print(  # noqa: T201 - the figures are what one runs this for
        f"\n{'offline' if offline else 'online'}: {files} files listed in {listed - begin:.3f} s,"
        f" metadata in {done - listed:.3f} s, {len(requests)} requests"
    )
    return listings, metadata, requests


def test_real_projects_are_listed_and_their_metadata_read_cold_warm_and_offline(tmp_path: Path) -> None:
    listings, metadata, cold = look(tmp_path)
    assert [listing.name for listing in listings] == NAMES
    assert all(len(listing.releases) > 30 for listing in listings)
    assert [found.name for found in metadata] == NAMES
    assert any(requirement.startswith("werkzeug") for requirement in metadata[0].requires_dist)
    again = look(tmp_path)
    assert again[:2] == (listings, metadata)
    assert len(again[2]) <= len(NAMES) < len(cold)
    assert look(tmp_path, offline=True) == (listings, metadata, [])


def test_a_name_that_nobody_has_taken_is_unknown(tmp_path: Path) -> None:
    index = Index(name="default", url=default_index(os.environ).url)
    http = Http(credentials=Credentials(environ=os.environ), environ=os.environ)
    with http, IndexClient(indexes=[index], http=lambda: http, cache=IndexCache(tmp_path)) as client:
        assert client.listing(NormalizedName("lockenv-no-such-project-xyzzy")) is None


def test_a_real_wheel_is_downloaded_and_is_what_the_index_says(tmp_path: Path) -> None:
    index = Index(name="default", url=default_index(os.environ).url)
    http = Http(credentials=Credentials(environ=os.environ), environ=os.environ)
    with http, IndexClient(indexes=[index], http=lambda: http, cache=IndexCache(tmp_path / "cache")) as client:
        listing = client.listing(NAMES[0])
        assert listing is not None
        _, _, file = first_wheel(listing)
        done = download(http, file.url, tmp_path / file.filename, hashes=file.hashes, size=file.size)
    assert dict(file.hashes)["sha256"] == done.sha256
