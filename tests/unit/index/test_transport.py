"""What servers get wrong, by accident or on purpose, and what the transport makes of it."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.errors import NetworkError, Refused
from lockenv.index.auth import Credentials
from lockenv.index.http import Http
from lockenv.index.origins import origin_of
from lockenv.index.transport import dial, pool, wire
from lockenv.index.transport.failures import Malformed, TimedOut, Undecodable
from lockenv.index.transport.gzipped import gunzip
from lockenv.index.transport.wire import Head, Wire, parse_head, request
from tests.fakes.wire import CERTIFICATE, Drip, Proxy, Scripted, Silence, Step, Unasked, answer
from tests.unit.index.connecting import Sleeps, connection

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def got(*scripts: Sequence[Step], timeout: float = 10.0) -> bytes:
    with Scripted(*scripts) as server, connection(timeout=timeout) as http:
        return http.get(server.url).body


class TestHeads:
    @pytest.mark.parametrize(
        "head",
        [
            "HTTP/1.1 200 OK\r\nContent-Length : 5",
            "HTTP/1.1 200 OK\r\nA: b\r\n folded",
            "HTTP/1.1 200 OK\r\nA: b\r\n\tfolded",
            "HTTP/1.1 200 OK\r\n folded: at once",
            "HTTP/1.1 200 OK\r\nA: b\rC: d",
            "HTTP/1.1 200 OK\r\nA: b\nC: d",
            "HTTP/1.1 200 OK\nA: b",
            "HTTP/1.1 200 OK\r\nA: b\0",
            "HTTP/1.1 200 OK\r\nA: \x1b[2J",
            "HTTP/1.1 200 OK\r\nno colon",
            "HTTP/1.1 200 OK\r\n: no name",
            "HTTP/1.1 200 OK\r\nn\xe4me: x",
            "HTTP/1.1 20 OK",
            "HTTP/1.1 2000 OK",
            "HTTP/1.1 020 OK",
            "HTTP/1.1  200 OK",
            "HTTP/1.1 +20 OK",
            "HTTP/2 200",
            "HTTP/2.0 200 OK",
            "http/1.1 200 OK",
            "ICY 200 OK",
            "",
            "SSH-2.0-OpenSSH_9.6",
            "HTTP/1.1 200 OK" + "\r\nA: b" * 129,
        ],
    )
    def test_what_is_not_well_formed_is_refused(self, head: str) -> None:
        with pytest.raises(Malformed):
            parse_head(head.encode("latin-1"))

    @pytest.mark.parametrize(
        "fields",
        [
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: 5, 6",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: identity",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding:",
            "Content-Length: +5",
            "Content-Length: -5",
            "Content-Length: 0x5",
            "Content-Length: 5 5",
            "Content-Length: 5_0",
            "Content-Length: \xb2",
            "Content-Length:",
            "Content-Length: 5,",
            "Content-Length: 1" + "0" * 18,
        ],
    )
    @pytest.mark.parametrize("status", ["200 OK", "204 No Content"])
    def test_a_body_whose_end_is_uncertain_is_refused(self, status: str, fields: str) -> None:
        with pytest.raises(Malformed):
            parse_head(f"HTTP/1.1 {status}\r\n{fields}".encode("latin-1"))

    def test_an_old_server_cannot_send_chunks(self) -> None:
        with pytest.raises(Malformed):
            parse_head(b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked")

    @pytest.mark.parametrize(
        ("head", "framing", "lasting"),
        [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5", 5, True),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length:  5\t", 5, True),
            ("HTTP/1.1 200\r\nContent-Length: 5", 5, True),
            ("HTTP/1.1 200 \xfcber\r\nContent-Length: 005", 5, True),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED", "chunked", True),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close", 5, False),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5", 5, False),
            ("HTTP/1.1 200 OK", "until closed", False),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5", 0, True),
            ("HTTP/1.1 204 No Content", 0, True),
            ("HTTP/1.1 103 Early Hints", 0, True),
        ],
    )
    def test_a_head_says_where_the_body_ends_and_whether_the_connection_lasts(
        self, head: str, framing: int | str, lasting: bool
    ) -> None:
        found = parse_head(head.encode("latin-1"))
        assert (found.framing, found.lasting) == (framing, lasting)

    def test_fields_of_one_name_are_one_list(self) -> None:
        found = parse_head(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:2 \r\nContent-Length: 5, 5")
        assert found.headers == {"x-a": "1, 2", "content-length": "5"}

    @given(st.binary(max_size=200))
    def test_whatever_comes_is_a_head_or_is_refused(self, raw: bytes) -> None:
        try:
            found = parse_head(b"HTTP/1.1 200 OK\r\n" + raw)
        except Malformed:
            return
        assert isinstance(found, Head)
        assert not any(set("\r\n\0") & set(name + value) for name, value in found.headers.items())

    def test_a_head_that_is_too_long_is_refused(self) -> None:
        with pytest.raises(NetworkError, match="breaks the rules of HTTP"):
            got([b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000])

    def test_a_refusal_is_final_and_says_who_must_act(self) -> None:
        with Scripted([answer(b"", "Content-Length: 1")]) as server, connection() as http:
            with pytest.raises(NetworkError, match="breaks the rules of HTTP: its length is") as failure:
                http.get(server.url)
            assert server.connections == 1
        assert "ask the owner" in (failure.value.hint or "")

    def test_interim_answers_are_passed_over(self) -> None:
        early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        assert got([early + answer()]) == b"hello"

    @pytest.mark.parametrize("interim", [b"HTTP/1.1 100 Continue\r\n\r\n" * 9, b"HTTP/1.1 101 Up\r\n\r\n"])
    def test_interim_answers_have_an_end(self, interim: bytes) -> None:
        with pytest.raises(NetworkError, match="interim answers"):
            got([interim + answer()])


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"5\r\nhello\r\n0\r\n\r\n",
            b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            b"005 ; a=b\r\nhello\r\n00\r\nTrailer: x\r\n\r\n",
            b'5;a="b"\r\nhello\r\n0;c\r\n\r\n',
        ],
    )
    def test_chunks_are_put_together(self, body: bytes) -> None:
        with Scripted([CHUNKED + body, answer()]) as server, connection() as http:
            assert http.get(server.url).body == b"hello"
            assert http.get(server.url).body == b"hello"
            assert server.connections == 1

    def test_chunks_may_come_in_any_pieces(self) -> None:
        body = b"hello" * 40_000
        chunks = b"".join(
            b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:70_000], body[70_000:])
        )
        assert got([CHUNKED + chunks + b"0\r\n\r\n"]) == body
        assert got([Drip(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", 0.0)]) == b"hello"

    @pytest.mark.parametrize(
        "body",
        [
            b"5\nhello\r\n0\r\n\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhelloXX\r\n0\r\n\r\n",
            b"5\r\nhello\r\n\r\n",
            b"+5\r\nhello\r\n0\r\n\r\n",
            b"-5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
            b"5_0\r\nhello\r\n0\r\n\r\n",
            b" 5\r\nhello\r\n0\r\n\r\n",
            b"5 5\r\nhello\r\n0\r\n\r\n",
            b"1000000000000000\r\nhello\r\n0\r\n\r\n",
            b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n folded\r\n\r\n",
            b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
            b"5\r\nhello\r\n0\r\n" + b"A: b\r\n" * 20_000,
            (b"1;" + b"x" * 4000 + b"\r\nh\r\n") * 10,
        ],
    )
    def test_chunks_against_the_rules_are_refused(self, body: bytes) -> None:
        with pytest.raises(NetworkError, match="breaks the rules of HTTP"):
            got([CHUNKED + body])

    @pytest.mark.parametrize(
        "cut",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
            CHUNKED + b"5\r\nhel",
            CHUNKED + b"5\r\nhello\r\n",
            CHUNKED + b"5\r\nhello\r\n0\r\n",
            CHUNKED,
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"",
        ],
    )
    def test_an_answer_that_ends_early_is_asked_for_again(self, cut: bytes) -> None:
        assert got([cut], [cut], [answer(b"whole")]) == b"whole"
        with pytest.raises(NetworkError, match=r"the connection to 127\.0\.0\.1 broke: it ended early"):
            got([cut])

    def test_a_body_without_length_goes_to_the_end_of_the_connection(self) -> None:
        end = b"hello" * 50_000
        with Scripted([b"HTTP/1.1 200 OK\r\n\r\n" + end]) as server, connection() as http:
            assert http.get(server.url).body == http.get(server.url).body == end
            assert server.connections == 2

    def test_what_came_before_the_end_is_passed_on(self) -> None:
        cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 70_000
        with Scripted([cut]) as server, connection() as http, http.stream(server.url) as stream:
            received: list[bytes] = []
            with pytest.raises(NetworkError, match="broke"):
                received.extend(stream.chunks)
        assert len(b"".join(received)) == 70_000

    def test_an_endless_body_of_any_framing_is_refused(self) -> None:
        for head, more in (
            (CHUNKED, b"10000\r\n" + b"x" * 0x10000 + b"\r\n"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 0x10000),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", b"x" * 0x10000),
        ):
            with (
                Scripted([head + more * 20]) as server,
                connection() as http,
                pytest.raises(Refused, match="longer than 1024 KiB"),
            ):
                http.get(server.url, max_bytes=1 << 20)


class TestGzip:
    @given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
    def test_members_in_a_row_are_one_body(self, parts: list[bytes]) -> None:
        body = b"".join(parts)
        assert gunzip(b"".join(map(gzip.compress, parts)), len(body)) == body

    @given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(min_value=0, max_value=400))
    def test_no_more_than_a_byte_too_much_is_unpacked(self, parts: list[bytes], most: int) -> None:
        body = b"".join(parts)
        assert gunzip(b"".join(map(gzip.compress, parts)), most) == body[: most + 1]

    def test_a_bomb_is_cut(self) -> None:
        assert len(gunzip(gzip.compress(bytes(50 << 20)), 1 << 20)) == (1 << 20) + 1

    @pytest.mark.parametrize(
        "packed",
        [
            gzip.compress(b"hello" * 100)[:-1],
            gzip.compress(b"hello" * 100)[:12],
            gzip.compress(b"hello") + b"more",
            gzip.compress(b"hello")[:-8] + bytes(8),
            zlib.compress(b"hello"),
            b"\x1f",
        ],
        ids=["a byte short", "in its midst", "with more behind", "another checksum", "zlib", "a byte"],
    )
    def test_what_is_cut_or_spoilt_is_refused(self, packed: bytes) -> None:
        with pytest.raises(Undecodable):
            gunzip(packed, 1 << 20)

    def test_no_body_is_no_body(self) -> None:
        assert gunzip(b"", 0) == b""

    def test_gzip_that_has_nothing_in_it_and_no_end_is_refused(self) -> None:
        nothing = gzip.compress(b"") * 60_000
        with (
            Scripted([CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n%x\r\n" % len(nothing) + nothing]) as server,
            connection() as http,
            pytest.raises(Refused, match="longer than 1024 KiB"),
        ):
            http.get(server.url, max_bytes=1 << 20)

    def test_many_members_are_a_way_to_waste_time(self) -> None:
        assert gunzip(gzip.compress(b"x") * 256, 1000) == b"x" * 256
        with pytest.raises(Undecodable):
            gunzip(gzip.compress(b"") * 257, 1000)


class TestPatience:
    def test_a_drip_is_silence(self) -> None:
        slow = Drip(answer(b"x" * 1000), 0.02)
        with (
            Scripted([slow]) as server,
            connection(timeout=0.2) as http,
            pytest.raises(NetworkError, match="did not answer in time"),
        ):
            http.get(server.url)

    def test_silence_in_the_midst_is_told(self) -> None:
        with (
            Scripted([answer()[:-1], Silence()]) as server,
            connection(timeout=0.1) as http,
            pytest.raises(NetworkError),
        ):
            http.get(server.url)

    def test_thinking_before_an_answer_is_no_drip(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slow = _Slow(
            [(9.0, b"HTTP/1.1 "), (5.0, b"200 OK\r\nContent-Length: 2\r\n\r\n"), (4.0, b"h"), (0.5, b"i")]
        )
        monkeypatch.setattr(wire, "monotonic", slow.clock)
        answering = Wire(slow, timeout=10.0)
        assert b"".join(answering.body(answering.head().framing)) == b"hi"

    @pytest.mark.parametrize(("arrived", "enough"), [(900, False), (1200, True)])
    def test_enough_must_come_in_each_time_out(
        self, monkeypatch: pytest.MonkeyPatch, arrived: int, enough: bool
    ) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 4800\r\n\r\n"
        slow = _Slow([(9.0, head), *[(5.5, bytes(arrived // 2))] * (9600 // arrived)])
        monkeypatch.setattr(wire, "monotonic", slow.clock)
        answering = Wire(slow, timeout=10.0)
        body = answering.body(answering.head().framing)
        if enough:
            assert b"".join(body) == bytes(4800)
        else:
            with pytest.raises(TimedOut):
                list(body)


class _Slow:
    """A channel whose pieces take so many seconds each, by a clock of its own."""

    def __init__(self, pieces: Sequence[tuple[float, bytes]]) -> None:
        self._pieces = list(pieces)
        self._now = 0.0

    def clock(self) -> float:
        return self._now

    def recv(self, size: int, /) -> bytes:
        seconds, piece = self._pieces.pop(0)
        self._now += seconds
        return piece

    def sendall(self, data: bytes, /) -> None:
        raise AssertionError

    def fileno(self) -> int:
        raise AssertionError

    def close(self) -> None:
        return


class TestKeptConnections:
    def test_one_that_was_closed_is_replaced_without_a_word(self) -> None:
        sleep = Sleeps()
        with Scripted([answer(b"one")], [answer(b"two")]) as server, connection(sleep=sleep) as http:
            assert [http.get(server.url).body for _ in range(2)] == [b"one", b"two"]
            assert server.connections == 2
        assert sleep.taken == []

    def test_one_whose_end_meets_the_request_is_replaced_without_a_word(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "_speaks", lambda wire: False)  # the end comes after the look
        sleep = Sleeps()
        with Scripted([answer(b"one"), b""], [answer(b"two")]) as server, connection(sleep=sleep) as http:
            assert [http.get(server.url).body for _ in range(2)] == [b"one", b"two"]
            assert (server.connections, len(server.requests)) == (2, 3)
        assert sleep.taken == []

    def test_one_that_breaks_in_the_midst_of_an_answer_is_a_failure(self) -> None:
        sleep = Sleeps()
        script = [answer(b"one"), b"HTTP/1.1 2"]
        with Scripted(script, [answer(b"two")]) as server, connection(sleep=sleep) as http:
            assert [http.get(server.url).body for _ in range(2)] == [b"one", b"two"]
        assert len(sleep.taken) == 1

    @pytest.mark.parametrize("tls", [False, True])
    def test_what_nobody_asked_for_is_no_answer_to_the_next_request(self, tls: bool) -> None:
        planted = answer(b"planted")
        with (
            Scripted([Unasked(answer(b"one"), planted), planted], [answer(b"two")], tls=tls) as server,
            connection(environ={"SSL_CERT_FILE": str(CERTIFICATE)}) as http,
        ):
            assert [http.get(server.url).body for _ in range(2)] == [b"one", b"two"]
            assert server.connections == 2

    def test_one_that_rested_too_long_is_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pool, "_LONGEST_IDLE", 0.0)
        with Scripted([answer(), answer()]) as server, connection() as http:
            http.get(server.url)
            http.get(server.url)
            assert server.connections == 2

    @pytest.mark.parametrize("field", ["Connection: close", "Connection: foo, CLOSE"])
    def test_who_says_goodbye_is_not_asked_again(self, field: str) -> None:
        with Scripted([answer(b"hello", field), answer()]) as server, connection() as http:
            http.get(server.url)
            http.get(server.url)
            assert server.connections == 2

    def test_a_body_that_nobody_read_goes_with_its_connection(self) -> None:
        long = answer(b"x" * 200_000)
        with Scripted([long, long], [answer()]) as server, connection() as http:
            with http.stream(server.url) as stream:
                next(iter(stream.chunks))
            assert http.get(server.url).body == b"hello"

    def test_no_more_are_open_than_are_allowed(self) -> None:
        together = threading.Barrier(4)
        with Scripted([answer()] * 100) as server, _allowed(4) as http, ThreadPoolExecutor(16) as threads:

            def ask(number: int) -> bytes:
                if number < 4:
                    together.wait(30)
                return http.get(server.url).body

            assert set(threads.map(ask, range(60))) == {b"hello"}
            assert server.connections <= 4

    def test_a_failure_gives_its_turn_to_the_next(self) -> None:
        with Scripted([b"nonsense\r\n\r\n"]) as server, _allowed(1) as http:
            for _ in range(3):
                with pytest.raises(NetworkError):
                    http.get(server.url)

    def test_nothing_is_kept_after_the_end(self) -> None:
        with Scripted([answer(), answer()]) as server, connection() as http:
            http.close()
            http.get(server.url)
            http.get(server.url)
            assert server.connections == 2


def _allowed(connections: int) -> Http:
    return Http(credentials=Credentials(environ={}), environ={}, connections=connections, sleep=Sleeps())


class TestRequests:
    def test_a_request_is_written_as_the_standard_says(self) -> None:
        with Scripted([answer()]) as server, connection() as http:
            http.get(f"{server.url}/a b/\u00fc%20?q=1 2#f", headers={"Accept": "text/plain"})
            first, host, *rest = server.requests[0].decode().split("\r\n")
        assert first == "GET /x/a%20b/%C3%BC%20?q=1%202 HTTP/1.1"
        assert host == f"Host: {server.netloc}"
        assert "Accept: text/plain" in rest

    def test_an_address_without_path_has_one(self) -> None:
        with Scripted([answer()]) as server, connection() as http:
            http.get(f"http://{server.netloc}?q")
        assert server.requests[0].startswith(b"GET /?q HTTP/1.1\r\n")

    @pytest.mark.parametrize("value", ["a\r\nB: c", "a\nB: c", "a\0", "\u20ac"])
    def test_a_field_cannot_bring_others_along(self, value: str) -> None:
        with pytest.raises(ValueError, match="control characters"):
            request("/", {"If-None-Match": value})
        with Scripted([answer()]) as server, connection() as http:
            with pytest.raises(NetworkError):
                http.get(server.url, headers={"If-None-Match": value})
            assert server.connections == 0

    @pytest.mark.parametrize("host", ["ex\u00e4mple.com", "a b", "a..b", "exa<mple", "x" * 64 + ".example"])
    def test_a_host_that_can_be_none_is_told(self, host: str) -> None:
        with connection() as http, pytest.raises(NetworkError, match="not a URL"):
            http.get(f"http://{host}/")

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("http://example.com/", "example.com"),
            ("http://EXAMPLE.com:80/", "example.com"),
            ("http://example.com:443/", "example.com:443"),
            ("https://example.com:443/", "example.com"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("http://[fe80::1%eth0]/", "[fe80::1]"),
        ],
    )
    def test_the_host_is_named_as_the_standard_says(self, url: str, host: str) -> None:
        assert dial.authority(origin_of(url)) == host


class TestAddresses:
    def test_each_address_of_a_host_is_tried_and_the_one_that_works_kept(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[bytes] = []
        with Scripted([answer(b"hello", "Connection: close")]) as server, socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))  # bound and not listening
            stream = (socket.AF_INET, socket.SOCK_STREAM, 0, "")
            addresses = [(*stream, deaf.getsockname()), (*stream, ("127.0.0.1", server.port))]

            def look_up(host: bytes, port: int, **_: object) -> list[object]:
                asked.append(host)
                return list(addresses)

            monkeypatch.setattr(socket, "getaddrinfo", look_up)
            with connection() as http:
                assert http.get(f"http://index.invalid:{server.port}/x").body == b"hello"
                assert http.get(f"http://index.invalid:{server.port}/x").body == b"hello"
        assert asked == [b"index.invalid"]
        assert server.connections == 2

    def test_where_none_works_the_name_is_looked_up_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[bytes] = []
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))

            def look_up(host: bytes, port: int, **_: object) -> list[object]:
                asked.append(host)
                return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", deaf.getsockname())]

            monkeypatch.setattr(socket, "getaddrinfo", look_up)
            with connection() as http, pytest.raises(NetworkError, match=r"index\.invalid cannot be reached"):
                http.get("http://index.invalid/x")
        assert len(asked) == 4

    def test_a_name_that_nobody_knows_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def look_up(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        with connection() as http, pytest.raises(NetworkError, match=r"the host index\.invalid is not known"):
            http.get("http://index.invalid/x")

    @pytest.mark.parametrize("name", ["index.invalid", "127.0.0.1", "::1", "a_b.invalid.", f"{'a' * 63}.invalid"])
    def test_a_plain_name_is_asked_for_as_text_would_be(self, name: str) -> None:
        assert dial._asked_for(name) == name.encode("idna")

    @pytest.mark.parametrize("name", ["bücher.invalid", "a..invalid", f"{'a' * 64}.invalid", "a" * 64])
    def test_what_idna_has_to_say_something_of_is_left_to_it(self, name: str) -> None:
        assert dial._asked_for(name) == name

    def test_version_six_is_spoken(self) -> None:
        try:
            server = Scripted([answer()], family=socket.AF_INET6)
        except OSError:
            pytest.skip("this machine has no IPv6")
        with server, connection() as http:
            assert http.get(server.url).body == b"hello"
            assert f"Host: [::1]:{server.port}".encode() in server.requests[0]


class TestTls:
    TRUST: ClassVar = {"SSL_CERT_FILE": str(CERTIFICATE)}

    def test_a_certificate_that_was_named_is_trusted(self) -> None:
        with Scripted([answer(), answer()], tls=True) as server, connection(environ=self.TRUST) as http:
            assert http.get(server.url).body == http.get(server.url).body == b"hello"
            assert server.connections == 1

    def test_a_certificate_that_nobody_knows_is_not_and_nothing_is_sent(self) -> None:
        with Scripted([answer()], tls=True) as server, connection() as http:
            with pytest.raises(NetworkError, match="is not trusted") as failure:
                http.get(server.url)
            assert server.requests == []
            assert server.connections == 1
        assert "SSL_CERT_FILE" in (failure.value.hint or "")

    def test_a_certificate_of_somebody_else_is_not_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Scripted([answer()], tls=True) as server, connection(environ=self.TRUST) as http:
            place = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", server.port))
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [place])
            with pytest.raises(NetworkError, match="is not trusted"):
                http.get(f"https://index.invalid:{server.port}/x")
            assert server.requests == []

    def test_long_bodies_arrive_whole(self) -> None:
        body = bytes(range(256)) * 4000
        with Scripted([answer(body)], tls=True) as server, connection(environ=self.TRUST) as http:
            assert http.get(server.url).body == body

    def test_a_body_to_the_end_of_a_connection_needs_the_farewell_of_tls(self) -> None:
        # Without it anybody on the way could cut the body short.
        cut = b"HTTP/1.1 200 OK\r\n\r\nhel"
        with (
            Scripted([cut], tls=True) as server,
            connection(environ=self.TRUST) as http,
            pytest.raises(NetworkError, match="broke"),
        ):
            http.get(server.url)


class TestProxies:
    TRUST: ClassVar = {"SSL_CERT_FILE": str(CERTIFICATE)}

    @pytest.mark.parametrize("tls", [False, True])
    def test_a_protected_host_is_reached_through_a_tunnel(self, tls: bool) -> None:
        body = bytes(range(256)) * 1000
        with Scripted([answer(body), answer(body)], tls=True) as server, Proxy(tls=tls) as proxy:
            environ = {**self.TRUST, "https_proxy": proxy.url.replace("://", "://me:secret@")}
            with connection(environ=environ) as http:
                assert http.get(server.url).body == http.get(server.url).body == body
        assert len(proxy.requests) == 1
        head = proxy.requests[0].decode()
        assert head.startswith(f"CONNECT {server.netloc} HTTP/1.1\r\nHost: {server.netloc}\r\n")
        assert "Proxy-Authorization: Basic " in head
        assert not any(b"proxy-authorization" in each.lower() for each in server.requests)

    @pytest.mark.parametrize("tls", [False, True])
    def test_other_hosts_are_asked_for_in_full(self, tls: bool) -> None:
        with Scripted([answer(), answer()], tls=tls) as proxy:
            environ = {**self.TRUST, "http_proxy": proxy.url.removesuffix("/x")}
            with connection(environ=environ) as http:
                http.get("http://index.invalid/simple/?q")
                http.get("http://index.invalid:8080/simple/")
        assert proxy.requests[0].startswith(
            b"GET http://index.invalid/simple/?q HTTP/1.1\r\nHost: index.invalid\r\n"
        )
        assert b"Proxy-Authorization" not in proxy.requests[0]
        assert proxy.connections == 2

    def test_a_refused_tunnel_is_told(self) -> None:
        refusal = b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n"
        with (
            Proxy(refusal=refusal) as proxy,
            connection(environ={"https_proxy": proxy.url}) as http,
            pytest.raises(NetworkError, match="it answered 407 Proxy Authentication Required") as failure,
        ):
            http.get("https://index.invalid/")
        assert "HTTPS_PROXY" in (failure.value.hint or "")

    def test_a_proxy_may_not_speak_into_its_tunnel(self) -> None:
        with (
            Proxy(refusal=b"HTTP/1.1 200 OK\r\n\r\nhello") as proxy,
            connection(environ={"https_proxy": proxy.url}) as http,
            pytest.raises(NetworkError, match="the proxy on the way"),
        ):
            http.get("https://index.invalid/")

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_proxy_that_is_not_there_is_told(self, scheme: str) -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            environ = {"all_proxy": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
            with (
                connection(environ=environ) as http,
                pytest.raises(NetworkError, match=r"the proxy on the way to index\.invalid .* it refused"),
            ):
                http.get(f"{scheme}://index.invalid/")

    def test_the_certificate_of_the_host_behind_a_tunnel_is_checked(self) -> None:
        with (
            Scripted([answer()], tls=True) as server,
            Proxy() as proxy,
            connection(environ={"https_proxy": proxy.url}) as http,
            pytest.raises(NetworkError, match=r"the certificate of 127\.0\.0\.1 is not trusted"),
        ):
            http.get(server.url)


def test_a_wire_takes_bytes_however_they_are_cut() -> None:
    said = answer(b"hello" * 20, "X-A: b") + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"
    for size in (1, 2, 3, 5, 7, 100, 1000):
        cut = Wire(_Pieces(said, size), timeout=10.0)
        assert [b"".join(cut.body(cut.head().framing)) for _ in range(2)] == [b"hello" * 20, b"abc"]
        assert cut.quiet


class _Pieces:
    """A channel that has bytes to give, in pieces of one size."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._size = size

    def recv(self, size: int, /) -> bytes:
        piece = self._data[: min(size, self._size)]
        self._data = self._data[len(piece) :]
        return piece

    def sendall(self, data: bytes, /) -> None:
        raise AssertionError

    def fileno(self) -> int:
        raise AssertionError

    def close(self) -> None:
        return
