"""Unit: a cache that notes its pages tells of those that are kept as they were read, and of no others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lockenv.index.cache import IndexCache, Validators
from lockenv.index.noting import NotingCache
from lockenv.packages import Listing, NormalizedName
from lockenv.values import replace

INDEX = "https://index.example/simple/"
NAME = NormalizedName("menu")
URL = f"{INDEX}menu/"
FRESH = Validators(etag='"1"', max_age=600.0, digest="one")
NEWER = Validators(etag='"2"', max_age=600.0, digest="two")


def listing(status: str = "active") -> Listing:
    return Listing(name=NAME, index=INDEX, releases=(), status=status)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A cache that somebody has filled."""
    IndexCache(tmp_path).store_page(URL, listing(), FRESH)
    return tmp_path


def test_a_page_that_was_read_is_told_by_its_file(kept: Path) -> None:
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    found = cache.pages_read([URL])
    assert found is not None
    (page,) = found
    content = (kept / page.place).read_bytes()
    assert (content[: len(page.seal)], len(content), page.fresh) == (page.seal, page.size, 600.0)


def test_no_page_is_fresh_for_longer_than_a_day(tmp_path: Path) -> None:
    cache = NotingCache(tmp_path)
    IndexCache(tmp_path).store_page(URL, listing(), Validators(max_age=1e9, digest="one"))
    cache.page(URL, NAME, INDEX)
    found = cache.pages_read([URL])
    assert found is not None
    assert found[0].fresh == 86_400


def test_a_page_that_was_fetched_or_confirmed_is_told(kept: Path) -> None:
    other = f"{INDEX}dish/"
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    cache.confirm_page(URL)
    assert cache.page(other, NAME, INDEX) is None
    cache.store_page(other, listing(), NEWER)
    assert len(cache.pages_read([URL, other]) or ()) == 2


def test_a_name_that_no_index_knows_is_told_as_well(tmp_path: Path) -> None:
    cache = NotingCache(tmp_path)
    cache.page(URL, NAME, INDEX)
    cache.store_page(URL, None, Validators(max_age=600.0))
    assert len(cache.pages_read([URL]) or ()) == 1


@pytest.mark.parametrize("fetched", [False, True])
def test_a_page_that_another_process_has_stored_meanwhile_is_not(fetched: bool, kept: Path) -> None:
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    if fetched:
        cache.store_page(URL, listing("archived"), NEWER)
    IndexCache(kept).store_page(URL, listing("deprecated"), Validators(max_age=600.0, digest="three"))
    assert cache.pages_read([URL]) is None


def test_one_that_another_process_has_confirmed_is(kept: Path) -> None:
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    IndexCache(kept).confirm_page(URL)
    assert len(cache.pages_read([URL]) or ()) == 1


def test_a_page_that_may_not_be_kept_is_not(kept: Path) -> None:
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    cache.store_page(URL, listing(), Validators(digest="two", storable=False))
    assert cache.pages_read([URL]) is None


def test_a_page_that_was_never_read_or_went_is_not(kept: Path) -> None:
    cache = NotingCache(kept)
    assert cache.pages_read([URL]) is None
    cache.page(URL, NAME, INDEX)
    for path in (kept / "pages").rglob("*"):
        if path.is_file():
            path.unlink()
    assert cache.pages_read([URL]) is None


def test_a_page_whose_name_became_known_is_not_the_same(tmp_path: Path) -> None:
    unknown = Validators(max_age=600.0)
    IndexCache(tmp_path).store_page(URL, None, unknown)
    cache = NotingCache(tmp_path)
    cache.page(URL, NAME, INDEX)
    IndexCache(tmp_path).store_page(URL, listing(), unknown)
    assert cache.pages_read([URL]) is None


def test_a_page_that_another_process_reads_for_this_one_is_told(kept: Path) -> None:
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    IndexCache(kept).store_page(URL, listing("archived"), NEWER)
    assert cache.pages_read([URL]) is None
    cache.page_read_elsewhere(URL, NAME, INDEX)
    assert len(cache.pages_read([URL]) or ()) == 1


class Overtaken(NotingCache):
    """A cache with a look at a page that takes so long that another thread stores the page meanwhile."""

    overtaking = False

    def _look_up(self, url: str, name: NormalizedName, index_url: str) -> Any:
        seen = super()._look_up(url, name, index_url)
        if self.overtaking:
            self.store_page(url, listing(), NEWER)
        return seen


def test_a_page_that_is_stored_while_another_thread_looks_for_it_is_told(tmp_path: Path) -> None:
    cache = Overtaken(tmp_path)
    cache.page(URL, NAME, INDEX)
    cache.overtaking = True
    assert cache.page(URL, NAME, INDEX) is None
    assert len(cache.pages_read([URL]) or ()) == 1


@pytest.mark.parametrize("storable", [False, True])
def test_a_later_look_does_not_change_which_page_was_read(storable: bool, kept: Path) -> None:
    cache = NotingCache(kept)
    cache.page(URL, NAME, INDEX)
    cache.store_page(URL, listing(), replace(NEWER, storable=storable))
    IndexCache(kept).store_page(URL, listing("deprecated"), Validators(max_age=600.0, digest="three"))
    cache.page(URL, NAME, INDEX)
    assert cache.pages_read([URL]) is None


def test_answers_count_and_go_by_their_use(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    for name, age in (("old", 10.0), ("new", 1.0)):
        (folder / name).write_bytes(b"four")
        os.utime(folder / name, (1e9 - age * 86_400, 1e9 - age * 86_400))
    cache = NotingCache(tmp_path, clock=lambda: 1e9)
    assert cache.size() == (8, 2)
    assert cache.prune(older_than_days=5) == (4, 1)
    assert [path.name for path in folder.iterdir()] == ["new"]
