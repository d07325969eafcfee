from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.archive import inflated
from lockenv.archive.sdist import SOURCE_TIME, unpack
from lockenv.errors import Refused
from lockenv.limits import DEFAULT, Limits

File = tuple[str, bytes]

PACK: Mapping[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, mode
    return made


def tarred(*members: tarfile.TarInfo | File, layout: int = tarfile.PAX_FORMAT, encoding: str = "utf-8") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=layout, encoding=encoding) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                made = entry(member[0])
                made.size = len(member[1])
                archive.addfile(made, io.BytesIO(member[1]))
    return buffer.getvalue()


def written(tmp_path: Path, content: bytes, filename: str = "menu-1.0.tar") -> Path:
    path = tmp_path / filename
    path.write_bytes(content)
    return path


def unpacked(
    tmp_path: Path,
    content: bytes,
    filename: str = "menu-1.0.tar",
    *,
    is_sdist: bool = True,
    limits: Limits = DEFAULT,
) -> Path:
    return unpack(written(tmp_path, content, filename), tmp_path / "tree", sdist=is_sdist, limits=limits)


def refused(
    tmp_path: Path,
    content: bytes,
    filename: str = "menu-1.0.tar",
    *,
    is_sdist: bool = True,
    limits: Limits = DEFAULT,
) -> str:
    """Say why an archive is refused, having seen that nothing of it got out of the folder."""
    with pytest.raises(Refused) as caught:
        unpacked(tmp_path, content, filename, is_sdist=is_sdist, limits=limits)
    assert {path.name for path in tmp_path.iterdir()} <= {filename, "tree"}
    assert caught.value.message.startswith(filename)
    return caught.value.message


MENU: tuple[File, ...] = (
    ("menu-1.0/PKG-INFO", b"Name: menu\n"),
    ("menu-1.0/src/menu/__init__.py", b"x = 1\n"),
)


def read(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# What sources are


def zipped(*members: File) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("filename", "pack"),
    [
        ("menu-1.0.tar", bytes),
        ("menu-1.0.tar.gz", gzip.compress),
        ("menu-1.0.TGZ", gzip.compress),
        ("menu-1.0.tar.bz2", bz2.compress),
        ("menu-1.0.tar.xz", lzma.compress),
    ],
)
def test_a_tar_archive_is_unpacked_however_it_is_compressed(
    tmp_path: Path, filename: str, pack: Callable[[bytes], bytes]
) -> None:
    project = unpacked(tmp_path, pack(tarred(*MENU)), filename)
    assert project == tmp_path / "tree" / "menu-1.0"
    assert read(project) == {"PKG-INFO": b"Name: menu\n", "src/menu/__init__.py": b"x = 1\n"}


def test_a_zip_archive_is_unpacked(tmp_path: Path) -> None:
    project = unpacked(tmp_path, zipped(*MENU), "menu-1.0.zip")
    assert read(project) == {"PKG-INFO": b"Name: menu\n", "src/menu/__init__.py": b"x = 1\n"}


@pytest.mark.parametrize("suffix", PACK)
def test_a_stream_may_come_in_several_parts(tmp_path: Path, suffix: str) -> None:
    content = tarred(*MENU)
    parts = PACK[suffix](content[:700]) + PACK[suffix](content[700:])
    assert read(unpacked(tmp_path, parts, f"menu-1.0.tar.{suffix}"))


@pytest.mark.parametrize("layout", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_common_layout_is_read_with_long_and_foreign_names(tmp_path: Path, layout: int) -> None:
    long = f"menu-1.0/{'deep/' * 25}{'n' * 90}.py"
    foreign = "menu-1.0/ünï.py"
    project = unpacked(tmp_path, tarred(*MENU, (long, b"long"), (foreign, b"foreign"), layout=layout))
    assert (project.parent / long).read_bytes() == b"long"
    assert (project.parent / foreign).read_bytes() == b"foreign"


def test_a_global_header_with_a_comment_is_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "0" * 40}
    ) as archive:
        made = entry("menu-1.0/x")
        archive.addfile(made, io.BytesIO())
    assert (unpacked(tmp_path, buffer.getvalue()) / "x").exists()


def test_names_may_begin_with_a_dot_and_a_slash(tmp_path: Path) -> None:
    folders = (entry("./", tarfile.DIRTYPE), entry("./menu-1.0/", tarfile.DIRTYPE))
    project = unpacked(tmp_path, tarred(*folders, *((f"./{name}", content) for name, content in MENU)))
    assert (project / "PKG-INFO").exists()


