"""A zip archive that two readers could read in two ways is refused, and so is what would be odd elsewhere."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from lockenv.archive.names import refusal, trap
from lockenv.archive.record import read_record
from lockenv.archive.wheel import open_wheel
from lockenv.archive.zips import ZipArchive
from lockenv.errors import Refused
from lockenv.limits import Limits
from tests.fakes.wheels import make_wheel

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], comment: bytes = b"", stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
        archive.comment = comment
    return buffer.getvalue()


def read(tmp_path: Path, content: bytes, **bounds: int) -> dict[str, bytes]:
    path = tmp_path / "menu.whl"
    path.write_bytes(content)
    archive = ZipArchive(path, limits=Limits(**bounds))
    try:
        whole = {member.path: archive.read(member) for member in archive.members if not member.is_dir}
        in_pieces = {m.path: b"".join(archive.chunks(m)) for m in archive.members if not m.is_dir}
        assert whole == in_pieces
        return whole
    finally:
        archive.close()


def refused(tmp_path: Path, content: bytes, **bounds: int) -> Refused:
    with pytest.raises(Refused) as caught:
        read(tmp_path, content, **bounds)
    return caught.value


def patched(content: bytes, mark: bytes, at: int, layout: str, *values: int) -> bytes:
    """Overwrite fields of the last header of a kind."""
    changed = bytearray(content)
    struct.pack_into(layout, changed, changed.rindex(mark) + at, *values)
    return bytes(changed)


def with_extra(content: bytes, extra: bytes, *, local: bool) -> bytes:
    """Give the only member another extra field in one of its two headers."""
    mark, size_at, name_at = (LOCAL, 28, 30) if local else (CENTRAL, 30, 46)
    at = content.index(mark)
    name_size = struct.unpack_from("<H", content, at + size_at - 2)[0]
    cut = at + name_at + name_size
    changed = bytearray(content[:cut] + extra + content[cut:])
    struct.pack_into("<H", changed, at + size_at, len(extra))
    end = changed.rindex(END)
    if local:
        struct.pack_into("<L", changed, end + 16, changed.index(CENTRAL))
    else:
        struct.pack_into("<L", changed, end + 12, end - changed.index(CENTRAL))
    return bytes(changed)


def field(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


ONE = zipped(("menu/a.py", b"a" * 100))
EVIL = zipped(("menu/evil.py", b"evil"))


# The end record


def test_a_second_end_record_within_the_comment_is_refused(tmp_path: Path) -> None:
    """Readers from the front find the first, readers from the back the second."""
    end = ONE[ONE.rindex(END) :]
    assert "two end records" in refused(tmp_path, zipped(("menu/a.py", b"a" * 100), comment=end)).message


def test_an_end_record_with_its_directory_inside_a_member_is_refused(tmp_path: Path) -> None:
    """Some readers take any record whose directory stands where it says."""
    inner = bytearray(EVIL)
    shift = 30 + len("menu/x.zip")
    struct.pack_into("<L", inner, inner.rindex(END) + 16, inner.index(CENTRAL) + shift)
    assert "two end records" in refused(tmp_path, zipped(("menu/x.zip", bytes(inner)), stored=True)).message


def test_an_end_record_inside_a_member_whose_comment_reaches_the_end_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("menu/x.zip", EVIL), stored=True))
    at = content.index(END)
    struct.pack_into("<H", content, at + 20, len(content) - at - 22)
    assert "two end records" in refused(tmp_path, bytes(content)).message


def test_an_archive_that_is_stored_in_another_is_taken(tmp_path: Path) -> None:
    assert read(tmp_path, zipped(("menu/x.zip", EVIL), stored=True)) == {"menu/x.zip": EVIL}


def test_a_plain_comment_is_taken(tmp_path: Path) -> None:
    assert read(tmp_path, zipped(("a", b"1"), comment=b"made by hand")) == {"a": b"1"}


def test_a_zip64_end_record_that_contradicts_the_other_is_refused(tmp_path: Path) -> None:
    end = ONE.rindex(END)
    _, _, _, _, count, size, offset, _ = struct.unpack("<4s4H2LH", ONE[end:])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    agreeing = ONE[:end] + wide + locator + ONE[end:]
    assert read(tmp_path, agreeing) == {"menu/a.py": b"a" * 100}
    assert "contradict each other" in refused(tmp_path, patched(agreeing, END, 16, "<L", 1)).message
    longer = patched(agreeing, b"PK\x06\x06", 4, "<Q", 45)
    assert "zip64" in refused(tmp_path, longer).message


# The two headers of a member


@pytest.mark.parametrize(
    ("at", "layout", "value"),
    [(6, "<H", 1 << 11), (6, "<H", 1), (8, "<H", 0), (14, "<L", 7), (18, "<L", 7), (22, "<L", 7), (26, "<H", 3)],
    ids=["utf-8", "encrypted", "method", "crc", "compressed", "size", "length of the name"],
)
def test_a_local_header_that_says_something_else_is_refused(
    tmp_path: Path, at: int, layout: str, value: int
) -> None:
    assert "contradicts" in refused(tmp_path, patched(ONE, LOCAL, at, layout, value)).message


def test_how_hard_a_packer_tried_may_be_told_in_two_ways(tmp_path: Path) -> None:
    assert read(tmp_path, patched(ONE, LOCAL, 6, "<H", 2)) == {"menu/a.py": b"a" * 100}


def test_a_folders_local_header_is_compared_too(tmp_path: Path) -> None:
    content = zipped(("menu/", b""), ("menu/a", b""))
    assert "contradicts" in refused(tmp_path, content.replace(b"menu/", b"evil/", 1)).message


def piped(tmp_path: Path) -> bytes:
    """An archive whose sizes follow the data, as they must where it cannot be rewound."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_: object) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("menu/a", b"a" * 100)
    return pipe.getvalue()


