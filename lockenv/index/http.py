"""HTTP as an index client needs it: pooled, bounded, patient, and plain about what went wrong.

One `Http` serves all threads of a process. Requests are retried with exponential back-off where that can help;
redirects are followed a few times and never from https to http; credentials go to their own origin only.
"""

from __future__ import annotations

import contextlib
import random
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Self, TypeVar
from urllib.parse import urljoin, urlsplit

from lockenv import __version__
from lockenv.errors import NetworkError, Refused
from lockenv.events import Answered, Asked, Reporter, Requested, silent
from lockenv.index import connect
from lockenv.index.auth import Credentials, Login, login_in
from lockenv.index.origins import origin_of, without_credentials
from lockenv.index.transport.failures import TransportError, explain
from lockenv.index.transport.gzipped import gunzip
from lockenv.index.transport.memory import give_back_large_blocks
from lockenv.index.transport.pool import Answer, Pools
from lockenv.values import dataclass

MAX_PAGE_BYTES = 64 << 20  #: of an index page, decompressed; the longest known has 15 MiB
_LARGE = 512 << 10  #: bytes; of bodies above this size there are few in memory at a time
_HUGE = 16 << 20  #: bytes; no page of an index that means well is longer
_SLACK = 1 << 16  #: bytes by which gzip may be longer than what is in it
_SHORT = 1 << 16  #: bytes that are sooner read than a connection is opened
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({429, 500, 502, 503, 504})  #: statuses that another try may change
_LONGEST_WAIT = 30.0  #: seconds; a longer `Retry-After` is not worth waiting for unasked
_FIRST_WAIT = 0.4  #: seconds before the second try; doubled for each further one
_OK = frozenset({200})
_RANGE_ANSWERS = frozenset({200, 206, 416, 501})
_USER_AGENT = f"lockenv/{__version__}"
_LOGIN = "set LOCKENV_INDEX_<NAME>_USERNAME and …_PASSWORD (NAME as in [[index]]), or write a netrc entry"
#: What to do about a status that says nothing more.
CHECK_URL = "check the URL"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer. `url` is the address it came from in the end; header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a file: its bytes, where they start, and how long the whole file is."""

    content: bytes
    start: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer whose body is still to come, as it was sent: content encodings are not undone."""

    status: int
    url: str
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class RangesUnsupported(Exception):
    """The server does not serve parts of this file: a signal to take another way, not an error."""


