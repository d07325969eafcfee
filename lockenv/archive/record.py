"""RECORD: what a wheel says it holds (PEP 376; recording installed projects; binary distribution format). Pure."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from lockenv.errors import Refused
from lockenv.limits import DEFAULT

#: The binary distribution format asks for sha256 or better.
_DIGEST_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}


class Row(NamedTuple):
    """What RECORD says of one file: the raw digest and the size, which may be left out."""

    algorithm: str
    digest: bytes
    size: int | None


def read_record(content: bytes, *, archive: str, most: int = DEFAULT.files) -> dict[str, Row | None]:
    """Read RECORD, of `most` rows. A path without hash maps to None; folders are left out. Raises `Refused`.

    Tolerated because real wheels hold it: paths that begin with ``./``, rows for folders, the same row twice,
    digests in hexadecimal.
    """
    found = _read_plain(content, most) if len(content) <= _WHOLE else None
    return found if found is not None else _read_any(content, archive, most)


def _read_any(content: bytes, archive: str, most: int) -> dict[str, Row | None]:
    rows: dict[str, Row | None] = {}
    try:
        for number, line in enumerate(csv.reader(_lines(content), strict=True)):
            if number > 2 * most:
                raise Refused(f"{archive}: RECORD has more than {2 * most} rows")
            if not line or line[0].endswith("/"):
                continue
            path, row = _read_row(line)
            if rows.setdefault(path, row) != row:
                raise Refused(f"{archive}: RECORD says two things of {path!r}")
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise Refused(f"{archive}: RECORD cannot be read: {error}") from None
    return rows


#: Up to so many bytes are read at once.
_WHOLE = 4 << 20
#: A row as nearly all are: nothing quoted, sha256 in full or no hash, and a path that needs no second look.
_PLAIN = re.compile(
    r'^([^".,\r\n][^",\r\n]*(?<!/)),(?:sha256=([\w-]{43}))?,(\d{0,19})\r?\n', re.ASCII | re.MULTILINE
)
_STANDARD = str.maketrans("-_", "+/")  #: from the URL-safe alphabet


def _read_plain(content: bytes, most: int) -> dict[str, Row | None] | None:
    """Read a RECORD of plain rows alone, of which no two are of one path; None for any other."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    found = _PLAIN.findall(text)
    # Each match is a line from its beginning to its end.
    if len(found) != text.count("\n") or not text.endswith("\n") or '"' in text or len(found) > most:
        return None
    decode = binascii.a2b_base64
    rows = {
        path: Row("sha256", decode(f"{digest.translate(_STANDARD)}="), int(size) if size else None)
        if digest
        else None
        for path, digest, size in found
    }
    return rows if len(rows) == len(found) else None


def _lines(content: bytes) -> Iterator[str]:
    """Decode line by line: the whole as text would take up to four times its bytes."""
    return (line.decode("utf-8") for line in io.BytesIO(content))


def _read_row(line: list[str]) -> tuple[str, Row | None]:
    if len(line) != 3:
        raise ValueError(f"{line[0]!r} has {len(line)} fields, not 3")
    path, hashed, size = line
    path = path.removeprefix("./")
    if not hashed:
        return path, None
    algorithm, _, digest = hashed.partition("=")
    try:
        raw = _digest(digest, _DIGEST_SIZES.get(algorithm, 0))
    except binascii.Error:
        raise ValueError(f"the hash of {path!r} is no base64") from None
    if _DIGEST_SIZES.get(algorithm) != len(raw):
        raise ValueError(f"the hash of {path!r} is no sha256, sha384 or sha512")
    if size and not (size.isascii() and size.isdigit() and len(size) < 20):
        raise ValueError(f"the size of {path!r} is no number")
    return path, Row(algorithm, raw, int(size) if size else None)


def _digest(text: str, size: int) -> bytes:
    """Decode a digest: URL-safe base64, or hexadecimal, which is told by its length."""
    if size and len(text) == 2 * size:
        return bytes.fromhex(text) if text.isalnum() else b""
    if not text.isascii():
        raise binascii.Error
    plain = text.rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)


def record_line(path: str, sha256: str, size: int) -> str:
    """Write one line of RECORD, without its end. `sha256` is hexadecimal."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()
    return f"{_quoted(path)},sha256={digest},{size}"


def _quoted(path: str) -> str:
    """Quote a field as `csv` would, where it must be."""
    if "," not in path and '"' not in path:
        return path
    return '"{}"'.format(path.replace('"', '""'))
