"""Core metadata to values: the few header fields that resolution reads, and where to find them in a distribution.

Read by hand and only as far as the headers go: `email` takes ten times as long, most of it over descriptions.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from packaging.version import Version

from lockenv.errors import MetadataError, Refused
from lockenv.packages import Metadata, NormalizedName, canonicalize_name

if TYPE_CHECKING:
    import gzip
    import zipfile

MAX_METADATA_BYTES: Final = 8 << 20
_MAX_SDIST_BYTES: Final = 1 << 30  #: decompressed, up to PKG-INFO

_ONCE = (b"name", b"version", b"requires-python", b"metadata-version")
_MANY = (b"requires-dist", b"provides-extra", b"dynamic")
#: What may not be dynamic in an sdist whose PKG-INFO is to be trusted (PEP 643).
_RESOLVED_BY = frozenset({"name", "version", "requires-python", "requires-dist", "provides-extra"})
#: What is raised by archives that are none, besides what `zipfile` and `tarfile` have for it.
_BROKEN = (
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # NotImplementedError too: compressions and encryption that nothing proper uses
    KeyError,
    OverflowError,
    IndexError,
)


def read_metadata(content: bytes, *, filename: str, name: NormalizedName, version: str) -> Metadata:
    """Read a METADATA file (core metadata specification) of the release that `filename` belongs to.

    Raises `MetadataError` if it cannot be read, or speaks of another project or version than its file name.
    """
    return _metadata(_fields(content, filename), filename, name, version)


def read_static_metadata(content: bytes, *, filename: str, name: NormalizedName, version: str) -> Metadata | None:
    """Read the PKG-INFO of an sdist; None where a build could still change it (PEP 643).

    Raises `MetadataError` as `read_metadata` does.
    """
    fields = _fields(content, filename)
    stated = (fields.get(b"metadata-version") or [""])[0]
    found = re.fullmatch(r"(\d+)\.(\d+)", stated, re.ASCII)
    if found is None or (int(found[1]), int(found[2])) < (2, 2):
        return None
    if not _RESOLVED_BY.isdisjoint(field.lower() for field in fields.get(b"dynamic", ())):
        return None
    return _metadata(fields, filename, name, version)


def stated(content: bytes, *, filename: str) -> tuple[str, str]:
    """Say what name and version a file of metadata states, '' where it states none.

    Raises `MetadataError` if it states several, or what cannot be read.
    """
    fields = _fields(content, filename)
    return fields.get(b"name", [""])[0], fields.get(b"version", [""])[0]


def _metadata(fields: Mapping[bytes, list[str]], filename: str, name: NormalizedName, version: str) -> Metadata:
    said_name, said_version = (_required(fields, key, filename) for key in (b"name", b"version"))
    if canonicalize_name(said_name) != name:
        raise _broken(filename, f"it names the project {said_name!r}")
    try:
        same = Version(said_version) == Version(version)
    except ValueError:  # `InvalidVersion`, or numbers that never end
        raise _broken(filename, f"its version {said_version[:100]!r} is none (PEP 440)") from None
    if not same:
        raise _broken(filename, f"it states the version {said_version}")
    return Metadata(
        name=name,
        version=version,
        requires_python=next(iter(fields.get(b"requires-python", ())), None) or None,
        requires_dist=tuple(fields.get(b"requires-dist", ())),
        provides_extra=tuple(
            dict.fromkeys(canonicalize_name(extra) for extra in fields.get(b"provides-extra", ()))
        ),
    )


def _required(fields: Mapping[bytes, list[str]], key: bytes, filename: str) -> str:
    value = next(iter(fields.get(key, ())), "")
    if not value:
        raise _broken(filename, f"it has no {key.decode().title()}")
    return value


def _broken(filename: str, reason: str) -> MetadataError:
    return MetadataError(
        f"the metadata of {filename} is broken: {reason}",
        hint="exclude this version, or tell the package's authors",
    )


def _fields(content: bytes, filename: str) -> dict[bytes, list[str]]:
    """Collect the header fields of interest; others may hold what they like, undecodable bytes too."""
    fields: dict[bytes, list[str]] = {}
    for line in _unfolded(content):
        key, colon, value = line.partition(b":")
        key = key.strip().lower()
        if not colon or (key not in _ONCE and key not in _MANY):
            continue
        try:
            text = value.decode().strip()
        except UnicodeDecodeError:
            raise _broken(filename, f"its {key.decode().title()} is not UTF-8") from None
        fields.setdefault(key, []).append(text)
    for key in _ONCE:
        if len(set(fields.get(key, ()))) > 1:
            raise _broken(filename, f"it has more than one {key.decode().title()}")
    return fields


def _unfolded(content: bytes) -> list[bytes]:
    """Split the header into logical lines: up to the first empty line, continuation lines joined (RFC 5322)."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    lines: list[bytes] = []
    for line in io.BytesIO(content):
        stripped = line.rstrip(b"\r\n")
        if not stripped:
            break
        if stripped[:1] in {b" ", b"\t"} and lines:
            lines[-1] += b" " + stripped.strip()
        else:
            lines.append(stripped)
    return lines


