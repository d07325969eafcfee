"""A package index on loopback: a real HTTP server whose projects, files and faults are data.

    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0", requires=["dropdown>=2"]))
        index.add(make_sdist("menu", "0.9"), yanked="broken", upload_time="2026-01-01T00:00:00Z")
        index.fail("/files/menu-1.0*", status=503, times=2)
        ...                                      # use index.url
        assert index.count("/simple/menu/") == 1

Pages stand at ``/simple/<name>/`` as JSON (PEP 691, 700, 714, 792) and HTML (PEP 503), by the Accept header;
files at ``/files/<filename>`` with range requests; core metadata at ``/files/<filename>.metadata`` (PEP 658).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Literal, Self, cast
from urllib.parse import unquote, urlsplit

from lockenv.packages import NormalizedName, canonicalize_name
from tests.fakes.wheels import BuiltFile

JSON: Final = "application/vnd.pypi.simple.v1+json"
HTML: Final = "text/html; charset=utf-8"
_FROM_METADATA: Final = "\0from the file's own metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that the index answered. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong for paths that match the `fnmatch` pattern `path`, the next `times` times (None: always).

    Without `status` the proper answer is given and then spoilt: `truncate_to` sends so many bytes of the body
    and cuts the connection; `endless` sends chunks until the client hangs up; `headers` are added. `hang_up`
    cuts the connection without a word. `until` holds the answer back till the event is set; with
    `pause_at`, all of the body but so many bytes.
    """

    path: str
    times: int | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    truncate_to: int | None = None
    endless: bool = False
    hang_up: bool = False
    until: threading.Event | None = None
    pause_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    built: BuiltFile
    yanked: str | None
    requires_python: str | None
    upload_time: str | None
    core_metadata: Literal["advertised", "silent", "none"]
    metadata_sha256: str
    hashes: Mapping[str, str]
    size: int | None


