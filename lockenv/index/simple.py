"""Pages of the simple repository API to values: JSON (PEP 691, 700, 714, 792) and HTML (PEP 503, 592, 658, 714).

Pure, strict and bounded by its input: a page is a `Listing`, or a `NetworkError` says why it is none. A file whose
name is no wheel or sdist name *of this project* is skipped and counted, because old projects list much else.
Rows are plain tuples in the order of `IndexFile`'s fields: pages hold thousands, and most are never looked at.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from html.parser import HTMLParser
from operator import itemgetter
from typing import Any, TypeAlias, cast
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from packaging.version import Version

from lockenv.errors import NetworkError, Refused
from lockenv.index.columns import UPLOAD_TIME, printable, rows_by_column
from lockenv.packages import Listing, NormalizedName, Releases, canonicalize_name

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
#: What a client sends: JSON first (PEP 833 freezes the HTML form), HTML as every index speaks it.
ACCEPT = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

#: In the order of `IndexFile`.
Row: TypeAlias = tuple[Any, ...]
Hashes: TypeAlias = tuple[tuple[str, str], ...]

_JSON_TYPES = frozenset({JSON_TYPE, "application/vnd.pypi.simple.latest+json"})
_HTML_TYPES = frozenset(
    {"text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.latest+html"}
)
_LIGHT = 1 << 20  #: bytes of a page that needs no looking at
_MOST_WEIGHT = 150 << 20  #: bytes of memory; the longest page known has 26,000 files in 15 MiB and takes 100
_STATUSES = frozenset({"active", "archived", "quarantined", "deprecated"})  # PEP 792
_DIGEST_LENGTHS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,256}")
_ORDINARY_URL = re.compile(r"https?://[A-Za-z0-9.:-]+/[!-~]*")


def parse_page(content_type: str, body: bytes, url: str, name: NormalizedName, index_url: str) -> Listing:
    """Read a project's page in whichever form the index chose to send.

    `content_type` is the header's value, `url` the address the page finally came from (relative links start
    there), `index_url` the index as the listing will name it.

    Raises `NetworkError` for another type, another major version of the API, or a malformed page, and `Refused`
    for one that would take more memory than any index has needed.
    """
    if len(body) > _LIGHT and _weight(body) > _MOST_WEIGHT:
        msg = f"{printable(url)} lists too much to be read: {len(body) >> 20} MiB"
        raise Refused(msg, hint="the index or something on the way to it is broken or hostile; ask its owner")
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type in _JSON_TYPES:
        return parse_json(body, url, name, index_url)
    if media_type in _HTML_TYPES:
        return parse_html(_decoded(body, parameters), url, name, index_url)
    kind = f"the type {media_type!r}" if media_type else "no content type"
    msg = f"{url} answered with {kind}, which is not a page of a package index"
    raise NetworkError(msg, hint=f"check that {index_url} is the address of a simple repository (PEP 503)")


def _weight(body: bytes) -> int:
    """Estimate the bytes that reading a page takes: measured for text, objects, lists, strings, numbers and links.

    To look at the text is all that can be done before it is too late: four bytes make a list of 64.
    """
    text = len(body) * (3 if body.isascii() else 9)
    parts = ((b"{", 200), (b"[", 75), (b'"', 40), (b",", 30), (b"<a", 1750), (b"<A", 1750))
    return text + sum(body.count(mark) * cost for mark, cost in parts)


def parse_json(body: str | bytes, url: str, name: NormalizedName, index_url: str) -> Listing:
    """Read a page in JSON (PEP 691). Raises `NetworkError` where it is malformed."""
    page = _Json(url, index_url)
    content = page.mapping(page.load(body), "the page")
    version = page.text(page.mapping(content.get("meta"), "meta").get("api-version"), "meta.api-version")
    _check_api_version(version, url, index_url)
    said = page.text(content.get("name", name), "name")
    if canonicalize_name(said) != name:
        raise _malformed(url, index_url, f"it is about `{printable(said)}`, not `{name}`")
    found = releases_of(name, page.rows(content.get("files")))
    marker = content.get("project-status")
    status = page.mapping(marker, "project-status") if marker is not None else {}
    return _listing(name, index_url, found=found, status=status.get("status"), reason=status.get("reason"))


def parse_html(text: str, url: str, name: NormalizedName, index_url: str) -> Listing:
    """Read a page in HTML (PEP 503). Raises `NetworkError` where it is no such page.

    That is so too where it has no link and does not say that it is an index's (PEP 629): networks that want a
    login answer so for any host, and with nothing at all.
    """
    page = _Html.read(text)
    if page.asks_for_password:
        raise _malformed(url, index_url, "it is a login form")
    if not page.links and not any(key.startswith("pypi:") for key in page.meta):
        raise _no_index_page(url, name, index_url)
    version = page.meta.get("pypi:repository-version")
    if version is not None:  # PEP 629: no version means 1.0
        _check_api_version(version, url, index_url)
    base = _joined(url, page.base) if page.base else url
    found = releases_of(name, (_html_row(link, base) for link in page.links))
    status, reason = page.meta.get("pypi:project-status"), page.meta.get("pypi:project-status-reason")
    return _listing(name, index_url, found=found, status=status, reason=reason)


def releases_of(name: NormalizedName, rows: Iterable[Row | None]) -> tuple[Releases, int]:
    """Sort rows into releases, newest first, by what their file names say; count those that are skipped.

    None stands for a file that was already found unusable. Versions that are equal by PEP 440 (1.0 and 1.0.0)
    are one release under the shortest spelling. Of files with the same name the first counts.
    """
    groups: dict[Version, dict[str, Row]] = {}
    spellings: dict[Version, str] = {}
    by_text: dict[str, dict[str, Row] | None] = {}
    version_in = _reader(name)
    skipped = 0
    for row in rows:
        text = version_in(row[0]) if row is not None else None
        if row is None or text is None:
            skipped += 1
            continue
        if text not in by_text:
            by_text[text] = _group(text, groups, spellings)
        group = by_text[text]
        if group is None:
            skipped += 1
        else:
            group.setdefault(row[0], row)
    order = sorted(groups, reverse=True)
    rows_of = [tuple(sorted(groups[key].values(), key=itemgetter(0))) for key in order]
    return Releases(tuple(spellings[key] for key in order), rows_of), skipped


def _group(
    text: str, groups: dict[Version, dict[str, Row]], spellings: dict[Version, str]
) -> dict[str, Row] | None:
    """Find the group of a version as a file name spells it; None if it is no version of PEP 440."""
    try:
        version = Version(text)
    except ValueError:  # `InvalidVersion`, or numbers that never end
        return None
    spelling, known = str(version), spellings.get(version)
    if known is None or (len(spelling), spelling) < (len(known), known):
        spellings[version] = spelling
    return groups.setdefault(version, {})


_PYTHON_TAGS = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"  # identifiers, as packaging asks
_TAGS = r"\w+(?:\.\w+)*"
_WHEEL = re.compile(rf"([A-Za-z0-9_.]+)-([\w.!+]+)(?:-\d[\w.]*)?-{_PYTHON_TAGS}-{_TAGS}-{_TAGS}\.whl", re.ASCII)


def _reader(name: NormalizedName) -> Callable[[str], str | None]:
    """Read the version out of the file names of one project; None where a name is no wheel's or sdist's of it.

    Wheels by the binary distribution format, with or without build tag, and no more strictly or loosely than
    `packaging.utils.parse_wheel_filename`, because a lock with a name that it refuses cannot be read back. Sdists
    also by the habits before PEP 625, where name and version both held dashes: knowing the name settles where
    it ends.
    """
    # One expression for the wheels of all projects, because to compile one takes as long as to read a short page.
    wheel, sdist = _WHEEL.fullmatch, _sdist_pattern(name).fullmatch
    own: dict[str, bool] = {}

    def version_in(filename: str) -> str | None:
        if not filename.endswith(".whl"):
            found = sdist(filename)
            return None if found is None else found[1]
        found = wheel(filename)
        if found is None:
            return None
        spelling = found[1]
        if spelling not in own:
            own[spelling] = spelling.lower().replace(".", "_") == name.replace("-", "_")
        return found[2] if own[spelling] else None

    return version_in


@lru_cache(maxsize=512)
def _sdist_pattern(name: NormalizedName) -> re.Pattern[str]:
    parts = [re.escape(part) for part in name.split("-")]
    return re.compile(rf"(?i:{'[-_.]+'.join(parts)})-([\w.!+-]+)\.(?:tar\.gz|zip)", re.ASCII)


def _listing(
    name: NormalizedName,
    index_url: str,
    *,
    found: tuple[Releases, int],
    status: object,
    reason: object,
) -> Listing:
    known = isinstance(status, str) and status in _STATUSES
    return Listing(
        name=name,
        index=index_url,
        releases=found[0],
        status=cast("str", status) if known else "active",
        status_reason=printable(reason) if known and isinstance(reason, str) else "",
        skipped=found[1],
    )


def _check_api_version(version: str, url: str, index_url: str) -> None:
    """PEP 629: a client must refuse another major version."""
    if not re.fullmatch(r"1\.\d+", version, re.ASCII):
        msg = f"{url} speaks version {printable(version)!r} of the simple repository API; lockenv knows 1.x"
        raise NetworkError(msg, hint=f"a newer lockenv may understand {index_url}")


def _malformed(url: str, index_url: str, what: str) -> NetworkError:
    hint = f"check that {index_url} is the address of a simple repository (PEP 503)"
    return NetworkError(f"{url} is not a valid page of a package index: {what}", hint=hint)


def _no_index_page(url: str, name: NormalizedName, index_url: str) -> NetworkError:
    host = urlsplit(url).netloc.rpartition("@")[2] or url
    return NetworkError(
        f"{host} answered the page of `{name}` with something that is no index page",
        details=["it has no link to a file, and no `pypi:repository-version` (PEP 629) either"],
        hint=f"check that {index_url} is the address of a simple repository (PEP 503), and whether this network"
        " wants a login in the browser first",
    )


# -- links and hashes


def _joined(base: str, link: str) -> str:
    """Resolve a relative reference; one that cannot be resolved stays as it is, and is refused as a URL later."""
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _file_url(link: str, base: str) -> str | None:
    """Make a link absolute, without fragment and credentials; None if it is nothing that can be fetched.

    A page that came over the network may not point into the local file system.
    """
    url = link.partition("#")[0].strip()
    if _ORDINARY_URL.fullmatch(url):
        return url
    try:
        scheme, netloc, path, query, _ = urlsplit(urljoin(base, url))
        if scheme not in {"http", "https"} and not (scheme == "file" and base.startswith("file:")):
            return None
        netloc = netloc.rpartition("@")[2]
        if bool(netloc) != (scheme != "file") or not re.fullmatch(r"[A-Za-z0-9.:\[\]-]*", netloc):
            return None
        return urlunsplit((scheme, netloc, quote(path, safe="/%:@!$&'()*+,;=~"), quote(query, safe="/%?=&+"), ""))
    except ValueError:  # UnicodeEncodeError of lone surrogates too
        return None


def _hashes(pairs: Iterable[tuple[str, object]]) -> Hashes:
    """Keep what can be a digest, by algorithm; a malformed one counts as none, and no hash is never trusted."""
    kept = []
    for algorithm, value in pairs:
        digest = value.lower() if isinstance(value, str) else ""
        length = _DIGEST_LENGTHS.get(algorithm, len(digest))
        if len(digest) == length and _HEXADECIMAL.fullmatch(digest):
            kept.append((algorithm, digest))
    return tuple(sorted(kept)) if len(kept) > 1 else tuple(kept)


def _upload_time(value: str | None) -> str | None:
    return value if value is not None and UPLOAD_TIME.fullmatch(value) else None


# -- JSON


class _Json:
    """Checked access to a page's content; errors name the page and the place in it."""

    def __init__(self, url: str, index_url: str) -> None:
        self._url = url
        self._index_url = index_url

    def error(self, what: str) -> NetworkError:
        return _malformed(self._url, self._index_url, what)

    def load(self, body: str | bytes) -> Any:
        try:
            return json.loads(body.decode() if isinstance(body, bytes) else body)
        except (ValueError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else printable(str(error))
            raise self.error(f"no JSON ({reason})") from None

    def mapping(self, value: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.error(f"{where} is not an object")
        return value

    def text(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise self.error(f"{where} is not a text")
        return value

    def optional_text(self, value: Any, where: str) -> str | None:
        return None if value is None else self.text(value, where)

    def rows(self, files: Any) -> Iterable[Row | None]:
        if not isinstance(files, list):
            raise self.error("files is not a list")
        ordinary = rows_by_column(files)
        return self._one_by_one(files) if ordinary is None else ordinary

    def _one_by_one(self, files: Iterable[Any]) -> Iterator[Row | None]:
        for position, file in enumerate(files):
            yield self._row(self.mapping(file, f"files[{position}]"), f"files[{position}]")

    def _row(self, file: Mapping[str, Any], where: str) -> Row | None:
        filename = self.text(file.get("filename"), f"{where}.filename")
        url = _file_url(self.text(file.get("url"), f"{where}.url"), self._url)
        hashes = _hashes(self.mapping(file.get("hashes"), f"{where}.hashes").items())
        requires_python = self.optional_text(file.get("requires-python"), f"{where}.requires-python")
        upload_time = self.optional_text(file.get("upload-time"), f"{where}.upload-time")
        size, yanked, core = self._size(file, where), self._yanked(file, where), self._core_metadata(file, where)
        if url is None:
            return None
        return (filename, url, hashes, requires_python or None, size, _upload_time(upload_time), yanked, core)

    def _size(self, file: Mapping[str, Any], where: str) -> int | None:
        size = file.get("size")
        if size is not None and (type(size) is not int or not 0 <= size < 2**63):
            raise self.error(f"{where}.size is not a number of bytes")
        return size

    def _yanked(self, file: Mapping[str, Any], where: str) -> str | None:
        """PEP 592 as PEP 691 writes it: a boolean, or the reason."""
        yanked = file.get("yanked", False)
        if isinstance(yanked, bool):
            return "" if yanked else None
        return printable(self.text(yanked, f"{where}.yanked"))

    def _core_metadata(self, file: Mapping[str, Any], where: str) -> Hashes | None:
        """PEP 714: `core-metadata` counts, and its old name where that is missing."""
        value = file.get("core-metadata", file.get("dist-info-metadata", False))
        if isinstance(value, bool) or value is None:
            return () if value else None
        return _hashes(self.mapping(value, f"{where}.core-metadata").items())


# -- HTML

_LINK_TAGS = re.compile(
    # An anchor as indexes write them and what stands between two. Anything else is left to `html.parser`.
    r"""<a((?:\s+[a-z-]+="[^"<>&]*(?:&(?:amp|lt|gt|quot|\#39|\#x27);[^"<>&]*)*")*)\s*>[^<>&]*</a>(?:\s|<br\s*/?>)*""",
    re.ASCII | re.VERBOSE,
)
_ATTRIBUTES = re.compile(r'([a-z-]+)="([^"]*)"')


class _Html(HTMLParser):
    """Collects the links, the base and the `pypi:` metadata of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.meta: dict[str, str] = {}
        self.links: list[dict[str, str | None]] = []
        self.asks_for_password = False

    @classmethod
    def read(cls, text: str) -> _Html:
        """Read a page: its run of plain anchors by a regular expression, what stands around by the parser.

        The expression takes only text that the parser would read the same way, and costs a fifth.
        """
        page = cls()
        start = text.find("<a ")
        if start > 0:
            page.feed(text[:start])
        if start >= 0 and page.rawdata == "" and page.cdata_elem is None:  # not inside a comment or a script
            start = page.take_plain_links(text, start)
        page.feed(text[max(start, 0) :])
        page.close()
        return page

    def take_plain_links(self, text: str, start: int) -> int:
        """Take links from `start` on as long as they are plain; the place behind the last is returned."""
        for found in _LINK_TAGS.finditer(text, start):
            if found.start() != start:
                break
            start = found.end()
            attributes = _ATTRIBUTES.findall(found[1])
            self.links.append({key: html.unescape(value) if "&" in value else value for key, value in attributes})
        return start

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs))
        elif tag == "base" and self.base is None:
            self.base = dict(attrs).get("href")
        elif tag == "meta":
            found = dict(attrs)
            self.meta.setdefault(found.get("name") or "", found.get("content") or "")
        elif tag == "input":
            self.asks_for_password |= (dict(attrs).get("type") or "").lower() == "password"


def _html_row(link: Mapping[str, str | None], base: str) -> Row | None:
    href = link.get("href")
    url = _file_url(href, base) if href else None
    if href is None or url is None:
        return None
    fragment = href.partition("#")[2]
    # `data-upload-time` is no standard; mirrors that add it to HTML pages make `exclude-newer` possible there.
    upload_time = _upload_time(link.get("data-upload-time"))
    yanked = printable(link["data-yanked"] or "") if "data-yanked" in link else None
    filename = unquote(url.partition("?")[0].rpartition("/")[2])
    requires_python = (link.get("data-requires-python") or "").strip() or None
    return (
        filename,
        url,
        _fragment_hashes(fragment),
        requires_python,
        None,
        upload_time,
        yanked,
        _html_core_metadata(link),
    )


def _fragment_hashes(fragment: str) -> Hashes:
    """PEP 503: `#<algorithm>=<digest>`. Other fragments, such as `#egg=`, hold no digest and so give none."""
    return _hashes(
        (algorithm.lower(), digest)
        for algorithm, _, digest in (part.partition("=") for part in fragment.split("&") if part)
    )


def _html_core_metadata(link: Mapping[str, str | None]) -> Hashes | None:
    """PEP 658 and 714: `true`, or `<algorithm>=<digest>`."""
    value = link.get("data-core-metadata", link.get("data-dist-info-metadata"))
    if not value or value.lower() == "false":
        return None
    return _fragment_hashes(value)


def _decoded(body: bytes, parameters: str) -> str:
    """Decode HTML by the charset of the content type; file names are ASCII, so what is undecodable may be lost."""
    found = re.search(r"charset\s*=\s*\"?([A-Za-z0-9._-]+)", parameters, re.ASCII | re.IGNORECASE)
    try:
        return body.decode(found[1] if found else "utf-8", errors="replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", errors="replace")
