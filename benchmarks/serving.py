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
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from benchmarks.recording import Recording
from benchmarks.server import Connection, Counts, Server
from benchmarks.site import Missing, Site

REPOSITORY = Path(__file__).resolve().parents[1]


class Served:
    """A server that runs: `url` is the index's."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
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
) -> Iterator[Served]:
    """Run a server of a recording while the block does, at `port` or any that is free.

    `environ` is for the recorder, who asks the real index.
    """
    command = [sys.executable, "-m", "benchmarks.lock", "serve", "--tied", "--recording", str(folder)]
    command += ["--manifest", manifest, "--latency", f"{latency * 1000:g}ms", "--port", str(port)]
    command += ["--record"] if record else []
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=dict(environ), stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        if not origin:
            msg = f"the server did not start: {' '.join(command)}"
            raise SystemExit(msg)
        try:
            yield Served(origin)
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
) -> None:
    """Serve until cancelled, or `tied`, until standard input ends. Says the origin on standard output.

    The pages that `manifest` asks for are written before that. With `fetch`, it is kept which those are.
    """
    with socket.create_server(("127.0.0.1", port), backlog=512) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        site = Site(recording, origin)
        site.prepare(recording.asked(manifest))
        server = Server(site, latency=latency, fetch=fetch)
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        if tied:
            threading.Thread(target=_wait_for_end, args=(loop, over), daemon=True).start()
        try:
            async with await loop.create_server(lambda: Connection(server), sock=listening, backlog=512):
                print(origin, flush=True)
                await over.wait()
        finally:
            if fetch is not None:
                recording.keep_asked(manifest, site.asked)


def _wait_for_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        continue
    loop.call_soon_threadsafe(over.set)