def test_a_data_descriptor_is_compared(tmp_path: Path) -> None:
    content = piped(tmp_path)
    assert read(tmp_path, content) == {"menu/a": b"a" * 100}
    for at in (0, 4, 8, 12):
        changed = patched(content, b"PK\x07\x08", at, "<L", 7)
        assert "descriptor that contradicts" in refused(tmp_path, changed).message
    assert "contradicts" in refused(tmp_path, patched(content, LOCAL, 22, "<L", 7)).message


# Extra fields


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("kind", [0x7075, 0x6375, 0x9901, 0x0017])
def test_extra_fields_that_overrule_a_header_are_refused(tmp_path: Path, kind: int, *, local: bool) -> None:
    content = with_extra(
        ONE, field(kind, b"\1" + struct.pack("<L", zlib.crc32(b"menu/a.py")) + b"evil"), local=local
    )
    assert "extra field that states" in refused(tmp_path, content).message


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (field(0x5455, b"12345")[:-1], "broken extra field"),
        (b"\1\2\3", "broken extra field"),
        (field(1, b"x" * 16) * 2, "two zip64 fields"),
    ],
)
def test_broken_extra_fields_are_refused(tmp_path: Path, extra: bytes, said: str, *, local: bool) -> None:
    assert said in refused(tmp_path, with_extra(ONE, extra, local=local)).message


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("extra", [field(0x5455, b"\1abcd"), b"\0\0\0", field(0xCAFE) + field(0x7875, b"1")])
def test_times_owners_and_padding_are_taken(tmp_path: Path, extra: bytes, *, local: bool) -> None:
    assert read(tmp_path, with_extra(ONE, extra, local=local)) == {"menu/a.py": b"a" * 100}


def test_zip64_numbers_that_are_missing_are_refused(tmp_path: Path) -> None:
    content = patched(ONE, CENTRAL, 24, "<L", 0xFFFFFFFF)
    assert "lacks its zip64 sizes" in refused(tmp_path, content).message


