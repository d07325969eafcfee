"""What indexes said, kept on disk in parsed form, so that a warm run asks little and parses nothing twice.

`pages` hold a listing and what is needed to revalidate it; `metadata` is kept for ever, because it belongs to a
file that cannot change. An entry is a `marshal` of plain tuples behind checksums. Behind that, the files of each
release are packed for themselves, to be unpacked when somebody looks at them: of a page of 4,000 files, ten are.
An entry with anything wrong in it counts as missing. Writing fails silently, as a cache may.

An entry begins with the SHA-256 of what it says, which tells it from any other, and a CRC of all of it, which is
what a reader looks at: it takes a tenth of the time, and finds what disks do. A large entry is mapped, not read:
entries are replaced and removed, but never written in place. Each map holds a file open, so not all are mapped.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast, overload

from lockenv.files import write_atomically
from lockenv.packages import Listing, Metadata, NormalizedName, Releases, Remark
from lockenv.sums import sha256
from lockenv.values import dataclass

if TYPE_CHECKING:
    from io import FileIO
    from mmap import mmap

_FORMAT = 5
#: `marshal` is Python's own affair: each bytecode version keeps its own entries.
_EDITION = f"{_FORMAT}-{importlib.util.MAGIC_NUMBER[:2].hex()}"
_MARSHAL = 4
SEAL_BYTES = 32
_CRC_BYTES = 4
_LENGTH_BYTES = 8  #: of the length of the head
_BODY = SEAL_BYTES + _CRC_BYTES
_HEAD = _BODY + _LENGTH_BYTES
_MAPPED_FROM = 1 << 16  #: bytes from which on an entry is mapped; smaller ones are read in less time
_MOST_MAPS = 256  #: where the system sets no bound to open files
_LONGEST_FRESH = 86_400.0  #: seconds; an index may not have itself never asked again
_TOUCH_AFTER = 86_400.0  #: seconds after which reading an entry marks it as used

_Plain: TypeAlias = "tuple[object, ...]"


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
        self._maps_left = _most_maps()

    # -- pages

    def page(self, url: str, name: NormalizedName, index_url: str) -> Page | None:
        """Look up the page at `url` of a project; None if it is not kept."""
        found = self._read(self._place("pages", url), url)
        if found is None:
            return None
        content, packed, written = found
        try:
            etag, last_modified, max_age, digest, listing = cast(
                "tuple[str, str, float, str, _Plain | None]", content
            )
            validators = Validators(etag=etag, last_modified=last_modified, max_age=max_age, digest=digest)
            restored = _listing(listing, packed, name, index_url) if listing is not None else None
        except (TypeError, ValueError):
            return None
        age = self._clock() - written
        return Page(listing=restored, validators=validators, fresh=0 <= age < min(max_age, _LONGEST_FRESH))

    def page_read_elsewhere(self, url: str, name: NormalizedName, index_url: str) -> Page | None:
        """Look up the page at `url` that another process was asked to read and to keep."""
        return self.page(url, name, index_url)

    def store_page(self, url: str, listing: Listing | None, validators: Validators) -> None:
        """Keep a page, from now on."""
        if not validators.storable:
            return
        plain: _Plain | None = None
        packed: list[bytes] = []
        if listing is not None:
            releases = tuple(listing.releases)
            found = (release.remark(place) for place, release in enumerate(releases))
            packed = [_packed(release.rows) for release in releases]
            plain = (
                listing.status,
                listing.status_reason,
                listing.skipped,
                isinstance(listing.releases, Releases),
                tuple(remark for remark in found if remark is not None),
                tuple(release.version for release in releases),
                tuple(accumulate(map(len, packed))),
            )
        head = (validators.etag, validators.last_modified, validators.max_age, validators.digest)
        self._write(self._path("pages", url), url, (*head, plain), b"".join(packed))

    def confirm_page(self, url: str) -> None:
        """Note that the index said just now that the kept page is still right."""
        self._touch(self._path("pages", url))

    # -- metadata

    def metadata(self, key: str) -> Metadata | str | None:
        """Look up a file's metadata: a text says why it has none, None that nothing is kept under this key."""
        found = self._read(self._place("metadata", key), key)
        if found is None:
            return None
        content, _, written = found
        if self._clock() - written > _TOUCH_AFTER:
            self._touch(self._path("metadata", key))
        try:
            return _metadata(content)
        except (TypeError, ValueError):
            return None

    def has_metadata(self, key: str) -> bool:
        """Whether there is an entry under this key, which need not be sound."""
        return os.path.exists(self._place("metadata", key))  # noqa: PTH110 - asked of each release

    def store_metadata(self, key: str, metadata: Metadata | str) -> None:
        """Keep the metadata of a file, or the reason why it has none that can be read."""
        plain: _Plain = (metadata,)
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
        found = self._read(self._place("digests", key), key)
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
        return Path(self._place(kind, key))

    def _place(self, kind: str, key: str) -> str:
        name = sha256(key.encode(errors="surrogatepass")).hexdigest()
        return f"{self._root}/{kind}/{_EDITION}/{name[:2]}/{name[2:42]}"

    def _read(self, place: str, key: str) -> tuple[_Plain, memoryview, float] | None:
        """Read an entry: (its content, what is packed behind it, when it was written or confirmed).

        None for anything but a sound one.
        """
        try:
            with open(place, "rb", buffering=0) as file:  # noqa: PTH123 - hundreds in a run
                status = os.fstat(file.fileno())
                raw = memoryview(self._content(file, status.st_size))
        except (OSError, ValueError):
            return None
        # marshal trusts its input to the point of crashing, so nothing unsound may reach it.
        if len(raw) < _HEAD or raw[SEAL_BYTES:_BODY] != _crc(raw[:SEAL_BYTES], raw[_BODY:]):
            return None
        end = _HEAD + int.from_bytes(raw[_BODY:_HEAD], "little")
        kept_key, content = marshal.loads(raw[_HEAD:end])  # noqa: S302 - our own bytes, by the checksum
        return (content, raw[end:], status.st_mtime) if kept_key == key and isinstance(content, tuple) else None

    def _content(self, file: FileIO, size: int) -> mmap | bytes:
        if size < _MAPPED_FROM or self._maps_left <= 0:
            return file.readall()
        try:
            mapped = _mapped(file)
        except OSError:
            return file.readall()  # not every file system can
        self._maps_left -= 1
        return mapped

    def _write(self, path: Path, key: str, content: _Plain, packed: bytes = b"") -> None:
        # Lazy: OpenSSL takes longer to load than all keys take to digest, and here it is loaded.
        from hashlib import sha256

        try:
            head = marshal.dumps((key, content), _MARSHAL)  # type: ignore[arg-type]  # rows hold plain values only
            body = b"".join((len(head).to_bytes(_LENGTH_BYTES, "little"), head, packed))
            seal = sha256(body).digest()
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, b"".join((seal, _crc(seal, body), body)))
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