class FakeIndex:
    """An index that runs while the `with` block does.

    `formats` are the page formats it knows, `etags` whether pages carry an ETag and answer 304,
    `cache_control` the header it sends with pages, `ranges` whether files can be had in parts, `compress` gzips
    pages for clients that take it, `credentials` a user and password it demands of every request, `files_url`
    where file URLs point (default: here; give another `FakeIndex`'s `files_url` for a second host), `relative`
    makes the URLs in pages relative.
    """

    def __init__(
        self,
        *,
        formats: Sequence[Literal["json", "html"]] = ("json", "html"),
        etags: bool = True,
        cache_control: str | None = None,
        ranges: bool = True,
        compress: bool = False,
        credentials: tuple[str, str] | None = None,
        files_url: str | None = None,
        relative: bool = False,
    ) -> None:
        self.formats = tuple(formats)
        self.etags = etags
        self.cache_control = cache_control
        self.ranges = ranges
        self.compress = compress
        self.credentials = credentials
        self.relative = relative
        self._offers: dict[NormalizedName, list[_Offer]] = {}
        self._statuses: dict[NormalizedName, tuple[str, str]] = {}
        self._files: dict[str, bytes] = {}
        self._metadata: dict[str, bytes] = {}
        self._pages: dict[str, Answer] = {}
        self._faults: list[Fault] = []
        self._requests: list[Request] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.origin}/simple/"
        self.files_url = files_url or f"{self.origin}/files/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        if self._server.failures:
            raise self._server.failures[0]

    # -- what the index holds

    def add(
        self,
        built: BuiltFile,
        *,
        project: str | None = None,
        yanked: str | Literal[False] = False,
        requires_python: str | None = _FROM_METADATA,
        upload_time: str | None = "2026-01-01T00:00:00.000000Z",
        core_metadata: Literal["advertised", "silent", "none"] = "advertised",
        metadata_sha256: str | None = None,
        hashes: Mapping[str, str] | None = None,
        size: int | None = -1,
    ) -> BuiltFile:
        """Offer a file; it comes last on its project's page.

        `yanked` is the reason, which may be empty. `core_metadata` 'silent' serves ``.metadata`` without saying
        so (sdists never have it). `metadata_sha256` and `hashes` are what the page claims (default: the truth;
        ``{}`` for none); `size` likewise (-1 is the truth, None is not to say).
        """
        name = canonicalize_name(project or _project_of(built.filename))
        if requires_python == _FROM_METADATA:
            found = re.search(rb"^Requires-Python: (.+)$", built.metadata, re.MULTILINE)
            requires_python = found[1].decode() if found else None
        offer = _Offer(
            built=built,
            yanked=None if yanked is False else yanked,
            requires_python=requires_python,
            upload_time=upload_time,
            core_metadata=core_metadata if built.filename.endswith(".whl") else "none",
            metadata_sha256=metadata_sha256 or hashlib.sha256(built.metadata).hexdigest(),
            hashes={"sha256": built.sha256} if hashes is None else hashes,
            size=len(built.content) if size == -1 else size,
        )
        with self._lock:
            self._offers.setdefault(name, []).append(offer)
            self._files[built.filename] = built.content
            if offer.core_metadata != "none":
                self._metadata[built.filename] = built.metadata
        return built

    def add_project(self, name: str) -> None:
        """Know a name without having a file for it."""
        with self._lock:
            self._offers.setdefault(canonicalize_name(name), [])

    def remove(self, filename: str) -> None:
        """Take a file off its page and off the server."""
        with self._lock:
            for offers in self._offers.values():
                offers[:] = [offer for offer in offers if offer.built.filename != filename]
            self._files.pop(filename, None)
            self._metadata.pop(filename, None)

    def set_status(self, name: str, status: str, reason: str = "") -> None:
        """Give a project a status (PEP 792): active, archived, quarantined, deprecated."""
        with self._lock:
            self._statuses[canonicalize_name(name)] = (status, reason)

    def serve(self, path: str, body: bytes | str, content_type: str = HTML, **headers: str) -> None:
        """Answer `path` with exactly this, such as a page written by hand at ``/simple/menu/``."""
        raw = body.encode() if isinstance(body, str) else body
        with self._lock:
            self._pages[path] = Answer(headers={"Content-Type": content_type, **headers}, body=raw)

    def fail(self, path: str, **fault: Any) -> None:
        """Go wrong for paths like `path`; the keywords are the fields of `Fault`. Earlier faults come first."""
        with self._lock:
            self._faults.append(Fault(path=path, **fault))

    def redirect(self, path: str, location: str, *, status: int = 302, times: int | None = None) -> None:
        """Send paths like `path` elsewhere."""
        self.fail(path, status=status, headers={"Location": location}, times=times)

    def mend(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    # -- what was asked of it

    @property
    def connections(self) -> int:
        """How many connections were opened so far."""
        return self._server.accepted

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests so far, in order of arrival."""
        with self._lock:
            return tuple(self._requests)

    def count(self, path: str = "*", *, status: int | None = None) -> int:
        """Count requests for paths like `path`, with this status if one is given."""
        return sum(
            fnmatchcase(request.path, path) and status in {None, request.status} for request in self.requests
        )

    def forget_requests(self) -> None:
        """Begin counting anew."""
        with self._lock:
            self._requests.clear()

    # -- answering

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[Answer, Fault | None]:
        """Answer one request, as the server's threads do, and say how to spoil the answer."""
        fault = self._next_fault(path)
        if fault is not None and fault.until is not None and fault.pause_at is None:
            fault.until.wait(timeout=60)
        if fault is not None and fault.status is not None:
            answer = Answer(status=fault.status, headers=fault.headers, body=fault.body)
        else:
            answer = self._proper_answer(path, headers)
            if fault is not None:
                answer = Answer(
                    status=answer.status, headers={**answer.headers, **fault.headers}, body=answer.body
                )
        with self._lock:
            self._requests.append(Request(method=method, path=path, headers=headers, status=answer.status))
        return answer, fault

    def _next_fault(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fnmatchcase(path, fault.path) and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def _proper_answer(self, path: str, headers: Mapping[str, str]) -> Answer:
        if self.credentials is not None and headers.get("authorization") != _basic(*self.credentials):
            return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="fake"'}, body=b"who are you?")
        with self._lock:
            if path in self._pages:
                return self._pages[path]
            if found := re.fullmatch(r"/simple/([^/]+)/?", path):
                return self._page(found[1], path, headers)
            if found := re.fullmatch(r"/files/([^/]+)", path):
                return self._file(unquote(found[1]), headers)
        return Answer(status=404, body=b"nothing here")

    def _page(self, written: str, path: str, headers: Mapping[str, str]) -> Answer:
        name = canonicalize_name(written)
        if name not in self._offers:
            return Answer(status=404, body=b"no such project")
        if path != f"/simple/{name}/":  # PEP 503: a redirect to the normalised address
            return Answer(status=301, headers={"Location": f"/simple/{name}/"})
        as_json = "json" in self.formats and (JSON in headers.get("accept", "") or self.formats == ("json",))
        body = self._json(name) if as_json else self._html(name)
        extra = {"Content-Type": JSON if as_json else HTML, "Vary": "Accept, Accept-Encoding"}
        if self.cache_control is not None:
            extra["Cache-Control"] = self.cache_control
        if self.etags:
            extra["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if headers.get("if-none-match") == extra["ETag"]:
                return Answer(status=304, headers=extra)
        if self.compress and "gzip" in headers.get("accept-encoding", ""):
            return Answer(headers={**extra, "Content-Encoding": "gzip"}, body=gzip.compress(body, mtime=0))
        return Answer(headers=extra, body=body)

    def _file(self, filename: str, headers: Mapping[str, str]) -> Answer:
        if filename in self._files:
            content = self._files[filename]
            wanted = headers.get("range")
            return _part_of(content, wanted) if self.ranges and wanted else _whole(content, ranges=self.ranges)
        if filename.endswith(".metadata") and (metadata := self._metadata.get(filename[: -len(".metadata")])):
            return Answer(headers={"Content-Type": "text/plain"}, body=metadata)
        return Answer(status=404, body=b"no such file")

    def _url_of(self, filename: str) -> str:
        return f"../../files/{filename}" if self.relative else self.files_url + filename

    def _json(self, name: NormalizedName) -> bytes:
        offers = self._offers[name]
        page: dict[str, Any] = {
            "meta": {"api-version": "1.4"},
            "name": name,
            "files": [self._json_file(offer) for offer in offers],
            "versions": sorted({_version_of(offer.built.filename) for offer in offers}),
        }
        if name in self._statuses:
            status, reason = self._statuses[name]
            page["project-status"] = {"status": status, **({"reason": reason} if reason else {})}
        return json.dumps(page).encode()

    def _json_file(self, offer: _Offer) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "filename": offer.built.filename,
            "url": self._url_of(offer.built.filename),
            "hashes": dict(offer.hashes),
        }
        if offer.requires_python is not None:
            entry["requires-python"] = offer.requires_python
        if offer.size is not None:
            entry["size"] = offer.size
        if offer.upload_time is not None:
            entry["upload-time"] = offer.upload_time
        if offer.yanked is not None:
            entry["yanked"] = offer.yanked or True
        if offer.core_metadata == "advertised":
            entry["core-metadata"] = {"sha256": offer.metadata_sha256}
        return entry

    def _html(self, name: NormalizedName) -> bytes:
        lines = ["<!DOCTYPE html>", "<html><head>", '<meta name="pypi:repository-version" content="1.4">']
        if name in self._statuses:
            status, reason = (html.escape(text) for text in self._statuses[name])
            lines.append(f'<meta name="pypi:project-status" content="{status}">')
            lines.append(f'<meta name="pypi:project-status-reason" content="{reason}">')
        lines += ["</head><body>", *(self._html_link(offer) for offer in self._offers[name]), "</body></html>"]
        return "\n".join(lines).encode()

    def _html_link(self, offer: _Offer) -> str:
        fragment = next((f"#{algorithm}={digest}" for algorithm, digest in offer.hashes.items()), "")
        attributes = {"href": self._url_of(offer.built.filename) + fragment}
        if offer.requires_python is not None:
            attributes["data-requires-python"] = offer.requires_python
        if offer.yanked is not None:
            attributes["data-yanked"] = offer.yanked
        if offer.core_metadata == "advertised":
            attributes["data-core-metadata"] = f"sha256={offer.metadata_sha256}"
        text = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
        return f"<a {text}>{html.escape(offer.built.filename)}</a><br>"


class _Server(ThreadingHTTPServer):
    """The server, which knows its index and its open connections, and keeps what went wrong in its threads."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, index: FakeIndex) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.index = index
        self.failures: list[BaseException] = []
        self.accepted = 0
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
            self.accepted += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep alive, so that their threads come to an end."""
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the client was quicker

    def handle_error(self, request: Any, client_address: Any) -> None:
        import sys

        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        headers = {key.lower(): value for key, value in self.headers.items()}
        answer, fault = server.index.answer(self.command, urlsplit(self.path).path, headers)
        if fault is not None and fault.hang_up:
            self.close_connection = True
            return
        self._send(answer, fault)

    do_HEAD = do_GET  # noqa: N815 - the name http.server looks for

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        endless = fault is not None and fault.endless
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            self.send_header(key, value)
        if endless:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.status != 304 and "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if endless:
            self._send_for_ever()
        elif fault is not None and fault.truncate_to is not None:
            self.wfile.write(answer.body[: fault.truncate_to])
            self.close_connection = True
        elif fault is not None and fault.pause_at is not None:
            self.wfile.write(answer.body[: fault.pause_at])
            if fault.until is not None:
                fault.until.wait(timeout=60)
            self.wfile.write(answer.body[fault.pause_at :])
        else:
            self.wfile.write(answer.body)

    def _send_for_ever(self) -> None:
        self.close_connection = True
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        while True:
            self.wfile.write(chunk)  # ends with BrokenPipeError when the client hangs up

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
        """Say nothing: the requests are recorded."""


def _whole(content: bytes, *, ranges: bool) -> Answer:
    headers = {"Content-Type": "application/octet-stream", "ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"'}
    return Answer(headers={**headers, **({"Accept-Ranges": "bytes"} if ranges else {})}, body=content)


def _part_of(content: bytes, wanted: str) -> Answer:
    """RFC 9110, section 14: one range of bytes."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    if found is None or found[0] == "bytes=-":
        return _whole(content, ranges=True)
    total = len(content)
    if found[1]:
        start, stop = int(found[1]), min(int(found[2] or total - 1), total - 1) + 1
    else:
        start, stop = max(total - int(found[2]), 0), total
    if start >= stop:
        return Answer(status=416, headers={"Content-Range": f"bytes */{total}"})
    whole = _whole(content, ranges=True)
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{stop - 1}/{total}"}
    return Answer(status=206, headers=headers, body=content[start:stop])


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _project_of(filename: str) -> str:
    return filename.split("-", maxsplit=1)[0] if filename.endswith(".whl") else filename.rpartition("-")[0]


def _version_of(filename: str) -> str:
    if filename.endswith(".whl"):
        return filename.split("-")[1]
    return filename.rpartition("-")[2].removesuffix(".tar.gz").removesuffix(".zip")