def test_modes_and_times_are_the_same_everywhere(tmp_path: Path) -> None:
    odd = (entry("menu-1.0/run", mode=0o4711), entry("menu-1.0/plain", mode=0o600))
    project = unpacked(tmp_path, tarred(*odd))
    facts = {path.name: path.stat() for path in project.iterdir()}
    assert stat.S_IMODE(facts["run"].st_mode) == 0o755
    assert stat.S_IMODE(facts["plain"].st_mode) == 0o644
    assert {found.st_mtime_ns for found in facts.values()} == {SOURCE_TIME * 10**9}


def test_a_folder_may_stand_twice_and_after_what_is_in_it(tmp_path: Path) -> None:
    folder = entry("menu-1.0/src", tarfile.DIRTYPE)
    assert (unpacked(tmp_path, tarred(folder, *MENU, folder)) / "src").is_dir()


def test_an_old_archive_without_kinds_is_read(tmp_path: Path) -> None:
    made = [entry("menu-1.0/src/", tarfile.AREGTYPE), entry("menu-1.0/x", tarfile.AREGTYPE)]
    project = unpacked(tmp_path, tarred(*made))
    assert (project / "src").is_dir()
    assert (project / "x").is_file()


def test_an_archive_without_an_end_mark_is_whole(tmp_path: Path) -> None:
    content = tarred(*MENU)
    assert read(unpacked(tmp_path, content[: 4 * 512]))


# The one folder


def test_an_sdist_with_two_folders_is_refused(tmp_path: Path) -> None:
    reason = refused(tmp_path, tarred(*MENU, ("other/x", b"")))
    assert "must hold exactly one folder at its top, and holds 'menu-1.0', 'other'" in reason


@pytest.mark.parametrize("members", [(), (("PKG-INFO", b""),), (*MENU, ("loose", b""))])
def test_an_sdist_without_its_one_folder_is_refused(tmp_path: Path, members: tuple[File, ...]) -> None:
    assert "exactly one folder" in refused(tmp_path, tarred(*members))


def test_another_archive_may_be_flat(tmp_path: Path) -> None:
    assert unpacked(tmp_path, tarred(("pyproject.toml", b""), ("src/x", b"")), is_sdist=False) == tmp_path / "tree"


def test_another_archive_with_one_folder_is_that_folder(tmp_path: Path) -> None:
    assert unpacked(tmp_path, tarred(*MENU), is_sdist=False) == tmp_path / "tree" / "menu-1.0"


def test_what_is_no_archive_of_sources_is_refused(tmp_path: Path) -> None:
    assert "is no archive of sources" in refused(tmp_path, b"", "menu-1.0.exe")


# Hostile names


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "menu-1.0/../../evil",
        "/evil",
        "menu-1.0//evil",
        "menu-1.0/./evil",
        "menu-1.0\\evil",
        "menu-1.0/\x01evil",
        "C:/evil",
        "menu-1.0/\u202eevil",
        "menu-1.0/" + "x" * 256,
        "menu-1.0/" + "x/" * 600,
    ],
)
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE])
def test_an_odd_name_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    assert "in its name" in refused(tmp_path, tarred(*MENU, entry(name + "y", kind, link="PKG-INFO")))


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    content = tarred(*MENU, ("menu-1.0/ü", b""), layout=tarfile.USTAR_FORMAT, encoding="latin-1")
    assert "not UTF-8" in refused(tmp_path, content)


@pytest.mark.parametrize(
    "names",
    [
        ("menu-1.0/x", "menu-1.0/x"),
        ("menu-1.0/x", "menu-1.0/X"),
        ("menu-1.0/caf\u00e9", "menu-1.0/cafe\u0301"),
        ("menu-1.0/x", "menu-1.0/x/y"),
        ("menu-1.0/x/y", "menu-1.0/x"),
        ("menu-1.0/x/y", "menu-1.0/X"),
    ],
)
def test_two_members_that_are_one_file_somewhere_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    assert refused(tmp_path, tarred(*((name, b"") for name in names)))


# Links


def linked(name: str, target: str) -> tarfile.TarInfo:
    return entry(f"menu-1.0/{name}", tarfile.SYMTYPE, link=target)


def test_links_within_the_archive_are_kept(tmp_path: Path) -> None:
    links = (linked("docs/readme", "../PKG-INFO"), linked("pkg", "src/menu"), linked("again", "pkg"))
    project = unpacked(tmp_path, tarred(*links, *MENU))
    assert (project / "docs/readme").readlink() == Path("../PKG-INFO")
    assert (project / "docs/readme").read_bytes() == b"Name: menu\n"
    assert (project / "again/__init__.py").read_bytes() == b"x = 1\n"