# Names


def test_a_name_that_is_not_marked_as_utf_8_is_refused(tmp_path: Path) -> None:
    """Without the mark it is code page 437 for some and UTF-8 for others."""
    content = zipped(("menu/caf\u00e9", b""))
    assert read(tmp_path, content) == {"menu/caf\u00e9": b""}
    for mark, at in ((LOCAL, 6), (CENTRAL, 8)):
        content = patched(content, mark, at, "<H", 0)
    assert "not marked as UTF-8" in refused(tmp_path, content).message


def test_a_name_that_is_not_in_nfc_is_refused() -> None:
    assert refusal("menu/caf\u00e9") is None
    assert "normal form C" in str(refusal("menu/cafe\u0301"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("menu/con", "a device"),
        ("menu/AUX.py", "a device"),
        ("nul.tar.gz", "a device"),
        ("menu/com1/x.py", "a device"),
        ("menu/lpt\u00b2.txt", "a device"),
        ("menu/con .txt", "a device"),
        ("menu/x.", "whose end Windows cuts off"),
        ("menu /x", "whose end Windows cuts off"),
        ("menu/...", "whose end Windows cuts off"),
        ("menu/x.py:stream", "a part of another file"),
    ],
)
def test_names_that_mean_something_else_on_windows_are_traps(tmp_path: Path, path: str, said: str) -> None:
    assert said in str(trap(path))
    built = make_wheel("menu", "1.0", files={path: "x"})
    place = tmp_path / "menu.whl"
    place.write_bytes(built.content)
    with pytest.raises(Refused, match=said):
        open_wheel(place, name="menu", version="1.0")


@pytest.mark.parametrize(
    "path", ["menu/console.py", "menu/auxiliary", "com10.py", "menu/ x", ".x", "menu/nulls.c"]
)
def test_names_that_only_look_so_are_taken(path: str) -> None:
    assert trap(path) is None


# Bounds


@pytest.mark.parametrize(
    ("bounds", "said", "hint"),
    [
        ({"file": 99}, "would take 100 bytes", '`file = "100 B"`'),
        ({"unpacked": 150}, "would take 200 bytes", '`unpacked = "200 B"`'),
        ({"files": 1}, "holds 2 members", "`files = 2`"),
    ],
)
def test_what_is_above_a_bound_is_refused_with_the_line_that_raises_it(
    tmp_path: Path, bounds: dict[str, int], said: str, hint: str
) -> None:
    content = zipped(("a", b"a" * 100), ("b", b"b" * 100))
    error = refused(tmp_path, content, **bounds)
    assert said in error.message
    assert hint in str(error.hint)
    assert "[limits]" in str(error.hint)


def test_a_raised_bound_lets_the_same_archive_in(tmp_path: Path) -> None:
    content = zipped(("zeros", bytes(65 << 20)))
    error = refused(tmp_path, content)
    times = int(str(error.hint).split("ratio = ")[1].split("`")[0])
    assert len(read(tmp_path, content, ratio=times)["zeros"]) == 65 << 20


# RECORD


def test_hexadecimal_digests_are_read() -> None:
    """A packer of a well-known wheel writes them; they can be nothing else."""
    rows = read_record(f"a,sha256={'0f' * 32},1\n".encode(), archive="menu.whl")
    assert rows["a"] is not None
    assert rows["a"].digest == b"\x0f" * 32


@pytest.mark.parametrize("size", ["-1", "+1", "1_0", "\u0661", "1" * 40])
def test_sizes_that_are_not_plain_numbers_are_refused(size: str) -> None:
    with pytest.raises(Refused, match="is no number"):
        read_record(f"a,sha256={'0f' * 32},{size}\n".encode(), archive="menu.whl")


def test_an_endless_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="more than 20 rows"):
        read_record(b"a/,,\n" * 30, archive="menu.whl", most=10)
