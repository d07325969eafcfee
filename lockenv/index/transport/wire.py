"""HTTP/1.1 on the wire: the bytes of a request, and an answer read strictly from the bytes that come (RFC 9112).

What two readers could take for two different messages is refused, not guessed at: folded or malformed header
lines, lines that end otherwise than in CRLF, lengths that contradict each other or the transfer coding. Everything
is bounded: the head, its lines, the interim answers, what chunks may add to the body; and who sends next to
nothing for a whole time-out is as silent as who sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Final, Literal, Protocol, TypeAlias

from lockenv.index.transport.failures import Broken, Malformed, TimedOut
from lockenv.values import dataclass

CHUNK: Final = 1 << 16  #: bytes that are received, and passed on, at once
SLOWEST: Final = 100  #: bytes a second; less of that for a whole time-out counts as silence
_MAX_HEAD = 1 << 16
_MAX_FIELDS = 128
_MAX_INTERIM = 8  #: answers 1xx before the one that counts
_MAX_CHUNK_LINE = 1 << 12
_MAX_CHUNK_EXCESS = 1 << 14  #: bytes by which the framing of chunks may outweigh what they carry

_CRLF = b"\r\n"
_END = b"\r\n\r\n"
_STATUS_LINE = re.compile(r"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([\t\x20-\x7e\x80-\xff]*)")
_SENT = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_WITHOUT_BODY = frozenset({204, 304})

#: How the end of a body is told: by its length, by the last chunk, or by the connection's end (RFC 9112, 6.3).
Framing: TypeAlias = int | Literal["chunked", "until closed"]


class Channel(Protocol):
    """A connected socket, or what looks like one."""

    def recv(self, size: int, /) -> bytes:
        """Wait for bytes; none at the end."""

    def sendall(self, data: bytes, /) -> object:
        """Send it all."""

    def fileno(self) -> int:
        """Tell the descriptor that one can wait for."""

    def close(self) -> object:
        """Hang up."""


class Ended(Broken):
    """The other side hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Status and header fields: names in lower case, several of one name joined by commas (RFC 9110, 5.3)."""

    status: int
    headers: Mapping[str, str]
    framing: Framing
    lasting: bool  #: whether the connection can serve another request after the body


def request(target: str, headers: Mapping[str, str], *, method: str = "GET") -> bytes:
    """Write a request. Raises `ValueError` for a field that would be more than one line."""
    for value in (target, *headers, *headers.values()):
        if _SENT.fullmatch(value) is None:
            msg = "a request may not hold control characters"
            raise ValueError(msg)
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{method} {target} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")


class Wire:
    """One connection as bytes. `timeout` in seconds is what the channel waits for each, and the stall limit's."""

    def __init__(self, channel: Channel, *, timeout: float) -> None:
        self.channel = channel
        self._timeout = timeout
        self._buffer = b""
        self._at = 0  #: so much of it has been taken
        self._waited = 0.0
        self._arrived = 0
        #: Whether anything came since the last request: who hangs up before that has not seen it.
        self.answered = False

    @property
    def quiet(self) -> bool:
        """Whether nothing has come that nobody asked for."""
        return self._at == len(self._buffer)

    def send(self, data: bytes) -> None:
        """Send a request. Raises `Broken` or `TimedOut`."""
        self.answered = False
        try:
            self.channel.sendall(data)
        except TimeoutError as error:
            raise TimedOut from error
        except OSError as error:
            raise Ended from error

    def head(self) -> Head:
        """Read up to the body; interim answers are passed over. Raises `Broken`, `TimedOut` or `Malformed`."""
        for _ in range(_MAX_INTERIM + 1):
            head = parse_head(self._until(_END, _MAX_HEAD))
            if head.status >= 200:
                return head
            if head.status == 101:
                break  # to a protocol that was not asked for
        raise Malformed("interim answers where the final one should be")

    def body(self, framing: Framing) -> Iterator[bytes]:
        """Read a body bit by bit; what came is passed on before a failure is raised. Raises as `head` does."""
        if framing == "chunked":
            return self._chunked()
        return self._until_closed() if framing == "until closed" else self._of_length(framing)

    def close(self) -> None:
        """Hang up."""
        self.channel.close()

    # -- bodies

    def _of_length(self, left: int) -> Iterator[bytes]:
        while left:
            want = min(left, CHUNK)
            pieces = [self._taken(want)]
            have = len(pieces[0])
            while have < want:
                try:
                    pieces.append(self._receive(want - have))
                except (Broken, TimedOut):
                    yield b"".join(pieces)
                    raise
                have += len(pieces[-1])
            left -= want
            yield b"".join(pieces)

    def _chunked(self) -> Iterator[bytes]:
        excess = 0
        while True:
            line = self._until(_CRLF, _MAX_CHUNK_LINE)
            found = _CHUNK_SIZE.fullmatch(line)
            if found is None:
                raise Malformed("a chunk has no proper size")
            size = int(found[1], 16)
            if size == 0:
                break
            # Chunks of a byte with long extensions: much to read for next to nothing.
            excess = max(excess + len(line) - 16 - 2 * size, 0)
            if excess > _MAX_CHUNK_EXCESS:
                raise Malformed("its chunks are nearly all framing")
            yield from self._of_length(size)
            self._until(_CRLF, 0)
        self._skip_trailer()

    def _skip_trailer(self) -> None:
        """Read the fields after the last chunk and forget them; nothing that we use may come there."""
        left = _MAX_HEAD
        while line := self._until(_CRLF, left):
            left -= len(line)
            if _FIELD.fullmatch(line.decode("latin-1")) is None:
                raise Malformed("what follows the last chunk is not well-formed")

    def _until_closed(self) -> Iterator[bytes]:
        yield self._taken(len(self._buffer))
        while True:
            try:
                piece = self._receive(CHUNK)
            except Ended as end:
                if end.__cause__ is None:
                    return
                raise
            yield piece

    # -- bytes

    def _taken(self, most: int) -> bytes:
        """Take what has been received already."""
        piece = self._buffer[self._at : self._at + most]
        self._at += len(piece)
        return piece

    def _until(self, mark: bytes, most: int) -> bytes:
        """Take what comes before `mark`, and drop the mark."""
        seen = self._at
        while (end := self._buffer.find(mark, seen, self._at + most + len(mark))) < 0:
            if len(self._buffer) - self._at >= most + len(mark):
                raise Malformed("a line does not end where it should")
            self._buffer = self._buffer[self._at :] + self._receive(CHUNK)
            self._at = 0
            seen = max(len(self._buffer) - CHUNK - len(mark), 0)
        found = self._buffer[self._at : end]
        self._at = end + len(mark)
        return found

    def _receive(self, most: int) -> bytes:
        began = monotonic()
        try:
            data = self.channel.recv(most)
        except TimeoutError as error:
            raise TimedOut from error
        except OSError as error:
            raise Ended from error
        if not data:
            raise Ended("it ended early")
        self._keep_pace(monotonic() - began, len(data))
        return data

    def _keep_pace(self, waited: float, arrived: int) -> None:
        """Hold the stall limit: only time spent waiting counts, and none before an answer's first bytes."""
        if not self.answered:
            self.answered, self._waited, self._arrived = True, 0.0, 0
            return
        self._waited += waited
        self._arrived += arrived
        if self._waited > self._timeout:
            if self._arrived < SLOWEST * self._waited:
                raise TimedOut
            self._waited, self._arrived = 0.0, 0