def test_a_link_to_nothing_is_left_out(tmp_path: Path) -> None:
    project = unpacked(tmp_path, tarred(*MENU, linked("broken", "nowhere")))
    assert not (project / "broken").is_symlink()


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../../evil",
        "src/../../../evil",
        "",
        "a\\b",
        "a\nb",
        "./../../evil",
        "src/menu/../../../../e",
    ],
)
def test_a_link_that_leaves_the_archive_is_refused(tmp_path: Path, target: str) -> None:
    assert f"is a link to {target!r}" in refused(tmp_path, tarred(*MENU, linked("x", target)))


@pytest.mark.parametrize("name", ["here", "HERE"])
def test_a_link_through_a_link_is_refused(tmp_path: Path, name: str) -> None:
    """By its text it stays inside; followed, `here/..` is the folder above the archive."""
    content = tarred(*MENU, linked("here", "."), linked("x", f"{name}/../../evil"), ("evil", b""))
    assert "goes through another link" in refused(tmp_path, content, is_sdist=False)


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_is_written_through_a_link(tmp_path: Path, order: int) -> None:
    members: list[tarfile.TarInfo | File] = [linked("out", "src"), ("menu-1.0/out/evil", b"evil")]
    assert "out" in refused(tmp_path, tarred(*MENU, *members[::order]))


@pytest.mark.parametrize("name", ["PKG-INFO", "docs"])
def test_a_link_may_not_take_anothers_place(tmp_path: Path, name: str) -> None:
    assert "stands twice" in refused(tmp_path, tarred(*MENU, linked("docs", "src"), linked(name, "src")))


def test_a_hard_link_is_a_copy_of_its_own(tmp_path: Path) -> None:
    same = entry("menu-1.0/same", tarfile.LNKTYPE, link="menu-1.0/PKG-INFO")
    project = unpacked(tmp_path, tarred(*MENU, same))
    assert (project / "same").read_bytes() == b"Name: menu\n"
    assert (project / "same").stat().st_nlink == 1


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../menu-1.0.tar", "menu-1.0/src", "menu-1.0/later", "menu-1.0/l"]
)
def test_a_hard_link_to_anything_but_an_earlier_file_is_refused(tmp_path: Path, target: str) -> None:
    hard = entry("menu-1.0/same", tarfile.LNKTYPE, link=target)
    content = tarred(*MENU, linked("l", "PKG-INFO"), hard, ("menu-1.0/later", b""))
    assert "is no file before it" in refused(tmp_path, content)


# Odd members and damage


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"M", "unknown kind b'M'"),
    ],
)
def test_what_is_no_file_folder_or_link_is_refused(tmp_path: Path, kind: bytes, said: str) -> None:
    made = tarred(*MENU, entry("menu-1.0/odd", kind), layout=tarfile.USTAR_FORMAT)
    assert said in refused(tmp_path, made)


def header(name: bytes = b"menu-1.0/x", *, size: bytes = b"0", kind: bytes = b"0", sum_off: int = 0) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[100:107] = b"0000644"
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) + sum_off)
    return bytes(block)


def pax(*records: tuple[str, str], kind: bytes = b"x") -> bytes:
    body = b""
    for key, value in records:
        line = f" {key}={value}\n".encode()
        length = len(line) + 1
        while len(str(length)) + len(line) != length:
            length = len(str(length)) + len(line)
        body += str(length).encode() + line
    return padded(header(b"pax", size=b"%o" % len(body), kind=kind) + body)


def padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 512)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no archive at all", "truncated"),
        (b"x" * 512, "is no tar archive"),
        (header(sum_off=1), "is no tar archive"),
        (header(size=b"9"), "is damaged"),
        (header(size=b"\xff" * 12), "is damaged"),
        (header(size=b"\x80" + b"\x7f" * 11), "claims to have"),
        (header(size=b"1000"), "truncated"),
        (header(size=b"1", kind=b"5"), "folder with content"),
        (header(kind=b"L", size=b"77777777"), "a header of"),
        (header(kind=b"x", size=b"77777777"), "a header of"),
        (padded(header(kind=b"x", size=b"5") + b"junk\n") + header(), "broken pax header"),
        (padded(header(kind=b"x", size=b"12") + b"99 path=evil") + header(), "broken pax header"),
        (pax(("size", "-5")) + header(), "claims to have"),
        (pax(("size", "9" * 30)) + header(), "claims to have"),
        (pax(("path", "../evil")) + header(), "in its name"),
        (pax(("path", "menu-1.0/x"), kind=b"g") + header(), "global header"),
        (pax(("GNU.sparse.major", "1")) + header(), "sparse"),
        (pax(("path", "menu-1.0/x")), "ends where a member should follow"),
        (header() + b"\0" * 1024 + header(), "bytes after its end"),
        (header(b"", kind=b"0"), "is no name"),
    ],
)
def test_a_damaged_or_lying_archive_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(tmp_path, content)


