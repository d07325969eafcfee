"""Tar archives, strictly (POSIX.1-2001 ustar and pax, GNU's long names): a stream of members, read once.

`tarfile` is lenient where installers have been fooled, and believes a header that claims gigabytes of itself.
Here each block belongs to a member or to the end, and what sources do not need is refused: devices, sparse files,
several volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from lockenv.archive.inflated import Inflated
from lockenv.errors import Refused
from lockenv.limits import Limits, remedy
from lockenv.values import dataclass

Kind: TypeAlias = Literal["file", "folder", "link", "hard link"]
Refuse: TypeAlias = Callable[..., Refused]

_BLOCK = 512
_CHUNK = 1 << 20
_MAX_HEADER = 1 << 20  #: bytes of one pax header or long name
_KINDS: Mapping[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"5": "folder",
    b"2": "link",
    b"1": "hard link",
}
_ODD = {b"3": "a device", b"4": "a device", b"6": "a named pipe", b"S": "a sparse file"}
_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_LINK = b"x", b"g", b"L", b"K"
_EXTENSIONS = frozenset({_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_LINK})
#: What would change how the archive is read, were it to hold for all members.
_DECIDING = frozenset({"path", "linkpath", "size"})


class Member(NamedTuple):
    """One member. `path` and `target` (of a link) are as they stand in the archive, but for a slash at the end."""

    path: str
    kind: Kind
    size: int
    executable: bool
    target: str


@dataclass(frozen=True, slots=True)
class _Header:
    name: bytes
    mode: int
    size: int
    kind: bytes
    link: bytes


def read_members(stream: Inflated, *, refuse: Refuse) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Yield each member with its content, which must be taken before the next is asked for, or is passed over.

    `refuse` makes an error of a reason and, where one is concerned, a member's name. Raises such errors.
    """
    count = 0
    extended: dict[str, str] = {}
    while (header := _read_header(stream, refuse)) is not None:
        count += 1
        if count > stream.limits.files:
            error = refuse(f"holds more than {stream.limits.files} members")
            raise Refused(error.message, hint=remedy("files", stream.limits.files * 2))
        if header.kind in _EXTENSIONS:
            extended |= _extension(stream, header, refuse)
            continue
        member = _member(header, extended, refuse, stream.limits)
        extended = {}
        content = _content(stream, member.size)
        yield member, content
        for _ in content:
            pass
    _check_end(stream, refuse, pending=bool(extended))


def _read_header(stream: Inflated, refuse: Refuse) -> _Header | None:
    """Read the next header; None at the end, which is a block of zeros or the end of the file."""
    block = stream.read(_BLOCK)
    if not block.strip(b"\0"):
        return None
    if len(block) < _BLOCK:
        raise refuse("is truncated")
    try:
        if not _is_sum(_number(block[148:156]), block):
            raise refuse("is no tar archive, or is damaged")
        size, mode = _number(block[124:136]), _number(block[100:108])
    except ValueError:
        raise refuse("is no tar archive, or is damaged") from None
    name, prefix = _text(block[:100]), _text(block[345:500])
    if block[257:263] == b"ustar\0" and prefix:  # GNU's own format keeps times there
        name = prefix + b"/" + name
    return _Header(name, mode, size, block[156:157], _text(block[157:257]))


def _is_sum(stated: int, block: bytes) -> bool:
    """Whether a header's sum is right: it counts its own field as spaces, and historic tars added signed bytes."""
    plain = block[:148] + b" " * 8 + block[156:]
    return stated == sum(plain) or stated == sum(plain) - 256 * sum(byte > 127 for byte in plain)


def _number(field: bytes) -> int:
    """Read a number: octal digits, or GNU's binary form with the highest bit set. Raises `ValueError`."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise ValueError(field)
    return int(digits or b"0", 8)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _extension(stream: Inflated, header: _Header, refuse: Refuse) -> dict[str, str]:
    """Read a header that says more about the next member than its own has room for."""
    if header.size > _MAX_HEADER:
        raise refuse(f"has a header of {header.size} bytes")
    content = b"".join(_content(stream, header.size))
    match header.kind:
        case b"L":
            return {"path": _decoded(_text(content), refuse)}
        case b"K":
            return {"linkpath": _decoded(_text(content), refuse)}
        case _:
            records = dict(_pax_records(content, refuse))
    if any(key.startswith("GNU.sparse.") for key in records):
        raise refuse("holds a sparse file, which sources do not need")
    if header.kind == _PAX_GLOBAL:
        if _DECIDING & records.keys():
            raise refuse("has a global header that names or sizes all its members")
        return {}
    return {key: value for key, value in records.items() if key in _DECIDING}


def _pax_records(content: bytes, refuse: Refuse) -> Iterator[tuple[str, str]]:
    """Read ``length key=value`` lines (POSIX.1-2001, pax header block); undecodable values matter only if used."""
    while content.strip(b"\0"):
        length, space, _ = content.partition(b" ")
        size = int(length) if length.isdigit() and len(length) < 8 else 0
        record = content[len(length) + 1 : size]
        key, equals, value = record.partition(b"=")
        if not space or not equals or not record.endswith(b"\n") or size > len(content):
            raise refuse("has a broken pax header")
        text = key.decode("utf-8", "replace")
        yield text, _decoded(value[:-1], refuse) if text in _DECIDING else ""
        content = content[size:]


def _decoded(raw: bytes, refuse: Refuse) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise refuse("has a name that is not UTF-8", repr(raw)) from None


def _member(header: _Header, extended: Mapping[str, str], refuse: Refuse, limits: Limits) -> Member:
    path = extended["path"] if "path" in extended else _decoded(header.name, refuse)
    target = extended["linkpath"] if "linkpath" in extended else _decoded(header.link, refuse)
    stated = extended.get("size", str(header.size))
    kind = _KINDS.get(header.kind)
    if kind is None:
        what = _ODD.get(header.kind, f"of the unknown kind {header.kind!r}")
        raise refuse(f"is {what}, not a plain file, folder or link", path)
    if kind == "file" and path.endswith("/"):  # before there was a kind for folders
        kind = "folder"
    if not (stated.isascii() and stated.isdigit() and len(stated) < 20):
        raise refuse(f"claims to have {stated[:30]} bytes", path)
    if int(stated) > limits.file:
        error = refuse(f"claims to have {stated} bytes", path)
        raise Refused(error.message, hint=remedy("file", int(stated)))
    if kind != "file" and int(stated):
        raise refuse(f"is a {kind} with content", path)
    return Member(path.rstrip("/"), kind, int(stated), bool(header.mode & 0o111), target)


def _content(stream: Inflated, size: int) -> Iterator[bytes]:
    for position in range(0, size, _CHUNK):
        yield stream.exactly(min(_CHUNK, size - position))
    stream.exactly(-size % _BLOCK)


def _check_end(stream: Inflated, refuse: Refuse, *, pending: bool) -> None:
    if pending:
        raise refuse("ends where a member should follow")
    while rest := stream.read(_CHUNK):
        if rest.strip(b"\0"):
            raise refuse("has bytes after its end")
