"""The server on a real socket."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchmarks.counts import Counts
from benchmarks.recording import Recording
from benchmarks.server import Connection, Server, parse_head
from benchmarks.site import Missing, Site
from tests.unit.benchmarks.conftest import CONTENT, METADATA

WHEEL = "/files/menu/menu-1.0-py3-none-any.whl"


@contextmanager
def running(server: Server) -> Iterator[Callable[[], http.client.HTTPConnection]]:
    """Run a server in a thread; yields how to connect to it."""
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(loop.create_server(lambda: Connection(server), "127.0.0.1", 0))
    port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    opened: list[http.client.HTTPConnection] = []

    def connect() -> http.client.HTTPConnection:
        opened.append(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        return opened[-1]

    try:
        yield connect
    finally:
        for connection in opened:
            connection.close()
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def get(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> tuple[int, bytes]:
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_many_requests_on_one_connection_are_counted(site: Site) -> None:
    server = Server(site, latency=0.001)
    with running(server) as connect:
        one = connect()
        assert get(one, "/simple/menu/")[0] == 200
        assert get(one, f"{WHEEL}.metadata") == (200, METADATA)
        assert get(one, WHEEL) == (200, CONTENT)
        assert get(one, WHEEL, Range="bytes=-3") == (206, CONTENT[-3:])
        assert get(one, WHEEL, method="HEAD") == (200, b"")
        assert get(one, "/simple/nobody/")[0] == 404
        assert get(one, WHEEL, method="PUT")[0] == 405
        counts = server.take_counts()
    assert (counts.connections, counts.pages, counts.metadata, counts.files, counts.other) == (1, 2, 1, 3, 1)
    assert (counts.requests, counts.not_found, counts.unrecorded) == (7, 1, [])
    assert counts.sent > len(METADATA) + len(CONTENT)
    assert server.counts == Counts()


def test_a_large_file_comes_whole(recording: Recording) -> None:
    large = CONTENT * 1024
    recording.file("menu", "menu-1.0-py3-none-any.whl").write_bytes(large)
    server = Server(Site(recording, "http://127.0.0.1:1"))
    with running(server) as connect:
        assert get(connect(), WHEEL) == (200, large)
    assert server.counts.sent > len(large)


def test_a_gap_in_the_recording_is_a_404_that_is_reported(site: Site) -> None:
    server = Server(site)
    with running(server) as connect:
        assert get(connect(), "/simple/unasked/")[0] == 404
    assert server.counts.unrecorded == ["page of unasked"]


def test_what_is_missing_is_fetched_once_while_others_are_served(site: Site) -> None:
    fetched, go_on = [], threading.Event()

    def fetch(missing: Missing) -> None:
        fetched.append(missing.what)
        assert go_on.wait(30)
        site.recording.keep_page(missing.project, None)

    server = Server(site, fetch=fetch)
    with running(server) as connect:
        waiting = [connect(), connect()]
        for each in waiting:
            each.request("GET", "/simple/unasked/")
        assert get(connect(), "/simple/menu/")[0] == 200
        go_on.set()
        assert [each.getresponse().status for each in waiting] == [404, 404]
    assert fetched == ["page of unasked"]
    assert (server.counts.fetched, server.counts.unrecorded) == (1, [])


def test_a_client_is_told_where_the_index_cannot_be_asked(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    def fetch(missing: Missing) -> None:
        msg = f"no network for the {missing.what}"
        raise OSError(msg)

    with running(Server(site, fetch=fetch)) as connect:
        assert get(connect(), "/simple/unasked/")[0] == 502
    assert "page of unasked could not be recorded: no network" in capfd.readouterr().err


@pytest.mark.parametrize(
    "head",
    [b"", b"GET /", b"GET / HTTP/2", b"GET / HTTP/1.1\r\nno colon", b"PUT / HTTP/1.1\r\nContent-Length: 3"],
)
def test_a_head_that_is_none_is_refused(head: bytes) -> None:
    assert parse_head(head) is None


def test_a_head_is_read_without_its_query() -> None:
    request = parse_head(b"GET /simple/?x=1 HTTP/1.1\r\nAccept-Encoding:  gzip ")
    assert request is not None
    assert (request.path, dict(request.headers)) == ("/simple/", {"accept-encoding": "gzip"})