def test_a_sum_of_signed_bytes_is_right_too(tmp_path: Path) -> None:
    """Some historic tars added up `char`s."""
    name = "menu-1.0/ü".encode()
    content = header(name, sum_off=-256 * sum(byte > 127 for byte in name))
    assert (unpacked(tmp_path, content) / "ü").exists()


def test_a_size_that_does_not_fit_its_field_is_read_from_the_pax_header(tmp_path: Path) -> None:
    content = pax(("size", "3"), ("mtime", "1.5"), ("comment", "\u00fc")) + padded(header() + b"abc")
    assert read(unpacked(tmp_path, content)) == {"x": b"abc"}


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[:-9], lambda raw: raw[:40] + b"????" + raw[44:], lambda raw: b"?" + raw]
)
def test_a_damaged_stream_is_refused(tmp_path: Path, suffix: str, spoil: Callable[[bytes], bytes]) -> None:
    content = spoil(PACK[suffix](tarred(*MENU, ("menu-1.0/noise", os.urandom(4000)))))
    assert refused(tmp_path, content, f"menu-1.0.tar.{suffix}")


# Bombs


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_a_bomb_is_stopped_early(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflated, "RATIO_FREE", 1 << 20)
    bomb = PACK[suffix](tarred(("menu-1.0/zeros", bytes(64 << 20))))
    assert "would take more than" in refused(tmp_path, bomb, f"menu-1.0.tar.{suffix}")
    taken = sum(path.stat().st_size for path in (tmp_path / "tree").rglob("*") if path.is_file())
    assert taken <= len(bomb) * DEFAULT.ratio + (2 << 20)


def test_a_bomb_of_hard_links_is_stopped(tmp_path: Path) -> None:
    links = [entry(f"menu-1.0/{number}", tarfile.LNKTYPE, link="menu-1.0/big") for number in range(9)]
    content = tarred(("menu-1.0/big", bytes(1000)), *links)
    assert "would take more than" in refused(tmp_path, content, limits=Limits(unpacked=5000))


def test_an_endless_number_of_members_is_stopped(tmp_path: Path) -> None:
    content = tarred(*((f"menu-1.0/{n}", b"") for n in range(11)))
    assert "more than 10 members" in refused(tmp_path, content, limits=Limits(files=10))


def test_a_file_above_the_bound_is_refused(tmp_path: Path) -> None:
    content = tarred(("menu-1.0/big", bytes(1000)))
    assert "claims to have 1000 bytes" in refused(tmp_path, content, limits=Limits(file=999))


def test_a_stream_that_wants_gigabytes_of_memory_is_refused(tmp_path: Path) -> None:
    """The dictionary's size stands in the block's header; nothing has to be packed with it."""
    honest = lzma.compress(tarred(*MENU), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}])
    block = bytearray(honest[12:24])
    assert block[2] == 0x21  # LZMA2, whose one property is the dictionary's size
    block[4] = 38  # 2 GiB
    block[-4:] = struct.pack("<I", zlib.crc32(bytes(block[:-4])))
    content = honest[:12] + bytes(block) + honest[24:]
    assert "cannot be unpacked" in refused(tmp_path, content, "menu-1.0.tar.xz")


# Whatever it is, it stays inside

_SEGMENT = st.sampled_from(["menu-1.0", "a", "b", "..", ".", "", "A", "link"])
_PATH = st.lists(_SEGMENT, min_size=1, max_size=4).map("/".join)
_KIND = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
_MEMBERS = st.lists(st.tuples(_PATH, _KIND, _PATH), max_size=8)


@given(members=_MEMBERS)
def test_no_archive_reaches_outside_its_folder(
    members: Iterable[tuple[str, bytes, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path = tmp_path_factory.mktemp("law")
    content = tarred(*(entry(name, kind, link=target) for name, kind, target in members))
    with contextlib.suppress(Refused):
        unpacked(tmp_path, content, is_sdist=False)
    assert {path.name for path in tmp_path.iterdir()} <= {"menu-1.0.tar", "tree"}
    root = os.path.realpath(tmp_path / "tree")
    for path in Path(root).rglob("*"):
        assert Path(os.path.realpath(path)).is_relative_to(root), path
