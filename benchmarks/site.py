"""Answers to requests, from a recording and nothing else.

    /simple/<project>/                       a page, in JSON or HTML
    /<project>/json                          what PyPI's own API says of it, also below /pypi
    /files/<project>/<file>                  a file, whole or in part
    /files/<project>/<file>.metadata         its METADATA (PEP 658)

What a recording does not hold is `Missing`: the server fetches it (recording) or reports it (replaying).
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

from benchmarks import pages
from benchmarks.recording import File, Page, Recording

Kind: TypeAlias = Literal["page", "metadata", "file", "other"]

PAGE_HEADERS: Final = {"Cache-Control": "max-age=600, public", "Vary": "Accept, Accept-Encoding"}
FILE_HEADERS: Final = {
    "Cache-Control": "max-age=365000000, immutable, public",
    "Accept-Ranges": "bytes",
    "Content-Type": "application/octet-stream",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a file on disk."""

    path: Path
    start: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer; its body is bytes or a part of a file."""

    kind: Kind
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Part = b""

    @property
    def length(self) -> int:
        """How long the body is."""
        return self.body.length if isinstance(self.body, Part) else len(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that a recording would have to hold for an answer. `file` is None for a page."""

    kind: Kind
    project: str
    file: File | None = None

    @property
    def what(self) -> str:
        """Name it for people."""
        return f"{self.kind} of {self.file.filename if self.file else self.project}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The page of a project in one form, ready to be sent."""

    project: str
    etag: str
    plain: bytes
    zipped: bytes


@dataclass(slots=True, kw_only=True)
class _Project:
    files: Mapping[str, File]
    forms: dict[pages.Form, Prepared]


