"""Servers on loopback that say exactly what they are told to, in TLS or not, and proxies that lead to them.

    with Scripted([b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi"]) as server:
        ...                                       # ask server.url
        assert server.connections == 1

A script is what one connection says: each of its steps after one request, and then it hangs up. Later connections
get later scripts; the last one holds for all that follow.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

#: A certificate for localhost, 127.0.0.1 and ::1, with its key; nobody but tests has a use for them.
CERTIFICATE = Path(__file__).with_name("loopback.pem")


@dataclass(frozen=True, slots=True)
class Drip:
    """Bytes that come one by one, with a pause of so many seconds after each."""

    data: bytes
    pause: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing, until the client hangs up."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """An answer, and after it something that nobody asked for, at once."""

    answer: bytes
    more: bytes


Step: TypeAlias = bytes | Drip | Silence | Unasked


def answer(body: bytes = b"hello", *fields: str, status: str = "200 OK") -> bytes:
    """Write a proper answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def server_tls() -> ssl.SSLContext:
    """Be the server that the certificate is for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class _Listening:
    """A thread that accepts connections and gives each to a thread of its own."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.connections = 0
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        self._socket = socket.socket(family)
        self._socket.bind((host, 0))
        self._socket.listen(64)
        self.port: int = self._socket.getsockname()[1]
        self.netloc = f"[::1]:{self.port}" if family == socket.AF_INET6 else f"{host}:{self.port}"
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for each in tuple(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in tuple(self._threads):
            thread.join(timeout=30)
        for each in self._open:
            each.close()

    def serve(self, connection: socket.socket, number: int) -> None:
        raise NotImplementedError

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self._open.append(connection)
            self._start(self._guarded, connection, number)

    def _guarded(self, connection: socket.socket, number: int) -> None:
        # A client may well hang up on what it is told here.
        with contextlib.suppress(OSError):
            self.serve(connection, number)


class Scripted(_Listening):
    """A server that follows scripts. `tls` puts it behind TLS; `requests` are the heads it was sent."""

    def __init__(
        self, *scripts: Sequence[Step], tls: bool = False, family: socket.AddressFamily = socket.AF_INET
    ) -> None:
        self._scripts = scripts
        self._tls = server_tls() if tls else None
        self.requests: list[bytes] = []
        super().__init__(family)
        self.url = f"{'https' if tls else 'http'}://{self.netloc}/x"

    def serve(self, connection: socket.socket, number: int) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        try:
            for step in self._scripts[min(number, len(self._scripts) - 1)]:
                head = read_head(connection)
                if not head:
                    return
                self.requests.append(head)
                _say(connection, step)
            # Not to reset what is on its way: the client shall read all of it, and then the end.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                continue
        finally:
            connection.close()


class Proxy(_Listening):
    """A proxy that tunnels to wherever it is asked. `tls` puts the proxy itself behind TLS.

    `refusal` is the answer that it gives instead of a tunnel; `requests` are the heads it was sent.
    """

    def __init__(self, *, tls: bool = False, refusal: bytes = b"") -> None:
        self._tls = server_tls() if tls else None
        self._refusal = refusal
        self.requests: list[bytes] = []
        super().__init__()
        self.url = f"{'https' if tls else 'http'}://{self.netloc}"

    def serve(self, connection: socket.socket, number: int) -> None:
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        with connection:
            head = read_head(connection)
            self.requests.append(head)
            if self._refusal:
                connection.sendall(self._refusal)
                return
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port))) as target:
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _bridge(connection, target)


def read_head(connection: socket.socket) -> bytes:
    """Read a request; nothing if there is none."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (byte := connection.recv(1)):
            return b""
        head += byte
    return head


def _say(connection: socket.socket, step: Step) -> None:
    match step:
        case Silence():
            connection.recv(1)
        case Drip(data, pause):
            for number in range(len(data)):
                connection.sendall(data[number : number + 1])
                time.sleep(pause)
        case Unasked(said, more):
            connection.sendall(said + more)
        case _:
            connection.sendall(step)


def _bridge(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways, in one thread because a TLS socket stands no two, until one side hangs up."""
    while True:
        for source in select.select([one, other], [], [])[0]:
            data = source.recv(1 << 16)
            if not data:
                return
            (other if source is one else one).sendall(data)
