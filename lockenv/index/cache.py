"""What indexes said, kept on disk in parsed form, so that a warm run asks little and parses nothing twice.

`pages` hold a listing and what is needed to revalidate it; `metadata` is kept for ever, because it belongs to a
file that cannot change. An entry is a `marshal` of plain tuples behind a checksum. The files of a release are
packed once more, to be unpacked when somebody looks at them: of a page of 4,000 files, ten are. An entry with
anything wrong in it counts as missing. Writing fails silently, as a cache may.
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, cast, overload

from lockenv.files import write_atomically
from lockenv.packages import Listing, Metadata, NormalizedName, Releases, Remark
from lockenv.values import dataclass

_FORMAT = 4
#: `marshal` is Python's own affair: each bytecode version keeps its own entries.
_EDITION = f"{_FORMAT}-{importlib.util.MAGIC_NUMBER[:2].hex()}"
_MARSHAL = 4
_CHECKSUM_BYTES = 32
_LONGEST_FRESH = 86_400.0  #: seconds; an index may not have itself never asked again
_TOUCH_AFTER = 86_400.0  #: seconds after which reading an entry marks it as used

Plain: TypeAlias = "tuple[object, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a page's answer said about keeping it (RFC 9111).

    `max_age` is in seconds. `digest` is the SHA-256 of the page's content type, address and body: an index without
    ETags sends the same body again, which then needs no parsing.
    """

    etag: str = ""
    last_modified: str = ""
    max_age: float = 0.0
    storable: bool = True
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A kept page. `listing` is None where the index said that it does not know the name."""

    listing: Listing | None
    validators: Validators
    fresh: bool


class IndexCache:
    """The cache below the folder `root`, which need not exist. Safe with several threads and processes at once.

    `clock` gives the time in seconds since the epoch.
    """

    def __init__(self, root: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._clock = clock

    # -- pages

    def page(self, url: str, name: NormalizedName, index_url: str) -> Page | None:
        """Look up the page at `url` of a project; None if it is not kept."""
        path = self._path("pages", url)
        found = self._read(path, url)
        if found is None:
            return None
        content, written = found
        try:
            etag, last_modified, max_age, digest, listing = cast(
                "tuple[str, str, float, str, Plain | None]", content
            )
            validators = Validators(etag=etag, last_modified=last_modified, max_age=max_age, digest=digest)
            restored = listing_of(listing, name, index_url) if listing is not None else None
        except (TypeError, ValueError):
            return None
        age = self._clock() - written
        return Page(listing=restored, validators=validators, fresh=0 <= age < min(max_age, _LONGEST_FRESH))

    def store_page(self, url: str, listing: Listing | None, validators: Validators) -> None:
        """Keep a page, from now on."""
        self.write_page(
            url, plain_of(listing) if listing is not None and validators.storable else None, validators
        )
        self.note_stored(url, validators, is_known=listing is not None)

    def write_page(self, url: str, plain: Plain | None, validators: Validators) -> None:
        """Write the file of a page, and nothing else; `plain` is its listing (`plain_of`)."""
        if validators.storable:
            head = (validators.etag, validators.last_modified, validators.max_age, validators.digest)
            self._write(self._path("pages", url), url, (*head, plain))

    def note_stored(self, url: str, validators: Validators, *, is_known: bool) -> None:
        """Take note that a page was stored, perhaps by another process."""

    def confirm_page(self, url: str) -> None:
        """Note that the index said just now that the kept page is still right."""
        self._touch(self._path("pages", url))

    # -- metadata

    def metadata(self, key: str) -> Metadata | str | None:
        """Look up a file's metadata: a text says why it has none, None that nothing is kept under this key."""
        found = self._read(self._path("metadata", key), key)
        if found is None:
            return None
        content, written = found
        if self._clock() - written > _TOUCH_AFTER:
            self._touch(self._path("metadata", key))
        try:
            return _metadata(content)
        except (TypeError, ValueError):
            return None

    def has_metadata(self, key: str) -> bool:
        """Whether there is an entry under this key, which need not be sound."""
        return self._path("metadata", key).exists()

    def store_metadata(self, key: str, metadata: Metadata | str) -> None:
        """Keep the metadata of a file, or the reason why it has none that can be read."""
        plain: Plain = (metadata,)
        if isinstance(metadata, Metadata):
            plain = (
                metadata.name,
                metadata.version,
                metadata.requires_python,
                metadata.requires_dist,
                metadata.provides_extra,
            )
        self._write(self._path("metadata", key), key, plain)

    # -- digests of local files

    def digest(self, path: Path) -> str | None:
        """Look up the SHA-256 of a local file that has not been touched since."""
        key = _state_of(path)
        found = self._read(self._path("digests", key), key)
        content = found[0] if found else ()
        return content[0] if content and isinstance(content[0], str) else None

    def store_digest(self, path: Path, sha256: str) -> None:
        """Keep the SHA-256 of a local file, as long as its size and time stay what they are."""
        key = _state_of(path)
        self._write(self._path("digests", key), key, (sha256,))

    # -- housekeeping

    def size(self) -> tuple[int, int]:
        """Measure the cache: (bytes, entries)."""
        sizes = [status.st_size for _, status in self._entries()]
        return sum(sizes), len(sizes)

    def prune(self, *, older_than_days: float = 0.0) -> tuple[int, int]:
        """Remove entries not used for so long, whatever Python wrote them: (bytes, entries) that went."""
        limit = self._clock() - older_than_days * 86_400
        removed = size = 0
        for path, status in self._entries():
            if status.st_mtime <= limit:
                try:
                    path.unlink()
                except OSError:
                    continue
                removed, size = removed + 1, size + status.st_size
        return size, removed

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        for folder in ("pages", "metadata", "digests"):
            for path in sorted((self._root / folder).glob("*/*/*")):
                try:
                    yield path, path.stat()
                except OSError:
                    continue

    # -- entries

    def _path(self, kind: str, key: str) -> Path:
        name = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
        return self._root / kind / _EDITION / name[:2] / name[2:42]

    def _read(self, path: Path, key: str) -> tuple[Plain, float] | None:
        """Read an entry: (its content, when it was written or confirmed). None for anything but a sound one."""
        try:
            with path.open("rb", buffering=0) as file:
                raw = file.readall()
                written = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        body = memoryview(raw)[_CHECKSUM_BYTES:]
        # marshal trusts its input to the point of crashing, so nothing unsound may reach it.
        if raw[:_CHECKSUM_BYTES] != hashlib.sha256(body).digest():
            return None
        kept_key, content = marshal.loads(body)  # noqa: S302 - our own bytes, by the checksum
        return (content, written) if kept_key == key and isinstance(content, tuple) else None

    def _write(self, path: Path, key: str, content: Plain) -> None:
        try:
            body = marshal.dumps((key, content), _MARSHAL)  # type: ignore[arg-type]  # rows hold plain values only
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, hashlib.sha256(body).digest() + body)
        except (OSError, ValueError):
            return
        self._touch(path)

    def _touch(self, path: Path) -> None:
        now = self._clock()
        try:
            os.utime(path, (now, now))
        except OSError:
            return


