"""The real index, asked by the recorder only: the one that pip is configured for, as lockenv finds it.

Its address is asked for when it is needed and stands in no file of this repository. Only what a tool asked for is
fetched: a page, and the sizes where the page does not tell them; METADATA, from the index or else out of the
wheel by range requests; a file.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any, Final, Self
from urllib.parse import unquote, urljoin, urlsplit

from packaging.utils import parse_wheel_filename

from benchmarks.recording import File, Page, Recording, version_of
from benchmarks.site import Missing
from lockenv.errors import MetadataError
from lockenv.index.auth import Credentials
from lockenv.index.default import default_index
from lockenv.index.http import Http, RangesUnsupported
from lockenv.index.origins import without_credentials
from lockenv.index.remote_zip import remote_metadata
from lockenv.packages import Index, IndexFile
from lockenv.packages import canonicalize_name as normalized

_JSON: Final = "application/vnd.pypi.simple.v1+json"
_KNOWN: Final = frozenset({200, 404, 410})
_LARGEST_PAGE: Final = 256 << 20


class Upstream:
    """Adds to a recording what is missing. `connections` bounds those to one host."""

    def __init__(self, recording: Recording, environ: Mapping[str, str], *, connections: int = 8) -> None:
        index = default_index(environ).url
        credentials = Credentials(environ=environ, indexes=[Index(name="recorded", url=index)])
        self._recording = recording
        self._index = without_credentials(index).rstrip("/")
        self._http = Http(credentials=credentials, environ=environ, connections=connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def fetch(self, missing: Missing) -> None:
        """Fetch one thing and keep it. Raises `LockenvError` where the index cannot be asked."""
        match missing.kind, missing.file:
            case "page", None:
                self._recording.keep_page(missing.project, self._page(missing.project))
            case "metadata", File() as file:
                self._recording.keep_metadata(
                    missing.project, file.filename, self._metadata(missing.project, file)
                )
            case _, File() as file:
                self._keep_file(missing.project, file)
            case _:
                msg = f"nobody can fetch the {missing.what}"
                raise ValueError(msg)

    # -- pages

    def _page(self, project: str) -> Page | None:
        url = f"{self._index}/{project}/"
        headers = {"Accept": f"{_JSON}, text/html;q=0.1"}
        answer = self._http.get(url, headers=headers, max_bytes=_LARGEST_PAGE, accept_statuses=_KNOWN)
        if answer.status != 200:
            return None
        if "json" in answer.headers.get("content-type", ""):
            rows = [_row_of_json(row, answer.url) for row in json.loads(answer.body)["files"]]
        else:
            rows = rows_of_html(answer.body.decode("utf-8", errors="replace"), answer.url)
        if any(row["size"] is None or row["upload_time"] is None for row in rows):
            rows = completed(rows, self._release_files(project))
        moment = self._recording.moment.isoformat()
        files = tuple(File(**row) for row in rows if not _is_later(row["upload_time"], moment))
        return Page(project=project, versions=versions_of(project, files), files=files)

    def _release_files(self, project: str) -> Mapping[str, Mapping[str, Any]]:
        """Ask PyPI's own API for what HTML pages do not tell; another index may not have it."""
        root = self._index.removesuffix("/simple")
        url = f"{root}/pypi/{project}/json"
        answer = self._http.get(url, max_bytes=_LARGEST_PAGE, accept_statuses=_KNOWN)
        releases = json.loads(answer.body)["releases"] if answer.status == 200 else {}
        return {file["filename"]: file for files in releases.values() for file in files}

    # -- metadata and files

    def _metadata(self, project: str, file: File) -> bytes:
        answer = self._http.get(f"{file.source}.metadata", accept_statuses=_KNOWN)
        if answer.status == 200:
            return answer.body
        version = str(parse_wheel_filename(file.filename)[1])
        remote = IndexFile(filename=file.filename, url=file.source, size=file.size)
        try:
            return remote_metadata(self._http, remote, name=normalized(project), version=version)
        except (MetadataError, RangesUnsupported):
            return b""

    def _keep_file(self, project: str, file: File) -> None:
        path = self._recording.file(project, file.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.part")
        with self._http.stream(file.source) as stream, partial.open("wb") as target:
            for chunk in stream.chunks:
                target.write(chunk)
        shutil.move(partial, path)


def versions_of(project: str, files: Sequence[File]) -> tuple[str, ...]:
    """The versions that a page's file names tell (PEP 700)."""
    found = {version for file in files if (version := version_of(project, file.filename)) is not None}
    return tuple(sorted(found))


def completed(rows: Sequence[Mapping[str, Any]], told: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Fill in sizes and upload times where rows lack them."""
    full = []
    for row in rows:
        more = told.get(row["filename"], {})
        size = row["size"] if row["size"] is not None else more.get("size")
        upload_time = row["upload_time"] or more.get("upload_time_iso_8601")
        full.append({**row, "size": size, "upload_time": upload_time})
    return full


def _is_later(upload_time: str | None, moment: str) -> bool:
    # Both are ISO 8601 in UTC, so their texts compare as their times do, to the second.
    return upload_time is not None and upload_time[:19] > moment[:19]


def _row_of_json(row: Mapping[str, Any], base: str) -> dict[str, Any]:
    return {
        "filename": row["filename"],
        "source": urljoin(base, row["url"]),
        "hashes": row["hashes"],
        "requires_python": row.get("requires-python"),
        "size": row.get("size"),
        "upload_time": row.get("upload-time"),
        "yanked": row.get("yanked", False),
    }


def rows_of_html(text: str, base: str) -> list[dict[str, Any]]:
    """Read the links of an HTML page (PEP 503, 592)."""
    reader = _Links()
    reader.feed(text)
    reader.close()
    return [_row_of_link(link, base) for link in reader.links if link.get("href")]


def _row_of_link(link: Mapping[str, str | None], base: str) -> dict[str, Any]:
    url, _, fragment = urljoin(base, link["href"] or "").partition("#")
    algorithm, _, digest = fragment.partition("=")
    return {
        "filename": unquote(urlsplit(url).path.rpartition("/")[2]),
        "source": url,
        "hashes": {algorithm: digest} if digest else {},
        "requires_python": link.get("data-requires-python") or None,
        "size": None,
        "upload_time": link.get("data-upload-time"),
        "yanked": (link["data-yanked"] or True) if "data-yanked" in link else False,
    }


class _Links(HTMLParser):
    """Collects the attributes of all links."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a link."""
        if tag == "a":
            self.links.append(dict(attrs))
