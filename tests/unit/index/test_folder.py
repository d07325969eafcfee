from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from lockenv.errors import NetworkError
from lockenv.index.cache import IndexCache
from lockenv.index.fetch import NeedsBuild
from lockenv.index.folder import folder_listing
from lockenv.packages import IndexFile, Listing, NormalizedName
from tests.fakes.wheels import make_sdist, make_wheel
from tests.unit.index.connecting import run

MENU = NormalizedName("menu")


def listing_of(folder: Path, cache: Path) -> Listing | None:
    return folder_listing(folder.as_uri() + "/", MENU, IndexCache(cache))


def files_of(listing: Listing | None) -> list[IndexFile]:
    assert listing is not None
    return [file for release in listing.releases for file in release.files]


class TestFlat:
    def test_wheels_and_sdists_of_the_project_are_listed_with_hash_and_size(self, tmp_path: Path) -> None:
        wheel, sdist = make_wheel("menu", "2.0"), make_sdist("menu", "1.0")
        for built in (wheel, sdist, make_wheel("menu-card", "1.0"), make_wheel("other", "3.0")):
            built.write_to(tmp_path)
        (tmp_path / "README.txt").write_text("menu-9.0.tar.gz")
        files = files_of(listing_of(tmp_path, tmp_path / "cache"))
        assert [(file.filename, file.hashes, file.size) for file in files] == [
            (wheel.filename, (("sha256", wheel.sha256),), len(wheel.content)),
            (sdist.filename, (("sha256", sdist.sha256),), len(sdist.content)),
        ]
        assert files[0].url == (tmp_path / wheel.filename).as_uri()

    def test_a_name_that_is_not_there_is_unknown(self, tmp_path: Path) -> None:
        assert listing_of(tmp_path, tmp_path / "cache") is None

    def test_a_folder_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(NetworkError, match="does not exist"):
            listing_of(tmp_path / "nothing", tmp_path / "cache")

    def test_a_file_is_hashed_once_and_again_when_it_changed(self, tmp_path: Path) -> None:
        path = make_wheel("menu", "1.0").write_to(tmp_path)
        os.utime(path, (1000, 1000))
        first = files_of(listing_of(tmp_path, tmp_path / "cache"))
        content = path.read_bytes()
        path.write_bytes(bytes(len(content)))
        os.utime(path, (1000, 1000))  # unseen: same size, same time
        assert files_of(listing_of(tmp_path, tmp_path / "cache")) == first
        os.utime(path, (2000, 2000))
        again = files_of(listing_of(tmp_path, tmp_path / "cache"))
        assert again[0].hashes == (("sha256", hashlib.sha256(bytes(len(content))).hexdigest()),)


class TestTree:
    def test_an_html_page_is_read(self, tmp_path: Path) -> None:
        built = make_wheel("menu", "1.0")
        (tmp_path / "simple" / "menu").mkdir(parents=True)
        (tmp_path / "pool").mkdir()
        built.write_to(tmp_path / "pool")
        page = f'<a href="../../pool/{built.filename}" data-yanked="old">x</a>'
        (tmp_path / "simple" / "menu" / "index.html").write_text(page)
        (file,) = files_of(listing_of(tmp_path / "simple", tmp_path / "cache"))
        assert (file.yanked, file.hashes) == ("old", (("sha256", built.sha256),))
        assert file.url == (tmp_path / "pool" / built.filename).as_uri()

    def test_a_json_page_goes_before_an_html_page(self, tmp_path: Path) -> None:
        (tmp_path / "menu").mkdir()
        (tmp_path / "menu" / "index.html").write_text('<a href="menu-1.0.tar.gz">x</a>')
        file = {
            "filename": "menu-2.0.tar.gz",
            "url": "https://example.com/menu-2.0.tar.gz",
            "hashes": {"md5": "0" * 32},
        }
        page = {"meta": {"api-version": "1.0"}, "name": "menu", "files": [file]}
        (tmp_path / "menu" / "index.json").write_text(json.dumps(page))
        (found,) = files_of(listing_of(tmp_path, tmp_path / "cache"))
        assert (found.filename, found.hashes) == ("menu-2.0.tar.gz", (("md5", "0" * 32),))

    def test_a_page_may_list_a_file_that_is_gone(self, tmp_path: Path) -> None:
        (tmp_path / "menu").mkdir()
        (tmp_path / "menu" / "index.html").write_text('<a href="menu-1.0.tar.gz">x</a>')
        (file,) = files_of(listing_of(tmp_path, tmp_path / "cache"))
        assert file.hashes == ()


class TestMetadata:
    def test_it_is_read_from_the_file_even_offline(self, tmp_path: Path) -> None:
        make_wheel("menu", "2.0", requires=["a"]).write_to(tmp_path)
        make_sdist("menu", "1.0", requires=["b"]).write_to(tmp_path)
        with run(tmp_path / "cache", tmp_path.as_uri(), offline=True) as client:
            listing = client.listing(MENU)
            assert listing is not None
            found = [client.metadata(MENU, release.version, release.files[0]) for release in listing.releases]
        assert [metadata.requires_dist for metadata in found] == [("a",), ("b",)]

    def test_an_sdist_that_must_be_built_says_so(self, tmp_path: Path) -> None:
        make_sdist("menu", "1.0", metadata_version="2.1").write_to(tmp_path)
        with run(tmp_path / "cache", tmp_path.as_uri()) as client:
            (file,) = files_of(client.listing(MENU))
            with pytest.raises(NeedsBuild, match=r"menu-1\.0\.tar\.gz needs a build"):
                client.metadata(MENU, "1.0", file)

    def test_a_file_that_is_gone_is_told(self, tmp_path: Path) -> None:
        file = IndexFile("menu-1.0-py3-none-any.whl", (tmp_path / "menu-1.0-py3-none-any.whl").as_uri())
        with run(tmp_path / "cache") as client, pytest.raises(NetworkError, match="does not exist"):
            client.metadata(MENU, "1.0", file)