def validators_of(headers: Mapping[str, str], digest: str) -> Validators:
    """Read an answer's caching headers (RFC 9111). Names are in lower case. Without any, nothing is fresh."""
    directives = dict(
        re.findall(r'([a-z-]+)(?:\s*=\s*"?([^",\s]*)"?)?', headers.get("cache-control", "").lower(), re.ASCII)
    )
    fresh = 0.0
    if "no-cache" not in directives and directives.get("max-age", "").isdigit():
        fresh = max(float(directives["max-age"][:9]) - _seconds(headers.get("age", "")), 0.0)
    return Validators(
        etag=headers.get("etag", ""),
        last_modified=headers.get("last-modified", ""),
        max_age=fresh,
        storable="no-store" not in directives,
        digest=digest,
    )


def _seconds(text: str) -> float:
    return float(text[:9]) if text.isascii() and text.isdigit() else 0.0


def _state_of(path: Path) -> str:
    status = path.stat()
    return f"{path}\0{status.st_mtime_ns}\0{status.st_size}"


def plain_of(listing: Listing) -> Plain:
    """Give a listing as plain data, which `marshal` takes."""
    releases = tuple(listing.releases)
    found = (release.remark(place) for place, release in enumerate(releases))
    return (
        listing.status,
        listing.status_reason,
        listing.skipped,
        isinstance(listing.releases, Releases),
        tuple(remark for remark in found if remark is not None),
        tuple(release.version for release in releases),
        tuple(_packed(release.rows) for release in releases),
    )


def listing_of(plain: Plain, name: NormalizedName, index_url: str) -> Listing:
    """Give the listing that was made plain (`plain_of`)."""
    status, reason, skipped, in_order, remarkable, versions, packed = cast(
        "tuple[str, str, int, bool, tuple[Remark, ...], tuple[str, ...], tuple[bytes, ...]]", plain
    )
    releases = Releases(versions, _AllPacked(packed))
    return Listing(
        name=name,
        index=index_url,
        releases=releases if in_order else tuple(releases),
        status=status,
        status_reason=reason,
        skipped=skipped,
        remarkable=remarkable,
    )


class _Packed(Sequence[Plain]):
    """Rows as they lie in an entry that was found sound, unpacked each time that they are looked at."""

    __slots__ = ("_packed",)

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    def unpacked(self) -> tuple[Plain, ...]:
        return cast("tuple[Plain, ...]", marshal.loads(self._packed))  # noqa: S302 - as in `_read`

    def __iter__(self) -> Iterator[Plain]:
        return iter(self.unpacked())

    def __len__(self) -> int:
        return len(self.unpacked())

    @overload
    def __getitem__(self, place: int) -> Plain: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Plain, ...]: ...
    def __getitem__(self, place: int | slice) -> Plain | tuple[Plain, ...]:
        return self.unpacked()[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.unpacked() == tuple(other)

    def __hash__(self) -> int:
        return hash(self.unpacked())


class _AllPacked(Sequence[_Packed]):
    """The packed rows of each release of a page."""

    __slots__ = ("_packed",)

    def __init__(self, packed: tuple[bytes, ...]) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, place: int) -> _Packed: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[_Packed, ...]: ...
    def __getitem__(self, place: int | slice) -> _Packed | tuple[_Packed, ...]:
        if isinstance(place, slice):
            return tuple(map(_Packed, self._packed[place]))
        return _Packed(self._packed[place])


def _packed(rows: Sequence[Plain]) -> bytes:
    return marshal.dumps(tuple(rows), _MARSHAL)  # type: ignore[arg-type]  # rows hold plain values only


def _metadata(plain: Plain) -> Metadata | str:
    if len(plain) == 1:
        return cast("str", plain[0])
    name, version, requires_python, requires_dist, provides_extra = cast(
        "tuple[NormalizedName, str, str | None, tuple[str, ...], tuple[NormalizedName, ...]]", plain
    )
    return Metadata(
        name=name,
        version=version,
        requires_python=requires_python,
        requires_dist=requires_dist,
        provides_extra=provides_extra,
    )
