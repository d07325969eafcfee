from __future__ import annotations

import gzip
import socket
import ssl
import zlib
from pathlib import Path
from typing import ClassVar

import pytest

from lockenv.errors import NetworkError, Refused, UsageError
from lockenv.events import Requested
from lockenv.index.connect import proxy_for, tls_context
from lockenv.index.http import Http, RangesUnsupported, _redirected
from lockenv.index.transport.failures import Unprotected, Unresolved, explain
from lockenv.packages import Index
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import make_wheel
from tests.unit.index.connecting import Events, Sleeps, connection


def test_an_answer_has_status_headers_body_and_address() -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", "hello", "text/plain")
        answer = http.get(f"{index.origin}/x")
        assert (answer.status, answer.body, answer.url) == (200, b"hello", f"{index.origin}/x")
        assert answer.headers["content-type"] == "text/plain"


def test_connections_are_used_again() -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", "hello")
        index.redirect("/y", "/x")
        for path in ("/x", "/y", "/x"):
            http.get(index.origin + path)
        assert index.connections == 1


class TestRetries:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_a_passing_status_is_tried_again_with_growing_pauses(self, status: int) -> None:
        sleep = Sleeps()
        with FakeIndex() as index, connection(sleep=sleep) as http:
            index.serve("/x", "hello")
            index.fail("/x", status=status, times=3)
            assert http.get(f"{index.origin}/x").body == b"hello"
            assert index.count("/x") == 4
        assert sleep.taken == [0.4, 0.8, 1.6]

    def test_a_status_that_does_not_pass_is_told_after_four_tries(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.fail("/x", status=503)
            with pytest.raises(NetworkError, match=r"/x answered 503 \(Service Unavailable\)"):
                http.get(f"{index.origin}/x")
            assert index.count("/x") == 4

    def test_the_pause_that_the_server_asks_for_is_taken(self) -> None:
        sleep = Sleeps()
        with FakeIndex() as index, connection(sleep=sleep) as http:
            index.serve("/x", "hello")
            index.fail("/x", status=429, times=1, headers={"Retry-After": "7"})
            http.get(f"{index.origin}/x")
        assert sleep.taken == [7.0]

    def test_a_date_to_wait_for_counts_from_the_clock_of_the_server(self) -> None:
        sleep = Sleeps()
        with FakeIndex() as index, connection(sleep=sleep) as http:
            index.serve("/x", "hello")
            index.fail("/x", status=503, times=1, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
            http.get(f"{index.origin}/x")
        assert sleep.taken == [0.4]  # long past

    def test_a_server_that_asks_for_an_hour_is_not_waited_for(self) -> None:
        sleep = Sleeps()
        with FakeIndex() as index, connection(sleep=sleep) as http:
            index.fail("/x", status=429, headers={"Retry-After": "3600"})
            with pytest.raises(NetworkError, match="429"):
                http.get(f"{index.origin}/x")
        assert sleep.taken == []

    def test_a_connection_that_is_cut_is_tried_again(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", "hello")
            index.fail("/x", hang_up=True, times=2)
            assert http.get(f"{index.origin}/x").body == b"hello"

    def test_a_body_that_ends_early_is_fetched_again(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", "hello")
            index.fail("/x", truncate_to=2, times=1)
            assert http.get(f"{index.origin}/x").body == b"hello"

    def test_a_body_that_always_ends_early_is_an_error(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", "hello")
            index.fail("/x", truncate_to=2)
            with pytest.raises(NetworkError, match=r"the connection to 127\.0\.0\.1 broke"):
                http.get(f"{index.origin}/x")

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 451, 599])
    def test_other_statuses_are_final(self, status: int) -> None:
        with FakeIndex() as index, connection() as http:
            index.fail("/x", status=status)
            with pytest.raises(NetworkError, match="/x") as failure:
                http.get(f"{index.origin}/x")
            assert failure.value.hint
            assert index.count("/x") == 1

    def test_nobody_waits_once_the_connections_are_closed(self) -> None:
        sleep = Sleeps()
        with FakeIndex() as index, connection(sleep=sleep) as http:
            index.fail("/x", status=503)
            http.close()
            with pytest.raises(NetworkError):
                http.get(f"{index.origin}/x")
        assert sleep.taken == []


class TestWords:
    def test_a_refused_connection_is_told(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening
            port = taken.getsockname()[1]
            with (
                connection() as http,
                pytest.raises(NetworkError, match=r"127\.0\.0\.1 cannot be reached: it refused"),
            ):
                http.get(f"http://127.0.0.1:{port}/x")

    @pytest.mark.parametrize(("number", "later"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)])
    def test_an_unknown_host_is_told_and_tried_again_if_only_the_name_server_failed(
        self, number: int, later: bool
    ) -> None:
        unresolved = Unresolved()
        unresolved.__cause__ = socket.gaierror(number, "no such host")
        told, passing = explain(unresolved, "http://nowhere.invalid/x")
        assert (told.message, passing) == ("the host nowhere.invalid is not known: no such host", later)

    def test_a_certificate_that_nobody_trusts_is_told_and_not_tried_again(self) -> None:
        refused = Unprotected()
        refused.__cause__ = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        told, passing = explain(refused, "https://example.com/x")
        assert "the certificate of example.com is not trusted" in told.message
        assert "SSL_CERT_FILE" in (told.hint or "")
        assert not passing

    @pytest.mark.parametrize("url", ["http://", "http://exa mple/", "http://[::1/", "http://example.com:99999/"])
    def test_a_url_that_is_none_is_told(self, url: str) -> None:
        with connection() as http, pytest.raises(NetworkError, match="not a URL"):
            http.get(url)

    def test_a_silent_server_is_told(self) -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            with connection(timeout=0.05) as http, pytest.raises(NetworkError, match="did not answer in time"):
                http.get(f"http://127.0.0.1:{server.getsockname()[1]}/x")

    def test_a_server_without_tls_is_told(self) -> None:
        with (
            FakeIndex() as index,
            connection() as http,
            pytest.raises(NetworkError, match="no protected connection"),
        ):
            http.get(index.origin.replace("http:", "https:"))

    def test_messages_and_events_hold_no_credentials_and_messages_no_query(self) -> None:
        events = Events()
        with FakeIndex() as index, connection(reporter=events) as http:
            url = index.origin.replace("http://", "http://me:secret@") + "/x?token=secret"
            with pytest.raises(NetworkError) as failure:
                http.get(url)
        assert "secret" not in failure.value.message
        assert [event.url for event in events.seen if isinstance(event, Requested)] == [
            f"{index.origin}/x?token=secret"
        ]

    def test_each_request_is_reported_with_its_status(self) -> None:
        events = Events()
        with FakeIndex() as index, connection(reporter=events) as http:
            index.serve("/x", "hello")
            index.fail("/x", status=503, times=1)
            index.redirect("/y", "/x")
            http.get(f"{index.origin}/y")
        assert [(e.status, e.received) for e in events.seen if isinstance(e, Requested)] == [
            (302, 0),
            (503, 0),
            (302, 0),
            (200, 5),
        ]


class TestBounds:
    def test_an_endless_body_is_refused(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", "hello")
            index.fail("/x", endless=True)
            with pytest.raises(Refused, match="longer than 1024 KiB"):
                http.get(f"{index.origin}/x", max_bytes=1 << 20)

    def test_a_body_counts_by_what_it_unpacks_to(self) -> None:
        bomb = gzip.compress(bytes(50 << 20))
        with FakeIndex() as index, connection() as http:
            index.serve("/x", bomb, **{"Content-Encoding": "gzip"})
            with pytest.raises(Refused, match="longer than 1024 KiB"):
                http.get(f"{index.origin}/x", max_bytes=1 << 20)

    @pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate"])
    def test_an_encoding_that_was_not_asked_for_is_an_error(self, encoding: str) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", zlib.compress(b"x"), **{"Content-Encoding": encoding})
            with pytest.raises(NetworkError, match="not asked for"):
                http.get(f"{index.origin}/x")

    def test_a_body_that_does_not_unpack_is_an_error(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", b"no gzip", **{"Content-Encoding": "gzip"})
            with pytest.raises(NetworkError, match="cannot be decompressed"):
                http.get(f"{index.origin}/x")

    def test_a_compressed_body_is_unpacked(self) -> None:
        with FakeIndex(compress=True) as index, connection() as http:
            index.add(make_wheel("menu", "1.0"))
            assert b"menu-1.0" in http.get(f"{index.url}menu/").body


class TestRedirects:
    def test_the_address_of_an_answer_is_where_it_came_from(self) -> None:
        with FakeIndex() as index, FakeIndex() as other, connection() as http:
            other.serve("/y", "hello")
            index.redirect("/x", f"{other.origin}/y")
            assert http.get(f"{index.origin}/x").url == f"{other.origin}/y"

    def test_five_redirects_are_followed_and_a_circle_is_not(self) -> None:
        with FakeIndex() as index, connection() as http:
            index.serve("/x", "hello")
            index.redirect("/r", "/r", times=4)
            index.redirect("/r", "/x", times=1)
            assert http.get(f"{index.origin}/r").body == b"hello"
            index.redirect("/c", "/c")
            with pytest.raises(NetworkError, match="redirects more than 5 times"):
                http.get(f"{index.origin}/c")

    def test_credentials_do_not_follow_to_another_origin(self) -> None:
        with FakeIndex(credentials=("me", "secret")) as index, FakeIndex() as other:
            other.serve("/y", "hello")
            declared = Index(name="acme", url=index.url.replace("http://", "http://me:secret@"))
            with connection(indexes=[declared]) as http:
                index.redirect("/x", f"{other.origin}/y")
                http.get(f"{index.origin}/x")
            assert "authorization" in index.requests[0].headers
            assert "authorization" not in other.requests[0].headers

    @pytest.mark.parametrize("location", ["http://example.com/x", "//example.com:80/x"])
    def test_a_redirect_may_not_give_up_protection(self, location: str) -> None:
        if location.startswith("//"):
            assert _redirected("https://example.com/", location).startswith("https://")
        else:
            with pytest.raises(Refused, match="from https to http"):
                _redirected("https://example.com/", location)

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.com/", "http://[::1/"])
    def test_a_redirect_to_something_else_is_refused(self, location: str) -> None:
        with FakeIndex() as index, connection() as http:
            index.redirect("/x", location)
            with pytest.raises(Refused, match="neither http nor https"):
                http.get(f"{index.origin}/x")

    def test_a_redirect_brings_no_credentials_of_its_own(self) -> None:
        assert _redirected("http://example.com/a", "http://me:secret@example.com/b") == "http://example.com/b"


class TestParts:
    @pytest.fixture
    def wheel_url(self) -> str:
        return "files/menu-1.0-py3-none-any.whl"

    def test_a_part_tells_where_it_starts_and_how_long_the_whole_is(self, wheel_url: str) -> None:
        built = make_wheel("menu", "1.0")
        with FakeIndex() as index, connection() as http:
            index.add(built)
            part = http.get_range(f"{index.origin}/{wheel_url}", "-10", max_bytes=10)
        assert (part.content, part.start, part.total) == (
            built.content[-10:],
            len(built.content) - 10,
            len(built.content),
        )

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 200},
            {"status": 416},
            {"status": 501},
            {"status": 206},
            {"status": 206, "headers": {"Content-Range": "bytes 0-99/50"}},
            {"status": 206, "headers": {"Content-Range": "bytes 0-5/50"}, "body": b"123"},
            {"status": 206, "headers": {"Content-Range": "bytes 0-5/50"}, "body": b"123456789"},
            {"status": 206, "headers": {"Content-Range": "bytes 0-500/501"}},
            {"status": 206, "headers": {"Content-Range": "bytes 0-0/9", "Content-Encoding": "gzip"}, "body": b"1"},
        ],
    )
    def test_a_server_that_answers_with_anything_else_has_no_parts(
        self, wheel_url: str, fault: dict[str, object]
    ) -> None:
        with FakeIndex() as index, connection() as http:
            index.fail("/files/*", **fault)
            with pytest.raises(RangesUnsupported):
                http.get_range(f"{index.origin}/{wheel_url}", "0-9", max_bytes=10)

    def test_a_long_answer_to_a_request_for_a_part_is_not_read(self, wheel_url: str) -> None:
        with FakeIndex(ranges=False) as index, connection() as http:
            index.add(make_wheel("menu", "1.0"))
            index.fail("/files/*", endless=True)
            with pytest.raises(RangesUnsupported):
                http.get_range(f"{index.origin}/{wheel_url}", "0-9", max_bytes=10)


class TestProxies:
    ENVIRON: ClassVar = {
        "HTTPS_PROXY": "http://proxy.example.com:3128",
        "no_proxy": "localhost, .example.org,example.net:8443",
    }

    @pytest.mark.parametrize(
        ("url", "used"),
        [
            ("https://example.com/", True),
            ("http://example.com/", False),
            ("https://localhost/", False),
            ("https://a.example.org/", False),
            ("https://example.org/", False),
            ("https://notexample.org/", True),
            ("https://example.net:8443/", False),
            ("https://example.net/", True),
        ],
    )
    def test_a_proxy_is_chosen_by_scheme_and_host(self, url: str, used: bool) -> None:
        assert proxy_for(url, self.ENVIRON) == ("http://proxy.example.com:3128" if used else None)

    def test_one_proxy_may_serve_all(self) -> None:
        assert proxy_for("http://example.com", {"ALL_PROXY": "proxy:1"}) == "http://proxy:1"
        assert proxy_for("http://example.com", {"ALL_PROXY": "proxy:1", "NO_PROXY": "*"}) is None

    def test_socks_is_refused_with_a_remedy(self) -> None:
        with pytest.raises(UsageError, match="neither http nor https"):
            proxy_for("https://example.com", {"ALL_PROXY": "socks5://proxy:1080"})

    def test_requests_go_through_the_proxy_with_its_credentials(self) -> None:
        with FakeIndex() as proxy:
            proxy.serve("/x", "from the proxy")
            environ = {"http_proxy": proxy.origin.replace("http://", "http://me:secret@")}
            with connection(environ=environ) as http:
                assert http.get("http://example.com/x").body == b"from the proxy"
            assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")
            assert proxy.requests[0].headers["host"] == "example.com"


def test_a_certificate_file_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "certificates.pem"
    file.write_text("no certificate")
    with pytest.raises(UsageError, match="cannot be read"):
        tls_context({"SSL_CERT_FILE": str(file)})


def test_closing_twice_is_no_error() -> None:
    http: Http = connection()
    http.close()
    http.close()
