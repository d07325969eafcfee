"""The server in a process of its own, so that its work is not the runner's and can be told apart."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.request import urlopen

from benchmarks import nginx
from benchmarks.counts import Counts
from benchmarks.nginx import Front, Nginx
from benchmarks.recording import Recording
from benchmarks.server import Connection, Server
from benchmarks.site import Missing, Site

#: Who answers: nginx where there is one that can, nginx, or our own server alone.
SERVERS: Final = ("auto", "nginx", "own")
REPOSITORY = Path(__file__).resolve().parents[1]


class Served:
    """A server that runs: `url` is the index's, `title` what serves it."""

    def __init__(self, origin: str, title: str) -> None:
        self.origin = origin
        self.title = title
        self.url = f"{origin}/simple/"
        self._counts = f"{origin}/-/counts"

    def take_counts(self) -> Counts:
        """What was asked since this was called last."""
        with urlopen(self._counts, timeout=60) as answer:  # noqa: S310 - it is ours, on loopback
            return Counts(**json.load(answer))


@contextmanager
def served(
    folder: Path,
    environ: Mapping[str, str],
    *,
    manifest: str,
    latency: float = 0.0,
    record: bool = False,
    port: int = 0,
    server: str = "auto",
) -> Iterator[Served]:
    """Run a server of a recording while the block does, at `port` or any that is free.

    `environ` is for the recorder, who asks the real index. `server` is one of `SERVERS`.
    """
    command = [sys.executable, "-m", "benchmarks.lock", "serve", "--tied", "--recording", str(folder)]
    command += ["--manifest", manifest, "--latency", f"{latency * 1000:g}ms", "--port", str(port)]
    command += ["--server", server]
    command += ["--record"] if record else []
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=dict(environ), stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        origin, _, title = process.stdout.readline().strip().partition(" ")
        if not origin:
            msg = f"the server did not start: {' '.join(command)}"
            raise SystemExit(msg)
        try:
            yield Served(origin, title)
        finally:
            process.stdin.close()  # which ends it


async def serve(
    recording: Recording,
    manifest: str,
    *,
    port: int = 0,
    latency: float = 0.0,
    fetch: Callable[[Missing], None] | None = None,
    tied: bool = False,
    server: str = "own",
) -> None:
    """Serve until cancelled, or `tied`, until standard input ends. Says on standard output where, and who does.

    The pages that `manifest` asks for are written before that. With `fetch`, it is kept which those are; and our
    own server works alone. Raises `SystemExit` where it cannot begin.
    """
    port = claimed(port)
    front = None if fetch is not None else chosen(server, latency)
    own = claimed(0) if front else port
    site = Site(recording, f"http://127.0.0.1:{port}")
    pages = site.prepare(recording.asked(manifest))
    with ExitStack() as stack:
        running: Front | None = None
        if front is not None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="lockenv-nginx-")))
            for page in pages:
                nginx.put_page(folder, page)
            running = stack.enter_context(
                nginx.running(front, folder, port=port, behind=own, latency=latency, recording=recording)
            )
        ours = Server(
            site,
            latency=0 if running else latency,
            fetch=fetch,
            front=running.take_counts if running else None,
        )
        about = f"{site.origin} {front.title if front else 'our own server'}"
        try:
            await _answer(ours, own, tied=tied, about=about)
        finally:
            if fetch is not None:
                recording.keep_asked(manifest, site.asked)


def chosen(server: str, latency: float) -> Nginx | None:
    """The nginx that is to serve; None for our own server.

    Raises `SystemExit` where nginx was asked for, and cannot.
    """
    found = nginx.find() if server != "own" else None
    reason = nginx.hindrance(found, latency)
    if reason and server == "nginx":
        msg = f"{reason}; install it, or leave out --server nginx"
        raise SystemExit(msg)
    return None if reason else found


def claimed(port: int) -> int:
    """A port that is free: this one, or any where it is 0. Raises `SystemExit` where it is taken."""
    try:
        with socket.create_server(("127.0.0.1", port)) as listening:
            found: int = listening.getsockname()[1]
            return found
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        msg = f"port {port} is taken ({reason}); another run with this recording has to end first"
        raise SystemExit(msg) from None


async def _answer(server: Server, port: int, *, tied: bool, about: str) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    if tied:
        threading.Thread(target=_wait_for_end, args=(loop, over), daemon=True).start()
    async with await loop.create_server(lambda: Connection(server), "127.0.0.1", port, backlog=512):
        print(about, flush=True)
        await over.wait()


def _wait_for_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        continue
    loop.call_soon_threadsafe(over.set)
