"""What the tests of the index client share: connections that do not wait, and a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lockenv.events import Event, Reporter, silent
from lockenv.index.auth import Credentials
from lockenv.index.cache import IndexCache
from lockenv.index.client import IndexClient
from lockenv.index.http import Http
from lockenv.packages import Index, NormalizedName


@dataclass(slots=True)
class Clock:
    """Seconds since the epoch, as the test says."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Sleeps:
    """Keeps the pauses that were asked for and takes none."""

    taken: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@dataclass(slots=True)
class Events:
    """Keeps what was reported."""

    seen: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.seen.append(event)


def connection(
    *,
    indexes: Iterable[Index] = (),
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    reporter: Reporter = silent,
    sleep: Sleeps | None = None,
    timeout: float = 10.0,
) -> Http:
    environ = environ or {}
    credentials = Credentials(environ=environ, indexes=indexes, home=home)
    return Http(
        credentials=credentials,
        environ=environ,
        reporter=reporter,
        sleep=sleep or Sleeps(),
        jitter=lambda: 1.0,
        timeout=timeout,
    )


@dataclass(slots=True)
class Run:
    """One run of the tool: a client with its own connections, over a cache that outlives it."""

    http: Http
    client: IndexClient

    def __enter__(self) -> IndexClient:
        return self.client

    def __exit__(self, *exception: object) -> None:
        self.client.close()
        self.http.close()


def run(
    root: Path,
    *indexes: Index | str,
    routes: Mapping[NormalizedName, str] | None = None,
    offline: bool = False,
    clock: Clock | None = None,
    reporter: Reporter = silent,
) -> Run:
    declared = [
        Index(name=f"index{number}", url=index) if isinstance(index, str) else index
        for number, index in enumerate(indexes)
    ]
    http = connection(indexes=declared, reporter=reporter)
    client = IndexClient(
        indexes=declared,
        routes=routes,
        http=lambda: http,
        cache=IndexCache(root, clock=clock or Clock()),
        offline=offline,
        reporter=reporter,
        workers=4,
    )
    return Run(http, client)
