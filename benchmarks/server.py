"""HTTP/1.1 on loopback for a `Site`: asyncio without streams, because tools and server share few cores.

A latency is waited for before each answer, by a timer and not by a thread. Every connection is served alone and
in order, so as many as a client opens wait side by side. The answers are counted; `/-/counts` tells the figures
since it was asked last.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from benchmarks.counts import Counts
from benchmarks.site import Answer, Missing, Part, Request, Site

_LONGEST_HEAD: Final = 64 << 10
_SMALL: Final = 256 << 10  #: bodies up to here are read and written at once


class Server:
    """Serves a site. `fetch` adds what is missing to its recording, in a thread; without it that is a 404.

    `front` tells what was asked of a server before this one, since it told so last, all connections included.
    """

    def __init__(
        self,
        site: Site,
        *,
        latency: float = 0.0,
        fetch: Callable[[Missing], None] | None = None,
        front: Callable[[], Counts] | None = None,
    ) -> None:
        self.site = site
        self.latency = latency
        self.counts = Counts()
        self._fetch = fetch
        self._front = front
        self._cpu = time.process_time()
        self._under_way: dict[tuple[str, str], asyncio.Future[None]] = {}

    def take_counts(self) -> Counts:
        """Give the counts, and begin anew."""
        counts, self.counts = self.counts, Counts()
        now = time.process_time()
        counts.cpu, self._cpu = now - self._cpu, now
        if self._front is not None:
            counts.connections = 0  # which were the front's
            counts.add(self._front())
        return counts

    def answer(self, request: Request) -> Answer | Missing:
        """Answer a request from the recording."""
        if request.path == "/-/counts":
            body = json.dumps(asdict(self.take_counts())).encode()
            return Answer(kind="other", headers={"Content-Type": "application/json"}, body=body)
        if request.method not in {"GET", "HEAD"}:
            return Answer(kind="other", status=405)
        found = self.site.answer(request)
        if isinstance(found, Missing) and self._fetch is None:
            self.counts.unrecorded.append(found.what)
            return Answer(kind=found.kind, status=404, body=b"not in the recording\n")
        return found

    async def fetch(self, missing: Missing) -> None:
        """Fetch what is missing, once however many ask for it."""
        key = missing.kind, missing.file.filename if missing.file else missing.project
        future = self._under_way.get(key)
        if future is None:
            assert self._fetch is not None, "only a recorder fetches"
            self.counts.fetched += 1
            loop = asyncio.get_running_loop()
            future = self._under_way[key] = loop.run_in_executor(None, self._fetch, missing)
            future.add_done_callback(lambda _: self._under_way.pop(key, None))
        await asyncio.shield(future)


class Connection(asyncio.Protocol):
    """One client's connection: a request is read, waited for, answered; then comes the next."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._received = bytearray()
        self._busy = False
        self._is_new = True
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # asyncio does so only for sockets that say they are TCP's, which an accepted one may not; without it an
        # answer in two pieces waits 40 ms for the client's acknowledgement.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        """The client went away."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a request's head is whole."""
        self._received += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        self._busy = end >= 0
        if end < 0:
            if len(self._received) > _LONGEST_HEAD and self._transport:
                self._transport.close()
            return
        head = bytes(self._received[:end])
        del self._received[: end + 4]
        request = parse_head(head)
        if request is None:
            self._send(
                Request(method="GET", path="", headers={"connection": "close"}), Answer(kind="other", status=400)
            )
        elif self._server.latency and not request.path.startswith("/-/"):
            asyncio.get_running_loop().call_later(self._server.latency, self._respond, request)
        else:
            self._respond(request)

    def _respond(self, request: Request) -> None:
        found = self._server.answer(request)
        if isinstance(found, Missing):
            self._start(self._fetch_and_respond(request, found))
        else:
            self._send(request, found)

    async def _fetch_and_respond(self, request: Request, missing: Missing) -> None:
        try:
            await self._server.fetch(missing)
        except Exception as error:  # noqa: BLE001 - the client must be told, whatever it was
            print(f"{missing.what} could not be recorded: {error}", file=sys.stderr, flush=True)
            self._send(request, Answer(kind=missing.kind, status=502))
        else:
            self._respond(request)

    def _send(self, request: Request, answer: Answer) -> None:
        transport, counts = self._transport, self._server.counts
        if transport is None:
            return
        closing = request.headers.get("connection", "").lower() == "close"
        head = head_of(answer, closing=closing)
        bodiless = request.method == "HEAD" or answer.status == HTTPStatus.NOT_MODIFIED
        if not request.path.startswith("/-/"):
            counts.note(answer.kind, answer.status)
            counts.sent += len(head) + (0 if bodiless else answer.length)
            counts.connections += self._is_new
            self._is_new = False
        if not bodiless and isinstance(answer.body, Part) and answer.body.length > _SMALL:
            transport.write(head)
            self._start(self._send_file(answer.body, closing=closing))
        else:
            transport.write(head if bodiless else head + _read(answer.body))
            self._done(closing=closing)

    async def _send_file(self, part: Part, *, closing: bool) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(ConnectionError, RuntimeError), part.path.open("rb") as file:
            assert self._transport is not None, "the head was just sent"
            await loop.sendfile(self._transport, file, part.start, part.length)
        self._done(closing=closing)

    def _done(self, *, closing: bool) -> None:
        if self._transport is None:
            return
        if closing:
            self._transport.close()
        else:
            self._next()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def parse_head(head: bytes) -> Request | None:
    """Read a request's head; None if it is none that this server understands. Bodies are not expected."""
    try:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, version = first.split(" ")
        headers = {}
        for line in lines:
            key, colon, value = line.partition(":")
            if not colon:
                return None
            headers[key.strip().lower()] = value.strip()
    except ValueError:
        return None
    if not version.startswith("HTTP/1.") or headers.get("content-length", "0") != "0":
        return None
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(method=method, path=path.partition("?")[0], headers=headers)


def head_of(answer: Answer, *, closing: bool) -> bytes:
    """Write an answer's head."""
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", f"Date: {formatdate(usegmt=True)}"]
    lines += (f"{key}: {value}" for key, value in answer.headers.items())
    if answer.status != HTTPStatus.NOT_MODIFIED:
        lines.append(f"Content-Length: {answer.length}")
    if closing:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read(body: Part | bytes) -> bytes:
    if isinstance(body, bytes):
        return body
    with body.path.open("rb") as file:
        file.seek(body.start)
        return file.read(body.length)
