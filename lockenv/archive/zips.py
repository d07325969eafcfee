"""Zip archives, strictly (APPNOTE.TXT 6.3; zip64 too): one directory, which the local headers must confirm.

`zipfile` is lenient where installers have been fooled: it takes what stands before, between and after the members,
several end records, and headers that disagree. Here each byte belongs to one member or to the directory. Members
are read by `pread`, so that several threads may share one archive.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from lockenv.archive.deflate import crc32, decompressobj, deflate_error
from lockenv.archive.names import check_distinct, refusal
from lockenv.errors import Refused
from lockenv.limits import DEFAULT, RATIO_FREE, Limits, remedy
from lockenv.values import dataclass

_CHUNK = 1 << 20
_WHOLE = 8 << 20  #: members up to this size are read and inflated in one go
_WINDOW = 1 << 18  #: bytes that are read at once where small members follow each other

_END_MARK = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_FULL = 0xFFFFFFFF  #: stands for a number that is in the zip64 field
_ENCRYPTED, _DESCRIPTOR, _PATCHED, _STRONG, _UTF8, _MASKED = 1, 1 << 3, 1 << 5, 1 << 6, 1 << 11, 1 << 13
_LEVEL = 3 << 1  #: how hard the packer tried: what the two headers may say differently
_ZIP64 = 0x0001
#: Extra fields that some readers let overrule what the headers say: another name, another way of packing.
_OVERRULING = {0x7075: "another name", 0x6375: "another comment", 0x0017: "encryption", 0x9901: "encryption"}
_REPARSE = 0x400  #: Windows' mark of links, among the attributes


class Member(NamedTuple):
    """One member. `path` has no trailing slash; `mode` the permission bits; `span` reaches to the next.

    `head` is the local header as most packers write it, word for word what the directory says.
    """

    path: str
    size: int
    mode: int
    is_dir: bool
    method: int
    crc: int
    compressed: int
    offset: int
    span: int
    head: bytes
    flags: int

    @property
    def raw_name(self) -> bytes:
        """The name as it stands in the archive."""
        return self.head[_LOCAL.size :]


@dataclass(frozen=True, slots=True)
class _End:
    """Where the central directory stands. `directory_end` is where the end records begin."""

    count: int
    size: int
    offset: int
    directory_end: int


class ZipArchive:
    """An open zip archive whose directory has been read and found sound."""

    def __init__(self, path: Path, *, filename: str | None = None, limits: Limits = DEFAULT) -> None:
        """Open and check. Raises `Refused` for what is odd, `OSError` for what cannot be read."""
        self.filename = filename or path.name
        self.limits = limits
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._window = (0, b"")  # one value, so that threads see a place and the bytes that stand there
        try:
            self.size = os.fstat(self.descriptor).st_size
            self.members = _read_members(self)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def refuse(self, reason: str, member: str | None = None) -> Refused:
        """Make the error that says which archive, which member and why."""
        where = f"{self.filename}: {member!r}" if member is not None else self.filename
        return Refused(f"{where} {reason}", hint="the file is damaged or hostile; nothing was unpacked from it")

    def exceeds(self, reason: str, name: str, needed: int, member: str | None = None) -> Refused:
        """Make the error of an archive that is larger than the bound called `name` allows."""
        where = f"{self.filename}: {member!r}" if member is not None else self.filename
        return Refused(f"{where} {reason}", hint=remedy(name, needed))

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Read exactly `count` bytes. Raises `Refused` where the file ends before."""
        start, window = self._window
        if start <= offset and offset + count <= start + len(window):
            return window[offset - start : offset - start + count]
        if count < _WINDOW // 4:
            window = os.pread(self.descriptor, _WINDOW, offset)
            self._window = (offset, window)
            if len(window) >= count:
                return window[:count]
        return self._pieced(offset, count)

    def _pieced(self, offset: int, count: int) -> bytes:
        content = os.pread(self.descriptor, count, offset) if count else b""
        while len(content) < count:
            more = os.pread(self.descriptor, count - len(content), offset + len(content))
            if not more:
                raise self.refuse("is truncated")
            content += more
        return content

    def read(self, member: Member) -> bytes:
        """Inflate one member whole. Raises `Refused` where it is not what the directory says."""
        if member.size <= _WHOLE and member.span <= _WHOLE:
            return self._read_whole(member)
        return b"".join(self.chunks(member))

    def _read_whole(self, member: Member) -> bytes:
        block = self.bytes_at(member.offset, member.span)
        start = len(member.head)
        end = start + member.compressed
        if end != member.span or member.flags & _DESCRIPTOR or not block.startswith(member.head):
            start = _check_local(self, member, block)
            end = start + member.compressed
            if end < len(block):
                _check_descriptor(self, member, block[end:])
        content = block[start:end]
        if member.method == _DEFLATED:
            content = self._inflate_whole(member, content)
        if len(content) != member.size or crc32(content) != member.crc:
            raise self.refuse("is not what the directory says (size or CRC)", member.path)
        return content

    def _inflate_whole(self, member: Member, content: bytes) -> bytes:
        inflater = decompressobj(-15)
        try:
            # One byte more than promised: enough to notice excess, never more than a byte of it in memory.
            plain = inflater.decompress(content, member.size + 1)
        except deflate_error as error:
            raise self.refuse(f"cannot be inflated: {error}", member.path) from None
        if not inflater.eof or inflater.unused_data:
            raise self.refuse("does not end where the directory says", member.path)
        return plain

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Inflate one member in pieces of about a megabyte, holding no more than that in memory."""
        header = self.bytes_at(member.offset, min(member.span, _LOCAL.size + 2 * 65535))
        start = member.offset + _check_local(self, member, header)
        after = start + member.compressed
        _check_descriptor(self, member, self.bytes_at(after, member.offset + member.span - after))
        raw = self._raw_chunks(start, member.compressed)
        size = crc = 0
        for chunk in self._inflated(member, raw) if member.method == _DEFLATED else raw:
            size += len(chunk)
            crc = crc32(chunk, crc)
            if size > member.size:
                break
            yield chunk
        if size != member.size or crc != member.crc:
            raise self.refuse("is not what the directory says (size or CRC)", member.path)

    def _raw_chunks(self, offset: int, count: int) -> Iterator[bytes]:
        for position in range(offset, offset + count, _CHUNK):
            yield self.bytes_at(position, min(_CHUNK, offset + count - position))

    def _inflated(self, member: Member, raw: Iterator[bytes]) -> Iterator[bytes]:
        inflater = decompressobj(-15)
        try:
            for piece in raw:
                yield inflater.decompress(piece, _CHUNK)
                while inflater.unconsumed_tail:
                    yield inflater.decompress(inflater.unconsumed_tail, _CHUNK)
            yield inflater.flush()
        except deflate_error as error:
            raise self.refuse(f"cannot be inflated: {error}", member.path) from None
        if not inflater.eof or inflater.unused_data:
            raise self.refuse("does not end where the directory says", member.path)


def _read_members(archive: ZipArchive) -> tuple[Member, ...]:
    end = _find_end(archive)
    if end.count > archive.limits.files:
        raise archive.exceeds(f"holds {end.count} members", "files", end.count)
    if end.size > archive.limits.directory:
        needed = end.size // 320 + 1
        raise archive.exceeds(f"has a directory of {end.size} bytes", "files", needed)
    if end.offset + end.size != end.directory_end:
        raise archive.refuse("has bytes that belong to no member")
    directory = archive.bytes_at(end.offset, end.size)
    members: list[Member] = []
    position = 0
    for _ in range(end.count):
        member, position = _parse_entry(archive, directory, position)
        members.append(member)
    if position != len(directory):
        raise archive.refuse("has a directory that is longer than its entries")
    _check_amounts(archive, members)
    check_distinct(
        (member.path for member in members if not member.is_dir),
        (member.path for member in members if member.is_dir),
        archive=archive.filename,
    )
    spanned = _with_spans(archive, members, end.offset)
    for member in spanned:
        if member.is_dir:  # nobody unpacks them, so nobody else looks at their headers
            archive.read(member)
    return spanned


def _find_end(archive: ZipArchive) -> _End:
    """Find the end record (4.3.16): the file must end with it and its comment."""
    tail_size = min(archive.size, _END.size + 65535)
    tail = archive.bytes_at(archive.size - tail_size, tail_size)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise archive.refuse("is no zip archive, or is truncated")
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise archive.refuse("has bytes after its end")
    position = archive.size - tail_size + at
    _check_only_end(archive, tail[:at], archive.size - tail_size)
    locator = archive.bytes_at(position - _END64_LOCATOR.size, 20) if position >= _END64_LOCATOR.size else b""
    if locator.startswith(b"PK\x06\x07"):
        wide = _find_end64(archive, locator, position - _END64_LOCATOR.size)
        for said, meant, full in (
            (count, wide.count, 0xFFFF),
            (size, wide.size, _FULL),
            (offset, wide.offset, _FULL),
        ):
            if said not in (meant, full):
                raise archive.refuse("has two end records that contradict each other")
        return wide
    if disk or first_disk or here != count:
        raise archive.refuse("is one part of several")
    return _End(count, size, offset, position)


def _check_only_end(archive: ZipArchive, before: bytes, start: int) -> None:
    """Refuse a second record that other readers could take for the end (4.3.16); `before` begins at `start`.

    Such readers look for one whose comment reaches the end of the file, or whose directory stands where it says.
    An archive that is stored within this one has neither.
    """
    at = before.find(_END_MARK)
    while at >= 0:
        place = start + at
        record = archive.bytes_at(place, _END.size)
        _, _, _, _, count, size, offset, comment = _END.unpack(record)
        reaches = place + _END.size + comment == archive.size
        if reaches or (count and offset + size <= place and archive.bytes_at(offset, 4) == b"PK\x01\x02"):
            raise archive.refuse("has two end records")
        at = before.find(_END_MARK, at + 1)


def _find_end64(archive: ZipArchive, locator: bytes, locator_at: int) -> _End:
    """Read the zip64 end record (4.3.14), which must stand right before its locator (4.3.15)."""
    _, disk, at, disks = _END64_LOCATOR.unpack(locator)
    if disk or disks > 1 or at + _END64.size > locator_at:
        raise archive.refuse("is one part of several, or its zip64 record is misplaced")
    mark, length, _, _, number, first, here, count, size, offset = _END64.unpack(archive.bytes_at(at, _END64.size))
    if mark != b"PK\x06\x06" or length != 44 or at + 56 != locator_at or number or first or here != count:
        raise archive.refuse("has a broken zip64 record")
    return _End(count, size, offset, at)


def _parse_entry(archive: ZipArchive, directory: bytes, at: int) -> tuple[Member, int]:
    """Read one entry of the central directory (4.3.12) and say where the next begins."""
    try:
        (
            mark, made_by, _, flags, method, _, _, crc, compressed, size,
            name_size, extra_size, comment_size, disk, _, attributes, offset,
        ) = _CENTRAL.unpack_from(directory, at)  # fmt: skip
    except struct.error:
        raise archive.refuse("has a truncated directory") from None
    body = at + _CENTRAL.size
    after = body + name_size + extra_size + comment_size
    if mark != b"PK\x01\x02" or after > len(directory):
        raise archive.refuse("has a broken directory")
    raw_name = directory[body : body + name_size]
    path, is_dir = _member_path(archive, raw_name, flags)
    # 4.3.7 has the same fields in the same order, from the version on, up to the length of the name.
    head = b"PK\x03\x04%b\0\0%b" % (directory[at + 6 : at + 30], raw_name)
    if extra_size or _FULL in {size, compressed, offset}:
        extra = directory[body + name_size : body + name_size + extra_size]
        if _FULL in {size, compressed, offset}:
            head = b"\0" + head[1:]  # the local header has to say more, and does not begin like this
        size, compressed, offset = _wide(archive, path, extra, (size, compressed, offset))
    _check_kind(archive, path, flags, method, attributes, is_dir=is_dir, size=size)
    # 4.4.2: the upper half of the attributes is a Unix mode only where the archive was made on one.
    mode = stat.S_IMODE(attributes >> 16) if made_by >> 8 in {3, 19} or attributes >> 16 else 0
    if disk not in {0, 0xFFFF}:
        raise archive.refuse("is one part of several")
    return Member(path, size, mode, is_dir, method, crc, compressed, offset, 0, head, flags), after


def _member_path(archive: ZipArchive, raw: bytes, flags: int) -> tuple[str, bool]:
    """Decode a member's name and check it.

    Beyond ASCII it must be marked as UTF-8 (4.4.4 bit 11): of other names each reader makes another one.
    """
    try:
        text = raw.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise archive.refuse("has a name that is not marked as UTF-8, or is not UTF-8", repr(raw)) from None
    path = text.removesuffix("/")
    if reason := refusal(path):
        raise archive.refuse(f"is refused for {reason} in its name", text)
    return path, path != text


def _check_kind(
    archive: ZipArchive, path: str, flags: int, method: int, attributes: int, *, is_dir: bool, size: int
) -> None:
    if flags & (_ENCRYPTED | _STRONG | _MASKED):
        raise archive.refuse("is encrypted", path)
    if flags & _PATCHED or method not in {_STORED, _DEFLATED}:
        raise archive.refuse(f"is packed by method {method}, which wheels do not use", path)
    kind = stat.S_IFMT(attributes >> 16)
    if kind not in ({0, stat.S_IFDIR} if is_dir else {0, stat.S_IFREG}) or attributes & _REPARSE:
        raise archive.refuse("is a link or device, not a plain file or folder", path)
    if is_dir and size:
        raise archive.refuse("is a folder with content", path)


def _wide(archive: ZipArchive, path: str, extra: bytes, values: tuple[int, int, int]) -> tuple[int, int, int]:
    """Read the values that did not fit from the zip64 extra field (4.5.3), in its fixed order."""
    field = _extra_fields(archive, path, extra).get(_ZIP64) if extra else None
    if _FULL not in values:
        return values
    field = field or b""
    wide = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
    found = [next(wide, -1) if value == _FULL else value for value in values]
    if -1 in found:
        raise archive.refuse("lacks its zip64 sizes", path)
    return found[0], found[1], found[2]


def _extra_fields(archive: ZipArchive, path: str, extra: bytes) -> dict[int, bytes]:
    """Read the extra fields of a header (4.5.1). Raises `Refused` for those that some readers see otherwise."""
    fields: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind in _OVERRULING:
            raise archive.refuse(f"has an extra field that states {_OVERRULING[kind]}", path)
        if kind == _ZIP64 and kind in fields:
            raise archive.refuse("has two zip64 fields", path)
        fields[kind] = extra[at + 4 : at + 4 + size]
        at += 4 + size
    # Fewer than four bytes at the end are padding, which some packers use to align what follows.
    if at > len(extra) or extra[at:].strip(b"\0"):
        raise archive.refuse("has a broken extra field", path)
    return fields


def _check_amounts(archive: ZipArchive, members: list[Member]) -> None:
    limits, total = archive.limits, 0
    for member in members:
        if member.size > limits.file:
            raise archive.exceeds(f"would take {member.size} bytes", "file", member.size, member.path)
        total += member.size
    if total > limits.unpacked:
        raise archive.exceeds(f"would take {total} bytes when unpacked", "unpacked", total)
    if total > RATIO_FREE and total > archive.size * limits.ratio:
        times = -(-total // max(archive.size, 1))
        raise archive.exceeds(f"would take {total} bytes when unpacked, {times} times its size", "ratio", times)


def _with_spans(archive: ZipArchive, members: list[Member], directory_at: int) -> tuple[Member, ...]:
    """Give each member the bytes up to the next one; they may neither overlap nor leave a gap at the start."""
    order = sorted(range(len(members)), key=lambda number: members[number].offset)
    if (members[order[0]].offset if order else directory_at) != 0:
        raise archive.refuse("has bytes before its first member")
    spanned = list(members)
    for number, following in zip_longest(order, order[1:]):
        member = members[number]
        end = directory_at if following is None else members[following].offset
        span = end - member.offset
        if span < _LOCAL.size + len(member.raw_name) + member.compressed:
            raise archive.refuse("overlaps another member", member.path)
        spanned[number] = member._replace(span=span)
    return tuple(spanned)


def _check_local(archive: ZipArchive, member: Member, block: bytes) -> int:
    """Compare the local header (4.3.7) with the directory; say where the data begins within `block`."""
    mark, _, flags, method, _, _, crc, compressed, size, name_size, extra_size = _LOCAL.unpack_from(block)
    name = block[_LOCAL.size : _LOCAL.size + name_size]
    start = int(_LOCAL.size + name_size + extra_size)
    same = (mark, name, method, flags & ~_LEVEL) == (
        b"PK\x03\x04", member.raw_name, member.method, member.flags & ~_LEVEL
    )  # fmt: skip
    if extra_size or _FULL in {size, compressed}:
        extra = block[_LOCAL.size + name_size : start]
        size, compressed, _ = _wide(archive, member.path, extra, (size, compressed, 0))
    stated = (crc, compressed, size)
    # 4.4.4 bit 3: then the header may leave them to the descriptor, and says 0.
    if not same or (
        stated != (member.crc, member.compressed, member.size) and (any(stated) or not flags & _DESCRIPTOR)
    ):
        raise archive.refuse("has a local header that contradicts the directory", member.path)
    slack = member.span - start - member.compressed
    if slack not in ({12, 16, 20, 24} if flags & _DESCRIPTOR else {0}):
        raise archive.refuse("is followed by bytes that belong to no member", member.path)
    return start


def _check_descriptor(archive: ZipArchive, member: Member, found: bytes) -> None:
    """Compare a data descriptor (4.3.9): 12 bytes or 20 (zip64), with or without its mark of 4; none is none."""
    sizes = "Q" if len(found) > 16 else "L"
    if not found or (sizes == "L" and max(member.compressed, member.size) > _FULL):
        meant = b""
    else:
        meant = struct.pack(f"<L2{sizes}", member.crc, member.compressed, member.size)
    if found not in (meant, b"PK\x07\x08" + meant):
        raise archive.refuse("has a data descriptor that contradicts the directory", member.path)
