"""Builds that begin before the search asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from lockenv.build.builder import Builder
from lockenv.build.sources import ArchiveFile
from lockenv.errors import BuildError
from lockenv.index.client import IndexClient
from lockenv.index.fetch import NeedsBuild
from lockenv.manifest.model import PathSource
from lockenv.operations.archives import Archives, Arrived
from lockenv.operations.places import Places
from lockenv.operations.sources import Sources
from lockenv.packages import IndexFile, Listing, Metadata, NormalizedName
from lockenv.resolution.source import Guide

OLD = NormalizedName("old")
SDIST = IndexFile("old-1.0.tar.gz", "https://example.com/old-1.0.tar.gz")
LISTING = Listing(name=OLD, index="https://example.com/simple/", releases=())
SAID = Metadata(name=OLD, version="1.0")


class Indexes:
    """Knows `old`, whose metadata only a build can tell, and goes with a guide as far as its choice."""

    def __init__(self) -> None:
        self.explored: list[str] = []

    def metadata(self, name: NormalizedName, version: str, file: IndexFile) -> Metadata:
        del name, version, file
        msg = "needs a build"
        raise NeedsBuild(msg)

    def explore(self, names: Iterable[NormalizedName], guide: Guide) -> None:
        self.explored.extend(names)
        guide.choose(LISTING)


class Backend:
    """Builds when it may; counts, and fails if it is told to."""

    def __init__(self, error: BuildError | None = None) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self._error = error

    def metadata(self, source: ArchiveFile) -> Metadata:
        assert source.name == OLD
        self.threads.append(threading.current_thread().name)
        self.begun.set()
        assert self.may_end.wait(10)
        if self._error is not None:
            raise self._error
        return SAID


class ToTheSdist:
    """A guide that chooses the sdist."""

    def choose(self, listing: Listing) -> tuple[NormalizedName, str, IndexFile]:
        return listing.name, "1.0", SDIST

    def follow(self, metadata: Metadata) -> tuple[NormalizedName, ...]:
        del metadata
        return ()

    def beside(self, listing: Listing, chosen: object) -> tuple[()]:
        del listing, chosen
        return ()

    def pursue(self, metadata: Metadata) -> tuple[()]:
        del metadata
        return ()


def sources_with(backend: Backend, indexes: Indexes, declared: Any = ()) -> Sources:
    class Brought:
        def bring(self, *_: object, **__: object) -> Arrived:
            return Arrived(path=Path(SDIST.filename), sha256="a" * 64, size=1)

    return Sources(
        cast("IndexClient", indexes),
        declared,
        places=cast("Places", type("NoPlaces", (), {"open": None})),
        archives=cast("Archives", Brought()),
        builder=cast("Callable[[], Builder]", lambda: backend),
    )


def test_a_build_begins_beside_the_search_and_is_run_once() -> None:
    backend = Backend()
    sources = sources_with(backend, Indexes())
    sources.explore([OLD], ToTheSdist())
    sources.explore([OLD], ToTheSdist())
    assert backend.begun.wait(10)  # and yet we are here
    backend.may_end.set()
    assert sources.metadata(OLD, "1.0", SDIST) is SAID
    assert sources.metadata(OLD, "1.0", SDIST) is SAID
    sources.close()
    assert len(backend.threads) == 1
    assert backend.threads[0].startswith("lockenv-build")


def test_why_it_failed_is_told_to_whoever_asks_and_to_nobody_else() -> None:
    backend = Backend(BuildError("no compiler"))
    backend.may_end.set()
    sources = sources_with(backend, Indexes())
    sources.explore([OLD], ToTheSdist())
    with pytest.raises(BuildError, match="no compiler"):
        sources.metadata(OLD, "1.0", SDIST)
    sources.close()
    assert len(backend.threads) == 1


def test_after_closing_nothing_begins_ahead() -> None:
    backend = Backend()
    sources = sources_with(backend, Indexes())
    sources.close()
    sources.explore([OLD], ToTheSdist())
    assert not backend.threads


def test_indexes_hear_nothing_of_what_the_manifest_takes_from_elsewhere() -> None:
    indexes, backend = Indexes(), Backend()
    backend.may_end.set()
    sources = sources_with(backend, indexes, [(NormalizedName("own"), PathSource(path="own"))])
    sources.explore([OLD, NormalizedName("own")], ToTheSdist())
    sources.close()
    assert indexes.explored == [OLD]
