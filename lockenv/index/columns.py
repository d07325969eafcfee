"""The files of a page in JSON, column by column: what `simple` reads row by row, at a third of the time.

Ordinary pages hold thousands of files that all look alike, so each key is read from all of them at once, and what
can be checked of a column as a whole is. Whatever is out of the ordinary is left to the reading by rows, which
knows what it means or says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

_Rows: TypeAlias = "list[tuple[object, ...]]"
_Hashes: TypeAlias = tuple[tuple[str, str], ...]

_URLS = re.compile(r'(?:https?://[A-Za-z0-9.:-]+/[!"$-~]*\n)*+')  # neither fragments nor what must be quoted
_HEXADECIMAL = b"0123456789abcdef"
#: ISO 8601 as PEP 700 has it, with less or more precision.
UPLOAD_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_NONE = type(None)


class _Unusual(Exception):
    """A column holds something that has to be looked at by itself."""


def rows_by_column(files: Sequence[Any]) -> _Rows | None:
    """Read files (PEP 691, 700, 714) as rows in the order of `IndexFile`; None where they are not all ordinary."""
    try:
        columns = (
            _required(files, "filename", {str}),
            _urls(files),
            _sha256(_required(files, "hashes", {dict})),
            [text or None for text in _optional(files, "requires-python", {str})],
            _sizes(files),
            _upload_times(files),
            _yanked(files),
            _core_metadata(files),
        )
    except (_Unusual, AttributeError, KeyError, TypeError):
        return None
    return list(zip(*columns, strict=True))


def printable(text: str) -> str:
    """Text of an index that a person will see: one line without control characters, and not a novel."""
    return "".join(character if character.isprintable() else " " for character in text[:500]).strip()


def _required(files: Sequence[Mapping[str, Any]], key: str, types: set[type]) -> list[Any]:
    return _typed(list(map(itemgetter(key), files)), types)


def _optional(files: Sequence[Mapping[str, Any]], key: str, types: set[type]) -> list[Any]:
    return _typed([file.get(key) for file in files], {*types, _NONE})


def _typed(values: list[Any], types: set[type]) -> list[Any]:
    _insist(types.issuperset(map(type, values)))
    return values


def _insist(ordinary: object) -> None:
    if not ordinary:
        raise _Unusual


def _urls(files: Sequence[Mapping[str, Any]]) -> list[str]:
    urls: list[str] = _required(files, "url", {str})
    text = "\n".join([*urls, ""])
    _insist(text.count("\n") == len(urls) and _URLS.fullmatch(text))
    return urls


def _sha256(hashes: Sequence[Mapping[str, Any]]) -> list[_Hashes]:
    """Read hashes that are one SHA-256 each, as those of nearly all files are."""
    digests = _required(hashes, "sha256", {str})
    _insist({1}.issuperset(map(len, hashes)) and {64}.issuperset(map(len, digests)))
    _insist(not "".join(digests).encode(errors="surrogatepass").translate(None, _HEXADECIMAL))
    return [(("sha256", digest),) for digest in digests]


def _sizes(files: Sequence[Mapping[str, Any]]) -> list[int | None]:
    sizes = _optional(files, "size", {int})
    given = [size for size in sizes if size is not None]
    _insist(not given or (min(given) >= 0 and max(given) < 2**63))
    return sizes


def _upload_times(files: Sequence[Mapping[str, Any]]) -> list[str | None]:
    valid = UPLOAD_TIME.fullmatch
    texts = _optional(files, "upload-time", {str})
    return [text if text is not None and valid(text) else None for text in texts]


def _yanked(files: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """PEP 592: a boolean, or the reason."""
    values = _typed([file.get("yanked", False) for file in files], {bool, str})
    return [None if yanked is False else "" if yanked is True else printable(yanked) for yanked in values]


def _core_metadata(files: Sequence[Mapping[str, Any]]) -> list[_Hashes | None]:
    """PEP 714: hashes, or whether there is any."""
    _insist(all("core-metadata" in file or "dist-info-metadata" not in file for file in files))
    values = _optional(files, "core-metadata", {bool, dict})
    hashes = iter(_sha256([value for value in values if type(value) is dict]))
    return [next(hashes) if type(value) is dict else () if value else None for value in values]