def parse_head(raw: bytes) -> Head:
    """Read status line and header lines, without the empty line. Raises `Malformed`."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    found = _STATUS_LINE.fullmatch(first)
    if found is None:
        raise Malformed("it does not begin with a status line of HTTP/1.1")
    if len(lines) > _MAX_FIELDS:
        raise Malformed(f"it has more than {_MAX_FIELDS} header lines")
    headers = _fields(lines)
    old, status = found[1] == "0", int(found[2])
    framing = _framing(status, headers, old=old)
    closing = old or "close" in [option.strip() for option in headers.get("connection", "").lower().split(",")]
    return Head(status=status, headers=headers, framing=framing, lasting=not closing and framing != "until closed")


def _fields(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:  # folded (RFC 9112, 5.2), a space before the colon (5.1), a bare CR or LF (2.2), …
            raise Malformed("a header line is not well-formed")
        name, value = found[1].lower(), found[2].strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _framing(status: int, headers: dict[str, str], *, old: bool) -> Framing:
    """Decide how the body ends (RFC 9112, 6.3); what contradicts itself is how answers are smuggled."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    size = None if length is None else _length(length)
    if size is not None:
        headers["content-length"] = str(size)
    if coding is not None:
        if coding.lower() != "chunked":
            raise Malformed("its transfer coding is not one that was asked for")
        if length is not None or old:
            raise Malformed("it says in two ways where it ends")
    if status < 200 or status in _WITHOUT_BODY:
        return 0
    if coding is not None:
        return "chunked"
    return "until closed" if size is None else size


def _length(text: str) -> int:
    """Read a Content-Length; the same one several times is one (RFC 9112, 6.3)."""
    lengths = {each.strip(" \t") for each in text.split(",")}
    if len(lengths) != 1 or _LENGTH.fullmatch(length := lengths.pop()) is None:
        raise Malformed("its length is no number, or several")
    return int(length)