class Http:
    """The connections of a process.

    `connections` bounds those to one host. `sleep` (default: a pause that `close` ends) and `jitter` (a number
    from 0 to 1) are injected so that tests need not wait; `timeout` is for connecting and for each read, in
    seconds; `attempts` counts the first.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        environ: Mapping[str, str],
        reporter: Reporter = silent,
        connections: int = 16,
        timeout: float = 30.0,
        attempts: int = 4,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._credentials = credentials
        self._reporter = reporter
        self._attempts = attempts
        self._jitter = jitter
        self._pools = Pools(environ=environ, connections=connections, timeout=timeout)
        self._large = threading.Semaphore(1)
        self._closed = threading.Event()
        self._sleep = sleep or self._closed.wait

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections and stop retrying, pauses included; requests under way come to their end."""
        self._closed.set()
        self._pools.close()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_PAGE_BYTES,
        accept_statuses: frozenset[int] = _OK,
    ) -> Response:
        """Get a whole body, decompressed, of at most `max_bytes`.

        Raises `NetworkError` for what cannot be reached or answers with another status, `Refused` for a body that
        is longer or a redirect to an unprotected address.
        """
        with self.reading(url, headers=headers, max_bytes=max_bytes, accept_statuses=accept_statuses) as answer:
            return answer

    def have_read_elsewhere(self, count: int) -> None:
        """Have so many large bodies in memory at a time, instead of one: what reading them takes is elsewhere."""
        self._large = threading.Semaphore(max(count, 1))

    @contextlib.contextmanager
    def reading(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_PAGE_BYTES,
        accept_statuses: frozenset[int] = _OK,
    ) -> Iterator[Response]:
        """Get as `get` does. Of large bodies there are few at a time, until a block is left."""
        wanted = {"Accept-Encoding": "gzip", **(headers or {})}
        with contextlib.ExitStack() as turn:
            yield self._retried(lambda: self._get_once(url, wanted, max_bytes, accept_statuses, turn))

    @contextlib.contextmanager
    def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None, accept_statuses: frozenset[int] = _OK
    ) -> Iterator[Stream]:
        """Open a body for reading in chunks; the bytes are the file's own, whatever the server calls them.

        Raises as `get`; while reading, `NetworkError` where the connection breaks or the body ends early.
        """
        wanted = {"Accept-Encoding": "identity", **(headers or {})}
        raw, final = self._retried(lambda: self._open(url, wanted, accept_statuses))
        try:
            self._report(final, raw.status, int(raw.headers.get("content-length", 0)))
            chunks = _settled(_chunks(raw, final))
            yield Stream(status=raw.status, url=final, headers=raw.headers, chunks=chunks)
        finally:
            raw.close()

    def get_range(self, url: str, byte_range: str, *, max_bytes: int) -> Part:
        """Get a part of a file. `byte_range` is one of RFC 9110, such as ``0-99`` or ``-65536``.

        Raises `RangesUnsupported` where the server sends anything else, otherwise as `get` does.
        """
        return self._retried(lambda: self._get_range_once(url, byte_range, max_bytes))

    # -- one try

    def _get_once(
        self,
        url: str,
        headers: Mapping[str, str],
        max_bytes: int,
        accept_statuses: frozenset[int],
        turn: contextlib.ExitStack,
    ) -> Response:
        turn.close()  # of an earlier try
        raw, final = self._open(url, headers, accept_statuses)
        try:
            body = _unpacked(raw, final, max_bytes, lambda: turn.enter_context(self._large))
            self._report(final, raw.status, len(body))
            return Response(status=raw.status, url=final, headers=raw.headers, body=body)
        finally:
            raw.close()

    def _get_range_once(self, url: str, byte_range: str, max_bytes: int) -> Part:
        headers = {"Range": f"bytes={byte_range}", "Accept-Encoding": "identity"}
        raw, final = self._open(url, headers, _RANGE_ANSWERS)
        try:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", raw.headers.get("content-range", ""), re.ASCII)
            if raw.status != 206 or found is None or "content-encoding" in raw.headers:
                raise RangesUnsupported(final)
            start, last, total = (int(number) for number in found.groups())
            if not start <= last < total or last - start >= max_bytes:
                raise RangesUnsupported(final)
            body = bytearray()
            for chunk in _chunks(raw, final):
                body += chunk
                if len(body) > last - start + 1:
                    raise RangesUnsupported(final)
            self._report(final, raw.status, len(body))
            if len(body) != last - start + 1:
                raise RangesUnsupported(final)
            return Part(content=bytes(body), start=start, total=total)
        finally:
            raw.close()

    def _open(self, url: str, headers: Mapping[str, str], accept_statuses: frozenset[int]) -> tuple[Answer, str]:
        """Send a request, follow redirects, judge the status: (the answer, the URL it came from)."""
        connect.check(url)
        here = url
        for _ in range(_MAX_REDIRECTS + 1):
            raw = self._request(here, headers)
            location = raw.headers.get("location")
            if raw.status not in _REDIRECTS or not location:
                if raw.status in accept_statuses:
                    return raw, without_credentials(here)
                _dispose(raw)
                self._report(here, raw.status, 0)
                raise _failure(raw, here)
            _dispose(raw)
            self._report(here, raw.status, 0)
            here = _redirected(here, location)
        msg = f"{connect.describe(url)} redirects more than {_MAX_REDIRECTS} times"
        raise NetworkError(msg, hint="check the index's URL")

    def _request(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Send one request, with the credentials of its origin; on a 401, with those of the keyring."""
        bare = without_credentials(url)
        login = login_in(url) or self._credentials.for_url(bare)
        raw = self._send(bare, headers, login)
        if raw.status == 401 and login_in(url) is None:
            second = self._credentials.ask_keyring(bare)
            if second is not None and second != login:
                _dispose(raw)
                self._report(bare, raw.status, 0)
                return self._send(bare, headers, second)
        return raw

    def _send(self, url: str, headers: Mapping[str, str], login: Login | None) -> Answer:
        sent = {"User-Agent": _USER_AGENT, **headers}
        if login is not None:
            sent["Authorization"] = login.header
        self._reporter(Asked(url=url))
        try:
            return self._pools.request(url, sent)
        except (TransportError, OSError, ValueError) as error:
            raise _unreachable(error, url) from error
        finally:
            self._reporter(Answered(url=url))

    # -- the tries together

    def _retried(self, once: Callable[[], _T]) -> _T:
        """Try until it works, fails for good, or has failed often enough."""
        tried = 1
        while True:
            try:
                return once()
            except _PassingFailure as failure:
                if tried >= self._attempts or self._closed.is_set() or failure.wait > _LONGEST_WAIT:
                    raise failure.error from failure.__cause__
                # Full jitter: threads that failed together should not come back together.
                self._sleep(max(failure.wait, _FIRST_WAIT * 2 ** (tried - 1) * (0.5 + self._jitter() / 2)))
            tried += 1

    def _report(self, url: str, status: int, received: int) -> None:
        self._reporter(Requested(method="GET", url=without_credentials(url), status=status, received=received))


class _PassingFailure(Exception):
    """A failure that another try may mend. `wait` is the least time to wait before it, in seconds."""

    def __init__(self, error: NetworkError, wait: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait = wait


def _unreachable(error: Exception, url: str) -> NetworkError | _PassingFailure:
    explained, passing = explain(error, url)
    return _PassingFailure(explained) if passing else explained


def _failure(raw: Answer, url: str) -> NetworkError | _PassingFailure:
    """Say what a status means."""
    where, host = connect.describe(url), connect.host_of(url)
    if raw.status in _PASSING:
        error = NetworkError(f"{where} answered {_status(raw.status)}", hint="try again later")
        return _PassingFailure(error, _retry_after(raw))
    if raw.status == 401:
        return NetworkError(
            f"{host} asks for a user and a password, or refuses those it got ({where})", hint=_LOGIN
        )
    if raw.status == 403:
        return NetworkError(f"{host} forbids access to {where}", hint=_LOGIN)
    return NetworkError(f"{where} answered {_status(raw.status)}", hint=CHECK_URL)


def _status(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)


def _retry_after(raw: Answer) -> float:
    """Seconds to wait by `Retry-After` (RFC 9110, 10.2.3); a date counts from the server's own clock."""
    value = raw.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    from email.utils import parsedate_to_datetime

    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(raw.headers.get("date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0


def _redirected(url: str, location: str) -> str:
    """Where a redirect leads. Raises `Refused` where that is less protected than where it came from."""
    try:
        target = without_credentials(urljoin(without_credentials(url), location))
        scheme, host, _ = origin_of(target)
    except ValueError:
        scheme, host, target = "", "", location
    shown = connect.describe(url)
    if scheme == "http" and urlsplit(url).scheme == "https":
        msg = f"{shown} redirects from https to http ({connect.host_of(target)})"
        raise Refused(msg, hint="declare the index with the address that it should be reached at")
    if scheme not in {"http", "https"} or not host:
        msg = f"{shown} redirects to something that is neither http nor https"
        raise Refused(msg, hint="check the index's URL")
    return target


def _chunks(raw: Answer, url: str) -> Iterator[bytes]:
    """Read a body bit by bit; what goes wrong may pass."""
    try:
        yield from raw.chunks()
    except TransportError as error:
        raise _unreachable(error, url) from error


def _unpacked(raw: Answer, url: str, max_bytes: int, take_turn: Callable[[], object]) -> bytes:
    """Read a whole body and undo its encoding; neither what comes nor what is in it may be too long.

    `take_turn` is called, once at most, before more than `_LARGE` bytes are held.
    """
    encoding = raw.headers.get("content-encoding", "identity").lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        msg = f"{connect.describe(url)} is encoded in a way that was not asked for"
        raise NetworkError(msg, hint="the server disregards Accept-Encoding; ask its owner")
    if encoding == "identity":
        return _whole(_chunks(raw, url), url, max_bytes, max_bytes, take_turn)
    # Gzip can go on for ever without anything in it, so what comes is bounded, too.
    packed = _whole(_chunks(raw, url), url, max_bytes, max_bytes + _SLACK, take_turn)
    try:
        body = gunzip(packed, min(_LARGE, max_bytes))
        if len(body) > _LARGE and max_bytes > _LARGE:
            if len(packed) <= _LARGE:
                take_turn()
            body = gunzip(packed, min(_HUGE, max_bytes))
        if len(body) > _HUGE and max_bytes > _HUGE:
            give_back_large_blocks()
            body = gunzip(packed, max_bytes)
    except TransportError as error:
        raise _unreachable(error, url) from error
    if len(body) > max_bytes:
        raise _too_long(url, max_bytes)
    return body


def _whole(chunks: Iterable[bytes], url: str, max_bytes: int, most: int, take_turn: Callable[[], object]) -> bytes:
    """Put a body of at most `most` bytes together."""
    pieces: list[bytes] = []
    have = 0
    for chunk in chunks:
        pieces.append(chunk)
        if have <= _LARGE < have + len(chunk):
            take_turn()
        have += len(chunk)
        if have > most:
            raise _too_long(url, max_bytes)
    return b"".join(pieces)


def _too_long(url: str, max_bytes: int) -> Refused:
    msg = f"{connect.describe(url)} is longer than {max_bytes >> 10} KiB, which nothing proper is"
    return Refused(msg, hint="check that the URL is the one that you mean")


def _settled(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass chunks on where nobody else tries again: what may pass is an error as it stands."""
    try:
        yield from chunks
    except _PassingFailure as failure:
        raise failure.error from failure.__cause__


def _dispose(raw: Answer) -> None:
    """Be done with an answer whose body is of no interest; a short one is read so that the connection lives on."""
    length = raw.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:9]) <= _SHORT:
        with contextlib.suppress(TransportError):
            for _ in raw.chunks():
                continue
    raw.close()
