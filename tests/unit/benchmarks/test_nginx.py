"""Whoever serves, answers and counts are the same."""

from __future__ import annotations

import http.client
import os
import socket
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks import nginx, serving
from benchmarks.nginx import Nginx, configuration, counted, hindrance
from benchmarks.recording import Recording
from benchmarks.serving import claimed, served

WHEEL = "/files/menu/menu-1.0-py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"
PIP = f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
KEPT = ("Cache-Control", "Content-Encoding", "Content-Range", "Content-Type", "Location", "Vary", "Last-Modified")
ASKED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/simple/menu/", {"Accept": PIP}),
    ("GET", "/simple/menu/", {"Accept": PIP, "Accept-Encoding": "gzip, deflate"}),
    ("GET", "/simple/menu/", {"Accept": f"{JSON};q=0.1, text/html"}),
    ("GET", "/simple/menu/", {"Accept": "text/html"}),
    ("GET", "/simple/menu/", {"Accept": "image/png"}),
    ("GET", "/simple/Menu/", {"Accept": PIP}),
    ("GET", "/simple/nobody/", {"Accept": PIP}),
    ("GET", "/simple/unasked/", {"Accept": PIP}),
    ("GET", "/menu/json", {}),
    ("GET", f"{WHEEL}.metadata", {}),
    ("HEAD", WHEEL, {}),
    ("GET", WHEEL, {}),
    ("GET", WHEEL, {"Range": "bytes=0-9"}),
    ("GET", WHEEL, {"Range": "bytes=-24"}),
    ("GET", "/files/menu/menu-2.0-py3-none-any.whl", {}),
    ("GET", "/files/menu/menu-2.0.tar.gz.metadata", {}),
    ("GET", "/files/menu/..%2F..%2Frecording.json", {}),
)
HERE = nginx.find()
NGINX = Nginx(program="/sbin/nginx", version="1.2", echo=Path("/modules/echo.so"), parts=("proxy",))


def answers(recording: Recording, server: str, latency: float = 0.0) -> tuple[list[object], list[object]]:
    """What a server says to all that is asked, and how it counts that."""
    with served(recording.folder, os.environ, manifest="lunch", server=server, latency=latency) as running:
        assert running.title.startswith({"own": "our own"}.get(server, server))
        connection = http.client.HTTPConnection(urlsplit(running.origin).netloc, timeout=30)
        said: list[object] = []
        for method, path, headers in ASKED:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            body = answer.read().replace(running.origin.encode(), b"")
            # Pages name the origin, whose port is another each time, and so is the length of what is deflated.
            told = {name: answer.headers.get_all(name) for name in KEPT}
            said.append((path, answer.status, None if told["Content-Encoding"] else body, told))
            if (answer.status, method) == (200, "GET") and answer.headers["ETag"]:
                connection.request(method, path, headers={**headers, "If-None-Match": answer.headers["ETag"]})
                again = connection.getresponse()
                said.append((path, again.status, again.read()))
        connection.close()
        counts = running.take_counts()
        again_counts = running.take_counts()
    assert counts.sent > 3000
    assert (again_counts.requests, again_counts.sent) == (0, 0)
    return said, [replace(counts, sent=0, cpu=0)]


@pytest.mark.skipif(HERE is None, reason="needs nginx")
def test_nginx_answers_and_counts_as_our_own_server_does(recording: Recording) -> None:
    recording.keep_asked("lunch", {"menu", "nobody"})
    assert answers(recording, "nginx") == answers(recording, "own")


@pytest.mark.skipif(HERE is None or HERE.echo is None, reason="needs nginx with its module echo")
def test_nginx_can_wait_and_answers_the_same(recording: Recording) -> None:
    recording.keep_asked("lunch", {"menu"})
    assert answers(recording, "nginx", 0.001) == answers(recording, "own", 0.001)


def test_requests_are_read_from_a_log() -> None:
    lines = [
        "7 200 900 - /simple/menu/",
        "7 304 100 - /simple/menu/",
        "8 206 50 - /files/menu/menu-1.0-py3-none-any.whl",
        "8 200 70 - /files/menu/menu-1.0-py3-none-any.whl.metadata",
        "9 404 999 404 /simple/unasked/ and so on",
        "10 200 999 200 /-/counts",
    ]
    found = counted(lines)
    assert (found.pages, found.not_modified, found.files, found.metadata, found.other) == (2, 1, 1, 1, 0)
    assert (found.not_found, found.sent, found.connections) == (0, 1120, 3)


def test_nginx_without_its_module_cannot_wait() -> None:
    assert "nginx-light" in hindrance(None, 0)
    assert not hindrance(NGINX, 0.03)
    bare = replace(NGINX, echo=None)
    assert not hindrance(bare, 0)
    assert "libnginx-mod-http-echo" in hindrance(bare, 0.03)


@pytest.mark.parametrize("latency", [0.0, 0.03])
def test_the_module_is_loaded_where_nginx_has_to_wait(latency: float) -> None:
    text = configuration(NGINX, Path("/scratch"), port=1, behind=2, latency=latency)
    assert ("load_module /modules/echo.so;" in text) == ("echo_sleep 0.030;" in text) == bool(latency)
    assert "proxy_temp_path /scratch/proxy;" in text
    assert "uwsgi" not in text


def test_who_serves_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx, "find", lambda: replace(NGINX, echo=None))
    assert serving.chosen("own", 0) is None
    assert serving.chosen("auto", 0) == serving.chosen("nginx", 0) == replace(NGINX, echo=None)
    assert serving.chosen("auto", 0.03) is None
    with pytest.raises(SystemExit, match="cannot wait without its module"):
        serving.chosen("nginx", 0.03)


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port} is taken"):
            claimed(port)
    assert claimed(port) == port
