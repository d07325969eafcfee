"""nginx in front of our own server: it answers what is static, and hands on everything else.

Static are the pages that were prepared, in JSON, and the files and metadata that are recorded. What is rare (pages
in HTML, redirects, PyPI's own API) or not there (so that the recording lacks it) comes from our own server behind.
What nginx was asked is read from its log; what it handed on is counted by the one behind.

It waits before each answer where it has the module `echo` (Debian: libnginx-mod-http-echo), by a timer as our own
does. It runs in the foreground, in a single process, and in a folder that is gone afterwards.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.counts import Counts
from benchmarks.recording import Recording
from benchmarks.site import FILE_HEADERS, PAGE_HEADERS, Kind, Prepared

_TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """An nginx that is here. `echo` is the file of its module that can wait, if it has it."""

    program: str
    version: str
    echo: Path | None
    parts: tuple[str, ...]

    @property
    def title(self) -> str:
        """Its name and version, for tables."""
        return f"nginx {self.version}"


def find() -> Nginx | None:
    """Find nginx, also where only administrators look for programs."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    said = subprocess.run([program, "-V"], capture_output=True, text=True, check=False).stderr
    modules = re.search(r"--modules-path=(\S+)", said)
    echo = Path(modules[1], "ngx_http_echo_module.so") if modules else None
    version = re.search(r"nginx/(\S+)", said)
    return Nginx(
        program=program,
        version=version[1] if version else "?",
        echo=echo if echo and echo.is_file() else None,
        parts=tuple(part for part in _TEMPORARY if f"--without-http_{part}_module" not in said),
    )


def hindrance(nginx: Nginx | None, latency: float) -> str:
    """Say why it cannot serve with this latency, and what helps; else ''."""
    if nginx is None:
        return "there is no nginx (Debian: nginx-light)"
    if latency and nginx.echo is None:
        return "nginx cannot wait without its module echo (Debian: libnginx-mod-http-echo)"
    return ""


class Front:
    """An nginx that runs at `origin`."""

    def __init__(self, origin: str, log: Path, process: int) -> None:
        self.origin = origin
        self._log = log.open(encoding="utf-8", errors="replace")
        self._process = process
        self._cpu = _cpu_of(process)
        self._rest = ""

    def take_counts(self) -> Counts:
        """What it was asked since this was called last.

        Whoever calls it on behalf of a request that came through nginx can rely on its having written down all
        answers before that: it does so, one thing after the other, when an answer's last byte is sent.
        """
        *lines, self._rest = (self._rest + self._log.read()).split("\n")
        counts = counted(lines)
        now = _cpu_of(self._process)
        counts.cpu, self._cpu = now - self._cpu, now
        return counts

    def close(self) -> None:
        """Let go of its log."""
        self._log.close()


def counted(lines: Iterable[str]) -> Counts:
    """Count what lines of the log tell; of answers that came from behind, only that they had a connection."""
    counts = Counts()
    connections = set()
    for line in lines:
        connection, status, sent, behind, path = line.split(" ", 4)
        if path.startswith("/-/"):
            continue
        connections.add(connection)
        if behind == "-":
            counts.note(kind_of(path), int(status))
            counts.sent += int(sent)
    counts.connections = len(connections)
    return counts


def kind_of(path: str) -> Kind:
    """What is asked for under a path."""
    if path.startswith("/simple/"):
        return "page"
    if path.startswith("/files/"):
        return "metadata" if path.endswith(".metadata") else "file"
    return "other"


@contextmanager
def running(
    nginx: Nginx, folder: Path, *, port: int, behind: int, latency: float, recording: Recording
) -> Iterator[Front]:
    """Run nginx at `port`, in front of a server at `behind`, with what is recorded, in a folder of its own.

    The pages have to be put there with `put_page` before anybody asks.
    """
    lay_out(folder / "static", recording)
    (folder / "nginx.conf").write_text(
        configuration(nginx, folder, port=port, behind=behind, latency=latency), encoding="utf-8"
    )
    (folder / "access.log").touch()
    log = folder / "error.log"
    command = (nginx.program, "-p", folder, "-e", log, "-c", folder / "nginx.conf")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(process, port, log)
            front = Front(f"http://127.0.0.1:{port}", folder / "access.log", process.pid)
            try:
                yield front
            finally:
                front.close()
        finally:
            process.terminate()


def lay_out(static: Path, recording: Recording) -> None:
    """Put links to the files and the metadata of a recording where nginx looks for them."""
    for path in recording.folder.glob("files/*/*"):
        if path.suffix != ".part":
            _link(static / "plain" / "files" / path.parent.name / path.name, path)
    for path in recording.folder.glob("metadata/*/*"):
        if path.stat().st_size:
            _link(static / "plain" / "files" / path.parent.name / f"{path.name}.metadata", path)


def _link(link: Path, path: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(path)


def put_page(folder: Path, page: Prepared) -> None:
    """Put a page where nginx looks for it."""
    place = folder / "static" / "json" / "simple" / page.project
    place.mkdir(parents=True)
    (place / "page.json").write_bytes(page.plain)
    (place / "page.json.gz").write_bytes(page.zipped)


def configuration(nginx: Nginx, folder: Path, *, port: int, behind: int, latency: float) -> str:
    """What nginx is told."""
    page, file = PAGE_HEADERS, FILE_HEADERS
    serve = """add_header Cache-Control $caching; add_header Vary $varying; add_header Last-Modified "";
            try_files /$form${uri}page.json /plain$uri @behind;"""
    answers = f"location / {{ {serve} }}"
    if latency:
        answers = f"location / {{ echo_sleep {latency:.3f}; echo_exec @served; }} location @served {{ {serve} }}"
    return f"""\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{f"load_module {nginx.echo};" if latency else ""}
events {{ worker_connections 1000; }}
http {{
    {" ".join(f"{part}_temp_path {folder}/{part};" for part in nginx.parts)}
    log_format counted "$connection $status $bytes_sent $upstream_status $request_uri";
    access_log {folder}/access.log counted;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 600s;
    keepalive_requests 1000000;
    gzip_static on;
    if_modified_since off;
    open_file_cache max=20000 inactive=600s;
    open_file_cache_valid 600s;
    open_file_cache_errors on;
    types {{ application/vnd.pypi.simple.v1+json json; }}
    default_type {file["Content-Type"]};
    # Who names it first likes it best; for all others the server behind weighs what they say.
    map $http_accept $form {{ default none; "~*^application/vnd\\.pypi\\.simple\\.v1\\+json *(,|$)" json; }}
    map $request_uri $caching {{ default "{file["Cache-Control"]}"; "~^/simple/" "{page["Cache-Control"]}"; }}
    map $request_uri $varying {{ default ""; "~^/simple/" "{page["Vary"]}"; }}
    upstream behind {{ server 127.0.0.1:{behind}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port} backlog=512;
        root {folder}/static;
        {answers}
        location @behind {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
        location /-/ {{ proxy_pass http://behind; }}
    }}
}}
"""


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until it listens. Raises `SystemExit` where it has ended instead."""
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    said = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
    msg = f"nginx did not start at port {port}: {said[-400:]}"
    raise SystemExit(msg)


def _cpu_of(process: int) -> float:
    """The processor seconds of a process, as Linux tells; 0 where nobody does."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError):
        return 0.0