# -- inside distributions


def metadata_in_wheel(file: IO[bytes], *, filename: str, name: NormalizedName, version: str) -> bytes:
    """Take METADATA out of a wheel: exactly one, of exactly this release, neither odd nor long.

    Raises `MetadataError` where the archive does not hold that.
    """
    import zipfile  # Lazy: a sync reads METADATA where they have been unpacked

    try:
        with zipfile.ZipFile(file) as archive:
            entry = _metadata_entry(archive, filename, name, version)
            if entry.file_size > MAX_METADATA_BYTES or entry.compress_size > MAX_METADATA_BYTES:
                raise _broken(filename, f"METADATA is longer than {MAX_METADATA_BYTES >> 20} MiB")
            if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise _broken(filename, "METADATA is compressed in an unusual way")
            with archive.open(entry) as member:
                return member.read(MAX_METADATA_BYTES + 1)
    except (zipfile.BadZipFile, *_BROKEN) as error:
        raise _broken(filename, f"the archive cannot be read ({str(error) or type(error).__name__})") from None


def _metadata_entry(
    archive: zipfile.ZipFile, filename: str, name: NormalizedName, version: str
) -> zipfile.ZipInfo:
    entries = [
        entry for entry in archive.infolist() if re.fullmatch(r"[^/\\]+\.dist-info/METADATA", entry.filename)
    ]
    if len(entries) != 1:
        what = "no METADATA" if not entries else "more than one METADATA"
        raise _broken(filename, f"the wheel holds {what}")
    folder = entries[0].filename.partition("/")[0].removesuffix(".dist-info")
    stated_name, _, stated_version = folder.rpartition("-")
    if canonicalize_name(stated_name) != name or not _same_version(stated_version, version):
        raise _broken(filename, f"its folder {folder}.dist-info belongs to something else")
    return entries[0]


def _same_version(stated: str, version: str) -> bool:
    try:
        return Version(stated.replace("_", "-")) == Version(version) or Version(stated) == Version(version)
    except ValueError:  # `InvalidVersion`, or numbers that never end
        return False


def pkg_info_in_sdist(path: Path) -> bytes:
    """Take PKG-INFO out of an sdist (.tar.gz or .zip): the one in the archive's single top folder.

    Nothing is extracted, and no more is inflated than needed or sane. Raises `MetadataError`.
    """
    import tarfile  # Lazy: as above
    import zipfile

    try:
        found = _pkg_info_in_zip(path) if path.name.endswith(".zip") else _pkg_info_in_tar(path)
    except (tarfile.TarError, zipfile.BadZipFile, *_BROKEN) as error:
        raise _broken(path.name, f"the archive cannot be read ({str(error) or type(error).__name__})") from None
    if found is None:
        raise _broken(path.name, "the sdist holds no PKG-INFO")
    if len(found) > MAX_METADATA_BYTES:
        raise _broken(path.name, f"PKG-INFO is longer than {MAX_METADATA_BYTES >> 20} MiB")
    return found


def _is_pkg_info(member: str) -> bool:
    return re.fullmatch(r"(?:\./)?[^/\\]+/PKG-INFO", member) is not None and not member.startswith("..")


def _pkg_info_in_zip(path: Path) -> bytes | None:
    import zipfile  # Lazy: as above

    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if _is_pkg_info(entry.filename):
                with archive.open(entry) as member:
                    return member.read(MAX_METADATA_BYTES + 1)
    return None


def _pkg_info_in_tar(path: Path) -> bytes | None:
    import tarfile  # Lazy: as above

    with _bounded(path) as inflated, tarfile.open(fileobj=inflated, mode="r|") as archive:
        for entry in archive:
            if entry.isreg() and _is_pkg_info(entry.name):
                member = archive.extractfile(entry)
                return member.read(MAX_METADATA_BYTES + 1) if member is not None else None
    return None


def _bounded(path: Path) -> gzip.GzipFile:
    """Inflate up to a bound, beyond which an archive is taken for a bomb."""
    import gzip  # Lazy: as above

    class Bounded(gzip.GzipFile):
        def read(self, size: int | None = -1) -> bytes:
            content = super().read(size)
            if self.tell() > _MAX_SDIST_BYTES:
                msg = f"{self.name} unpacks to more than {_MAX_SDIST_BYTES >> 20} MiB"
                raise Refused(msg, hint="exclude this version, or tell the package's authors")
            return content

    return Bounded(path)