class Site:
    """The answers of an index at `origin` (such as ``http://127.0.0.1:8000``), from a recording.

    `asked` are the projects whose pages were asked for.
    """

    def __init__(self, recording: Recording, origin: str) -> None:
        self.recording = recording
        self.origin = origin
        self.asked: set[str] = set()
        self._projects: dict[str, _Project | None] = {}
        self._metadata: dict[tuple[str, str], bytes] = {}

    def prepare(self, projects: Iterable[str]) -> tuple[Prepared, ...]:
        """Write the pages of these projects in JSON now, so that no client waits for it; and give them."""
        known = ((name, self._project(name)) for name in projects)
        return tuple(self._written(name, project, "json") for name, project in known if project is not None)

    def answer(self, request: Request) -> Answer | Missing:
        """Answer a request, or say what is missing for that."""
        if found := re.fullmatch(r"/simple/([A-Za-z0-9._-]+)(/?)", request.path):
            name = canonicalize_name(found[1])
            if (name, "/") != found.groups():
                return Answer(kind="other", status=301, headers={"Location": f"/simple/{name}/"})
            return self._page(name, request.headers)
        if found := re.fullmatch(r"/files/([a-z0-9-]+)/([^/]+?)(\.metadata)?", request.path):
            return self._file(found[1], unquote(found[2]), request.headers, core=bool(found[3]))
        if found := re.fullmatch(r"(?:/pypi)?/([A-Za-z0-9._-]+)/json", request.path):
            return self._page(canonicalize_name(found[1]), request.headers, form="api")
        return _not_found("other")

    # -- pages

    def _page(self, name: str, headers: Mapping[str, str], form: pages.Form | None = None) -> Answer | Missing:
        self.asked.add(name)
        if name not in self._projects and not self.recording.knows(name):
            return Missing(kind="page", project=name)
        project = self._project(name)
        if project is None:
            return _not_found("page")
        form = form or pages.preferred_form(headers.get("accept", ""))
        if form is None:
            return Answer(kind="page", status=406)
        written = self._written(name, project, form)
        said = {**PAGE_HEADERS, "ETag": written.etag, "Content-Type": pages.CONTENT_TYPES[form]}
        if _unchanged(headers, written.etag):
            return Answer(kind="page", status=304, headers=said)
        if "gzip" in headers.get("accept-encoding", ""):
            return Answer(kind="page", headers={**said, "Content-Encoding": "gzip"}, body=written.zipped)
        return Answer(kind="page", headers=said, body=written.plain)

    def _project(self, name: str) -> _Project | None:
        if name not in self._projects:
            page = self.recording.page(name)
            files = {file.filename: file for file in page.files} if page else {}
            self._projects[name] = _Project(files=files, forms={}) if page else None
        return self._projects[name]

    def _written(self, name: str, project: _Project, form: pages.Form) -> Prepared:
        if form not in project.forms:
            page = self.recording.page(name)
            assert page is not None, f"the page of {name} went away"
            plain = self._plain(page, project, form)
            etag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
            zipped = gzip.compress(plain, 6, mtime=0)
            project.forms[form] = Prepared(project=name, etag=etag, plain=plain, zipped=zipped)
        return project.forms[form]

    def _plain(self, page: Page, project: _Project, form: pages.Form) -> bytes:
        def url(filename: str) -> str:
            return self._url(page.project, filename)

        if form == "api":
            return pages.as_api(page, url)
        write = pages.as_json if form == "json" else pages.as_html
        return write(page, self._core(page.project, project), url)

    def _core(self, name: str, project: _Project) -> dict[str, pages.Core]:
        """Say which wheels have metadata: the hash where it is recorded, else a promise."""
        core: dict[str, pages.Core] = {file: True for file, each in project.files.items() if each.is_wheel}
        for file in self.recording.metadata_files(name):
            content = self.recording.metadata(name, file)
            core[file] = hashlib.sha256(content).hexdigest() if content else False
        return core

    def _url(self, name: str, filename: str) -> str:
        return f"{self.origin}/files/{name}/{quote(filename)}"

    # -- files

    def _file(self, name: str, filename: str, headers: Mapping[str, str], *, core: bool) -> Answer | Missing:
        kind: Kind = "metadata" if core else "file"
        # Whoever asks for a file has seen its page; only old locks know one that is not recorded.
        project = self._project(name) if name in self._projects or self.recording.knows(name) else None
        file = project.files.get(filename) if project else None
        if file is None:
            return _not_found(kind)
        if core:
            return self._metadata_of(name, file, headers)
        path = self.recording.file(name, filename)
        if not path.is_file():
            return Missing(kind="file", project=name, file=file)
        return _part(path, headers, etag=f'"{filename}"')

    def _metadata_of(self, name: str, file: File, headers: Mapping[str, str]) -> Answer | Missing:
        if not file.is_wheel:
            return _not_found("metadata")
        key = name, file.filename
        if key not in self._metadata:
            content = self.recording.metadata(*key)
            if content is None:
                return Missing(kind="metadata", project=name, file=file)
            self._metadata[key] = content
        if not self._metadata[key]:
            return _not_found("metadata")
        etag = f'"{file.filename}.metadata"'
        said = {**FILE_HEADERS, "ETag": etag}
        if _unchanged(headers, etag):
            return Answer(kind="metadata", status=304, headers=said)
        return Answer(kind="metadata", headers=said, body=self._metadata[key])


def _not_found(kind: Kind) -> Answer:
    return Answer(kind=kind, status=404, headers={"Content-Type": "text/plain"}, body=b"not found\n")


def _unchanged(headers: Mapping[str, str], etag: str) -> bool:
    """RFC 9110, section 13.1.2; caches may have made a weak one of our tag."""
    said = headers.get("if-none-match", "")
    return any(each.strip().removeprefix("W/") in {etag, "*"} for each in said.split(",")) if said else False


def _part(path: Path, headers: Mapping[str, str], *, etag: str) -> Answer:
    """RFC 9110, section 14: one range of bytes; several are answered with the whole file."""
    total = path.stat().st_size
    said = {**FILE_HEADERS, "ETag": etag}
    if _unchanged(headers, etag):
        return Answer(kind="file", status=304, headers=said)
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", headers.get("range", ""), re.ASCII)
    if found is None or found.groups() == ("", ""):
        return Answer(kind="file", headers=said, body=Part(path=path, start=0, length=total))
    first, last = found.groups()
    start = int(first) if first else max(total - int(last), 0)
    stop = min(int(last) + 1, total) if first and last else total
    if start >= stop:
        return Answer(kind="file", status=416, headers={**said, "Content-Range": f"bytes */{total}"})
    said["Content-Range"] = f"bytes {start}-{stop - 1}/{total}"
    return Answer(kind="file", status=206, headers=said, body=Part(path=path, start=start, length=stop - start))
