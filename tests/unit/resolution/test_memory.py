"""A source that remembers, and can be closed."""

from __future__ import annotations

import pytest

from lockenv.errors import MetadataError, NetworkError
from lockenv.packages import IndexFile, canonicalize_name
from lockenv.resolution.memory import Memory, NotAsked
from tests.fakes.source import FakeSource, fake_source

A, B = canonicalize_name("a"), canonicalize_name("b")


@pytest.fixture
def source() -> FakeSource:
    return fake_source({"a": {"1": [], "2": {"broken": "cut short"}}, "b": {"1": []}})


def file_of(memory: Memory, version: str) -> IndexFile:
    listing = memory.listing(A)
    assert listing is not None
    return next(release.files[0] for release in listing.releases if release.version == version)


def test_what_was_asked_once_is_not_asked_again(source: FakeSource) -> None:
    memory = Memory(source)
    for _ in range(2):
        assert memory.listing(canonicalize_name("zz")) is None
        assert memory.metadata(A, "1", file_of(memory, "1")).version == "1"
        with pytest.raises(MetadataError, match="cut short"):
            memory.metadata(A, "2", file_of(memory, "2"))
    assert source.listings_read == ["zz", "a"]
    assert source.metadata_read == ["a 1", "a 2"]
    assert list(memory.names()) == ["a"]


def test_a_closed_memory_answers_what_it_knows_and_nothing_else(source: FakeSource) -> None:
    memory = Memory(source)
    file = file_of(memory, "1")
    with memory.closed():
        assert memory.listing(A) is not None
        with pytest.raises(NotAsked):
            memory.listing(B)
        with pytest.raises(NotAsked):
            memory.metadata(A, "1", file)
        memory.prefetch_listings([B])
    assert memory.listing(B) is not None


def test_a_network_failure_is_not_remembered(source: FakeSource) -> None:
    source.unreachable = frozenset({A})
    memory = Memory(source)
    with pytest.raises(NetworkError):
        memory.listing(A)
    source.unreachable = frozenset()
    assert memory.listing(A) is not None
