from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from lockenv.errors import NetworkError, OfflineMiss, Refused
from lockenv.events import silent
from lockenv.index.auth import Credentials
from lockenv.index.http import Http
from lockenv.operations import archives
from lockenv.operations.archives import Archives

CONTENT = b"an archive"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(tmp_path: Path) -> str:
    path = tmp_path / "menu-1.0.tar.gz"
    path.write_bytes(CONTENT)
    return path.as_uri()


def made(tmp_path: Path, *, offline: bool = False) -> Archives:
    return Archives(
        tmp_path / "sources",
        lambda: Http(credentials=Credentials(environ={}, indexes=(), keyring=False), environ={}),
        offline=offline,
        report=silent,
    )


def left(tmp_path: Path) -> list[str]:
    """What stands in the cache, as paths."""
    root = tmp_path / "sources"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_what_has_arrived_is_kept_by_its_hash(tmp_path: Path, url: str) -> None:
    first = made(tmp_path).bring(url, "menu-1.0.tar.gz", unhashed=True)
    assert (first.sha256, first.size, first.path.read_bytes()) == (SHA256, len(CONTENT), CONTENT)
    assert left(tmp_path) == [f"{SHA256}/menu-1.0.tar.gz"]
    (tmp_path / "menu-1.0.tar.gz").unlink()
    again = made(tmp_path, offline=True).bring(url, "menu-1.0.tar.gz", hashes=[("sha256", SHA256.upper())])
    assert again == first


def test_what_was_damaged_is_fetched_again(tmp_path: Path, url: str) -> None:
    first = made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=[("sha256", SHA256)])
    first.path.write_bytes(b"damaged")
    assert made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=[("sha256", SHA256)]) == first
    assert first.path.read_bytes() == CONTENT


def test_another_file_than_was_promised_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused, match="its hash is wrong"):
        made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=[("sha256", "0" * 64)])
    with pytest.raises(Refused, match="longer than the 3 bytes stated"):
        made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=[("sha256", SHA256)], size=3)
    assert left(tmp_path) == []


def test_a_file_that_nothing_vouches_for_is_refused_unless_that_is_meant(tmp_path: Path, url: str) -> None:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    for hashes in ([], [("md5", md5)]):
        with pytest.raises(Refused, match="no strong hash is known"):
            made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=hashes)
        assert made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=hashes, unhashed=True).sha256 == SHA256


def test_what_is_not_there(tmp_path: Path, url: str) -> None:
    with pytest.raises(NetworkError):
        made(tmp_path).bring(f"{url}x", "menu-1.0.tar.gz", unhashed=True)
    with pytest.raises(OfflineMiss, match="is not in the cache"):
        made(tmp_path, offline=True).bring("https://example.com/menu-1.0.tar.gz", "menu-1.0.tar.gz", unhashed=True)
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["../menu.tar.gz", "a/b.tar.gz", "..", "", "a\\b.tar.gz", "a\n.tar.gz"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, url: str, name: str) -> None:
    with pytest.raises(Refused, match="is no name of a file"):
        made(tmp_path).bring(url, name, unhashed=True)


def test_a_passing_file_is_gone_afterwards(tmp_path: Path, url: str) -> None:
    with made(tmp_path).passing(url, "menu-1.0.tar.gz", unhashed=True) as arrived:
        assert arrived.path.read_bytes() == CONTENT
    assert left(tmp_path) == []


def test_archives_are_counted_and_pruned_by_their_last_use(tmp_path: Path, url: str) -> None:
    assert archives.size(tmp_path / "sources") == archives.prune(tmp_path / "sources", older_than=0) == 0
    arrived = made(tmp_path).bring(url, "menu-1.0.tar.gz", unhashed=True)
    assert archives.size(tmp_path / "sources") == len(CONTENT)
    os.utime(arrived.path, (0, 0))
    made(tmp_path).bring(url, "menu-1.0.tar.gz", hashes=[("sha256", SHA256)])
    assert archives.prune(tmp_path / "sources", older_than=3600) == 0
    os.utime(arrived.path, (0, 0))
    assert archives.prune(tmp_path / "sources", older_than=3600) == len(CONTENT)
    assert list((tmp_path / "sources").iterdir()) == []