def _crc(seal: bytes | memoryview, body: bytes | memoryview) -> bytes:
    return zlib.crc32(body, zlib.crc32(seal)).to_bytes(_CRC_BYTES, "little")


def _most_maps() -> int:
    """How many entries may be mapped: Python keeps a descriptor for each, and others need some, too."""
    if os.name == "nt":  # what is mapped could not be replaced
        return 0
    allowed = os.sysconf("SC_OPEN_MAX")
    return allowed // 4 if allowed > 0 else _MOST_MAPS


def _mapped(file: FileIO) -> mmap:
    """Map a file into memory, which copies nothing of it. Raises `OSError` and `ValueError`."""
    from mmap import ACCESS_READ, mmap  # lazy: small projects have no large pages

    return mmap(file.fileno(), 0, access=ACCESS_READ)


def _state_of(path: Path) -> str:
    status = path.stat()
    return f"{path}\0{status.st_mtime_ns}\0{status.st_size}"


def _listing(plain: _Plain, packed: memoryview, name: NormalizedName, index_url: str) -> Listing:
    status, reason, skipped, in_order, remarkable, versions, ends = cast(
        "tuple[str, str, int, bool, tuple[Remark, ...], tuple[str, ...], tuple[int, ...]]", plain
    )
    releases = Releases(versions, _AllPacked(packed, ends))
    return Listing(
        name=name,
        index=index_url,
        releases=releases if in_order else tuple(releases),
        status=status,
        status_reason=reason,
        skipped=skipped,
        remarkable=remarkable,
    )


class _Packed(Sequence[_Plain]):
    """Rows as they lie in an entry that was found sound, unpacked each time that they are looked at."""

    __slots__ = ("_packed",)

    def __init__(self, packed: bytes | memoryview) -> None:
        self._packed = packed

    def unpacked(self) -> tuple[_Plain, ...]:
        return cast("tuple[_Plain, ...]", marshal.loads(self._packed))  # noqa: S302 - as in `_read`

    def __iter__(self) -> Iterator[_Plain]:
        return iter(self.unpacked())

    def __len__(self) -> int:
        return len(self.unpacked())

    @overload
    def __getitem__(self, place: int) -> _Plain: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[_Plain, ...]: ...
    def __getitem__(self, place: int | slice) -> _Plain | tuple[_Plain, ...]:
        return self.unpacked()[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.unpacked() == tuple(other)

    def __hash__(self) -> int:
        return hash(self.unpacked())


class _AllPacked(Sequence[_Packed]):
    """The packed rows of each release of a page."""

    __slots__ = ("_ends", "_packed")

    def __init__(self, packed: memoryview, ends: tuple[int, ...]) -> None:
        self._packed = packed
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> _Packed: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[_Packed, ...]: ...
    def __getitem__(self, place: int | slice) -> _Packed | tuple[_Packed, ...]:
        if isinstance(place, slice):
            return tuple(map(self.__getitem__, range(*place.indices(len(self._ends)))))
        end = self._ends[place]
        place %= len(self._ends)
        return _Packed(self._packed[self._ends[place - 1] if place else 0 : end])


def _packed(rows: Sequence[_Plain]) -> bytes:
    return marshal.dumps(tuple(rows), _MARSHAL)  # type: ignore[arg-type]  # rows hold plain values only


def _metadata(plain: _Plain) -> Metadata | str:
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
