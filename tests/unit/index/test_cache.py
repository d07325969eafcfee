from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path

import pytest

from lockenv.index.cache import IndexCache, Validators, validators_of
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName, Release, Releases
from lockenv.values import replace
from tests.unit.index.connecting import Clock

INDEX = "https://example.com/simple/"
URL = f"{INDEX}menu/"
NAME = NormalizedName("menu")
DAY = 86_400.0
FILE = IndexFile(
    "menu-1.0-py3-none-any.whl", "https://example.com/m.whl", (("sha256", "a" * 64),), ">=3", 1, None, "", ()
)
LISTING = Listing(
    name=NAME,
    index=INDEX,
    releases=(Release("1.0", (tuple(FILE),)),),
    status="archived",
    status_reason="old",
    skipped=3,
)
METADATA = Metadata(
    name=NAME, version="1.0", requires_python=">=3", requires_dist=("a",), provides_extra=(NormalizedName("x"),)
)


def entries(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


class TestPages:
    def test_a_page_comes_back_as_it_was(self, tmp_path: Path) -> None:
        kept = Validators(etag='"x"', last_modified="yesterday", max_age=60.0, digest="abc")
        IndexCache(tmp_path).store_page(URL, LISTING, kept)
        page = IndexCache(tmp_path).page(URL, NAME, INDEX)
        assert page is not None
        assert (page.listing, page.validators) == (LISTING, kept)
        assert page.listing is not None
        assert page.listing.releases[0].files == (FILE,)

    def test_a_page_remembers_which_releases_are_remarkable(self, tmp_path: Path) -> None:
        files = {
            "4.0": FILE._replace(yanked=None),
            "3.0": FILE._replace(yanked=""),
            "2.0": FILE._replace(yanked=None, requires_python=">=3.9.1"),
            "1.0": FILE._replace(yanked=None, requires_python=None),
        }
        releases = tuple(Release(version, (tuple(file),)) for version, file in files.items())
        IndexCache(tmp_path).store_page(URL, Listing(name=NAME, index=INDEX, releases=releases), Validators())
        page = IndexCache(tmp_path).page(URL, NAME, INDEX)
        assert page is not None
        assert page.listing is not None
        assert page.listing.remarkable == ((1, True, ()), (2, False, (">=3.9.1",)))
        assert [release.is_remarkable for release in page.listing.releases] == [False, True, True, False]
        assert page.listing.releases == releases
        assert hash(page.listing.releases) == hash(releases)

    @pytest.mark.parametrize("count", [1, 2000], ids=["read", "mapped"])
    def test_a_page_in_order_comes_back_in_order(self, tmp_path: Path, count: int) -> None:
        versions = tuple(f"{number}.0" for number in range(count, 0, -1))
        rows = [(tuple(FILE._replace(url=f"https://example.com/{version}")),) for version in versions]
        listing = Listing(name=NAME, index=INDEX, releases=Releases(versions, rows))
        IndexCache(tmp_path).store_page(URL, listing, Validators())
        page = IndexCache(tmp_path).page(URL, NAME, INDEX)
        assert page is not None
        assert page.listing == listing
        assert page.listing is not None
        assert isinstance(page.listing.releases, Releases)
        assert page.listing.releases[-1] == page.listing.releases[count - 1] == Release("1.0", rows[-1])
        assert page.listing.releases[:2] == tuple(listing.releases)[:2]

    @pytest.mark.parametrize("count", [1, 2000], ids=["read", "mapped"])
    def test_a_page_that_was_damaged_anywhere_counts_as_missing(self, tmp_path: Path, count: int) -> None:
        versions = tuple(f"{number}.0" for number in range(count, 0, -1))
        listing = Listing(name=NAME, index=INDEX, releases=Releases(versions, [(tuple(FILE),)] * count))
        IndexCache(tmp_path).store_page(URL, listing, Validators())
        (entry,) = entries(tmp_path)
        sound = entry.read_bytes()
        for place in (0, 31, 32, 35, 36, 43, 44, len(sound) // 2, len(sound) - 1):
            entry.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
            assert IndexCache(tmp_path).page(URL, NAME, INDEX) is None
            entry.write_bytes(sound[:place])
            assert IndexCache(tmp_path).page(URL, NAME, INDEX) is None

    def test_more_large_pages_come_back_than_files_may_be_open(self, tmp_path: Path) -> None:
        resource = pytest.importorskip("resource")
        large = replace(LISTING, status_reason="old" * 30_000)
        for number in range(100):
            IndexCache(tmp_path).store_page(f"{URL}{number}", large, Validators())
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
        try:
            cache = IndexCache(tmp_path)
            pages = [cache.page(f"{URL}{number}", NAME, INDEX) for number in range(100)]
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert [page is not None and page.listing == large for page in pages] == [True] * 100

    def test_a_large_page_comes_back_where_nothing_can_be_mapped(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise OSError

        large = replace(LISTING, status_reason="old" * 30_000)
        IndexCache(tmp_path).store_page(URL, large, Validators())
        monkeypatch.setattr("lockenv.index.cache._mapped", refuse)
        page = IndexCache(tmp_path).page(URL, NAME, INDEX)
        assert page is not None
        assert page.listing == large

    def test_that_a_name_is_unknown_is_kept_too(self, tmp_path: Path) -> None:
        IndexCache(tmp_path).store_page(URL, None, Validators())
        page = IndexCache(tmp_path).page(URL, NAME, INDEX)
        assert page is not None
        assert page.listing is None

    def test_a_page_is_fresh_for_as_long_as_it_says(self, tmp_path: Path) -> None:
        clock = Clock()
        cache = IndexCache(tmp_path, clock=clock)
        cache.store_page(URL, LISTING, Validators(max_age=600.0))

        def fresh(after: float) -> bool:
            clock.now += after
            page = cache.page(URL, NAME, INDEX)
            return page is not None and page.fresh

        assert [fresh(0), fresh(599), fresh(1)] == [True, True, False]
        cache.confirm_page(URL)
        assert [fresh(0), fresh(-DAY)] == [True, False]  # a clock that went back proves nothing

    def test_no_page_is_fresh_for_more_than_a_day(self, tmp_path: Path) -> None:
        clock = Clock()
        cache = IndexCache(tmp_path, clock=clock)
        cache.store_page(URL, LISTING, Validators(max_age=365 * DAY))
        clock.now += DAY
        page = cache.page(URL, NAME, INDEX)
        assert page is not None
        assert not page.fresh

    def test_what_may_not_be_stored_is_not(self, tmp_path: Path) -> None:
        IndexCache(tmp_path).store_page(URL, LISTING, Validators(storable=False))
        assert entries(tmp_path) == []

    def test_pages_of_different_addresses_are_apart(self, tmp_path: Path) -> None:
        cache = IndexCache(tmp_path)
        cache.store_page(URL, LISTING, Validators())
        assert cache.page(URL + "?x", NAME, INDEX) is None


class TestHeaders:
    @pytest.mark.parametrize(
        ("headers", "max_age", "storable"),
        [
            ({}, 0.0, True),
            ({"cache-control": "max-age=600"}, 600.0, True),
            ({"cache-control": 'Public, Max-Age="600"'}, 600.0, True),
            ({"cache-control": "max-age=600, no-cache"}, 0.0, True),
            ({"cache-control": "no-store"}, 0.0, False),
            ({"cache-control": "max-age=nonsense"}, 0.0, True),
            ({"cache-control": "max-age=-5"}, 0.0, True),
            ({"cache-control": "s-maxage=600"}, 0.0, True),
            ({"cache-control": "max-age=600", "age": "200"}, 400.0, True),
            ({"cache-control": "max-age=600", "age": "900"}, 0.0, True),
            ({"cache-control": "max-age=" + "9" * 50}, 999_999_999.0, True),
        ],
    )
    def test_they_say_how_long_and_whether(self, headers: dict[str, str], max_age: float, storable: bool) -> None:
        kept = validators_of(headers, "")
        assert (kept.max_age, kept.storable) == (max_age, storable)


class TestMetadata:
    def test_metadata_comes_back_as_it_was_for_ever(self, tmp_path: Path) -> None:
        clock = Clock()
        cache = IndexCache(tmp_path, clock=clock)
        cache.store_metadata("sha256:a", METADATA)
        clock.now += 1000 * DAY
        assert cache.metadata("sha256:a") == METADATA
        assert cache.metadata("sha256:b") is None

    def test_a_reason_for_having_none_is_kept(self, tmp_path: Path) -> None:
        IndexCache(tmp_path).store_metadata("sha256:a", "needs a build")
        assert IndexCache(tmp_path).metadata("sha256:a") == "needs a build"


class TestDigests:
    def test_a_digest_holds_as_long_as_the_file_is_untouched(self, tmp_path: Path) -> None:
        file, cache = tmp_path / "menu.whl", IndexCache(tmp_path / "cache")
        file.write_bytes(b"one")
        assert cache.digest(file) is None
        cache.store_digest(file, "abc")
        assert cache.digest(file) == "abc"
        os.utime(file, (1, 1))
        assert cache.digest(file) is None


class TestDamage:
    @pytest.mark.parametrize("keep", [0, 1, 31, 32, 33, 60, -1])
    def test_an_entry_cut_anywhere_counts_as_missing(self, tmp_path: Path, keep: int) -> None:
        cache = IndexCache(tmp_path)
        cache.store_metadata("key", METADATA)
        (entry,) = entries(tmp_path)
        entry.write_bytes(entry.read_bytes()[:keep])
        assert cache.metadata("key") is None

    def test_a_flipped_bit_counts_as_missing(self, tmp_path: Path) -> None:
        cache = IndexCache(tmp_path)
        cache.store_page(URL, LISTING, Validators())
        (entry,) = entries(tmp_path)
        raw = entry.read_bytes()
        for position in range(0, len(raw), 7):
            entry.write_bytes(raw[:position] + bytes([raw[position] ^ 4]) + raw[position + 1 :])
            assert cache.page(URL, NAME, INDEX) is None

    def test_an_entry_of_another_shape_counts_as_missing(self, tmp_path: Path) -> None:
        cache = IndexCache(tmp_path)
        cache._write(cache._path("pages", URL), URL, ("what", "is", "this"))
        cache._write(cache._path("metadata", "key"), "key", ("what", "is", "this"))
        assert cache.page(URL, NAME, INDEX) is None
        assert cache.metadata("key") is None

    def test_an_entry_of_another_key_counts_as_missing(self, tmp_path: Path) -> None:
        cache = IndexCache(tmp_path)
        cache._write(cache._path("metadata", "key"), "other", ("reason",))
        assert cache.metadata("key") is None

    def test_a_folder_in_the_place_of_an_entry_counts_as_missing(self, tmp_path: Path) -> None:
        cache = IndexCache(tmp_path)
        cache._path("metadata", "key").mkdir(parents=True)
        assert cache.metadata("key") is None
        cache.store_metadata("key", METADATA)

    def test_a_cache_that_cannot_be_written_is_no_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")  # root may write anywhere, but not below a file
        cache = IndexCache(tmp_path / "file")
        cache.store_page(URL, LISTING, Validators())
        cache.store_metadata("key", METADATA)
        cache.confirm_page(URL)
        assert cache.page(URL, NAME, INDEX) is None
        assert cache.size() == (0, 0)


def _store_many(root: str) -> None:
    for _ in range(50):
        IndexCache(Path(root)).store_page(URL, LISTING, Validators())


def test_two_processes_may_write_the_same_entry_at_once(tmp_path: Path) -> None:
    context = get_context("spawn")
    processes = [context.Process(target=_store_many, args=(str(tmp_path),)) for _ in range(2)]
    for process in processes:
        process.start()
    seen = set()
    while any(process.is_alive() for process in processes):
        page = IndexCache(tmp_path).page(URL, NAME, INDEX)
        seen.add(page.listing if page else None)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert seen <= {None, LISTING}
    assert len(entries(tmp_path)) == 1


class TestPruning:
    def test_entries_that_nobody_used_for_long_go(self, tmp_path: Path) -> None:
        clock = Clock()
        cache = IndexCache(tmp_path, clock=clock)
        cache.store_page(URL, LISTING, Validators())
        cache.store_metadata("used", METADATA)
        cache.store_metadata("unused", METADATA)
        clock.now += 20 * DAY
        assert cache.metadata("used") == METADATA
        clock.now += 20 * DAY
        size, count = cache.size()
        assert count == 3
        freed, removed = cache.prune(older_than_days=30)
        assert removed == 2
        assert cache.size() == (size - freed, 1)
        assert cache.metadata("used") == METADATA
        assert cache.metadata("unused") is None

    def test_pruning_without_age_empties_the_cache(self, tmp_path: Path) -> None:
        cache = IndexCache(tmp_path, clock=Clock())
        cache.store_metadata("key", METADATA)
        assert cache.prune()[1] == 1
        assert entries(tmp_path) == []
