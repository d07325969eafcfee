"""Unit: a client says on which pages its answers rest, unless they rest on something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lockenv.errors import LockenvError
from lockenv.index.auth import Credentials
from lockenv.index.client import IndexClient
from lockenv.index.http import Http
from lockenv.index.noting import NotingCache
from lockenv.packages import Index, NormalizedName
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import make_sdist, make_wheel

MENU, DISH, NOBODY = map(NormalizedName, ("menu", "dish", "nobody"))


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with FakeIndex(cache_control="max-age=600") as fake:
        fake.add(make_wheel("menu", "1.0"))
        fake.add(make_wheel("dish", "1.0"))
        yield fake


@pytest.fixture
def client(tmp_path: Path, index: FakeIndex) -> Iterator[IndexClient]:
    indexes = (Index(name="test", url=index.url),)
    with (
        Http(credentials=Credentials(environ={}, indexes=indexes, keyring=False), environ={}) as http,
        IndexClient(indexes=indexes, http=lambda: http, cache=NotingCache(tmp_path / "cache")) as made,
    ):
        yield made


def read(client: IndexClient, name: NormalizedName = MENU) -> None:
    listing = client.listing(name)
    assert listing is not None
    for release in listing.releases:
        client.metadata(name, release.version, release.files[0])


def pages(client: IndexClient) -> int | None:
    found = client.rests_on()
    return len(found) if found is not None else None


def test_all_pages_that_were_asked_for_count_and_names_that_nobody_knows(client: IndexClient) -> None:
    read(client)
    assert client.listing(NOBODY) is None
    assert pages(client) == 2


def test_what_was_only_fetched_ahead_does_not_count(client: IndexClient, index: FakeIndex) -> None:
    index.fail("/simple/nobody/", status=403)
    client.prefetch_listings([DISH, NOBODY])
    read(client)
    client.close()
    assert pages(client) == 1


def test_that_an_sdist_needs_a_build_is_a_fact_of_its_file(client: IndexClient, index: FakeIndex) -> None:
    index.add(make_sdist("made", "1.0", dynamic=["Requires-Dist"]))
    with pytest.raises(LockenvError):
        read(client, NormalizedName("made"))
    assert pages(client) == 1


def _a_page_that_fails(index: FakeIndex) -> None:
    index.fail("/simple/menu/", status=403)


def _metadata_that_fails(index: FakeIndex) -> None:
    index.fail("/files/*", status=403)


def _a_file_without_a_hash(index: FakeIndex) -> None:
    index.add(make_wheel("menu", "2.0"), hashes={})


@pytest.mark.parametrize("spoil", [_a_page_that_fails, _metadata_that_fails, _a_file_without_a_hash])
def test_what_may_be_another_thing_next_time_is_told(
    spoil: Callable[[FakeIndex], None], client: IndexClient, index: FakeIndex
) -> None:
    spoil(index)
    try:
        read(client)
    except LockenvError:
        index.mend()
    client.listing(DISH)
    assert pages(client) is None
