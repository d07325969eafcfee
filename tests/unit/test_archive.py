from __future__ import annotations

import base64
import hashlib
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockenv.archive.entry_points import read_scripts
from lockenv.archive.names import refusal
from lockenv.archive.record import read_record, record_line
from lockenv.archive.wheel import WheelArchive, open_wheel
from lockenv.archive.zips import ZipArchive
from lockenv.errors import Refused
from lockenv.limits import RATIO_FREE
from lockenv.tree import fixed_mtime_ns
from lockenv.wheels import Script
from tests.fakes.wheels import make_wheel


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def opened(tmp_path: Path, content: bytes) -> ZipArchive:
    path = tmp_path / "menu-1.0-py3-none-any.whl"
    path.write_bytes(content)
    return ZipArchive(path)


def refused(tmp_path: Path, content: bytes) -> str:
    """Read a zip archive whole and return why that was refused."""

    def read() -> None:
        archive = opened(tmp_path, content)
        try:
            for member in archive.members:
                archive.read(member)
        finally:
            archive.close()

    with pytest.raises(Refused) as caught:
        read()
    assert caught.value.message.startswith("menu-1.0-py3-none-any.whl")
    return caught.value.message


def wheel(tmp_path: Path, content: bytes, *, version: str = "1.0") -> WheelArchive:
    path = tmp_path / "kept-under-its-hash"
    path.write_bytes(content)
    return open_wheel(path, name="menu", version=version, filename="menu-1.0-py3-none-any.whl")


def refused_wheel(tmp_path: Path, content: bytes) -> str:
    """Unpack a wheel and return why that was refused."""
    folder = tmp_path / "unpacked"
    folder.mkdir()

    def unpack() -> None:
        with wheel(tmp_path, content) as archive:
            archive.scripts()
            archive.extract(folder)

    with pytest.raises(Refused) as caught:
        unpack()
    return caught.value.message


def record_of(files: dict[str, bytes]) -> bytes:
    lines = [record_line(path, hashlib.sha256(body).hexdigest(), len(body)) for path, body in files.items()]
    return "\n".join([*lines, "menu-1.0.dist-info/RECORD,,", ""]).encode()


METADATA = b"Metadata-Version: 2.1\nName: menu\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def menu(files: dict[str, bytes], *, record: Callable[[dict[str, bytes]], bytes] = record_of) -> bytes:
    """A wheel of `menu` 1.0 with these files beside its metadata."""
    whole = {"menu-1.0.dist-info/METADATA": METADATA, "menu-1.0.dist-info/WHEEL": WHEEL, **files}
    return zipped(*whole.items(), ("menu-1.0.dist-info/RECORD", record(whole)))


# Names


@pytest.mark.parametrize(
    "path",
    [
        "menu/__init__.py",
        "menu/ünïcode.py",
        "menu/a b, (c) [d] 'e' {f}.txt",
        "menu/..hidden",
        "menu/a..b",
        "menu/...",
        "C/x",
        "menu/\u2764\ufe0f.png",  # a heart, as emoji
        "menu/\U0001f468\u200d\U0001f469.png",  # joined emoji
        "menu/1\ufe0f\u20e3.png",  # a key
        "menu/\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt",  # a Persian verb
    ],
)
def test_plain_paths_are_taken(path: str) -> None:
    assert refusal(path) is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "an absolute path"),
        ("../evil", "the path segment '..'"),
        ("menu/../../evil", "the path segment '..'"),
        ("menu/..", "the path segment '..'"),
        ("./menu", "the path segment '.'"),
        ("menu//x", "an empty path segment"),
        ("", "an empty path segment"),
        ("menu\\..\\evil", "a backslash"),
        ("C:evil", "a drive letter"),
        ("c:/evil", "a drive letter"),
        ("menu/\0x", "the character U+0000"),
        ("menu/\x1b[31m", "the character U+001B"),
        ("menu/\u202egnp.py", "the character U+202E"),
        ("menu/me\u200bnu.py", "the character U+200B"),
        ("menu/me\u200dnu.py", "the character U+200D"),
        ("menu/menu\ufe0f.py", "the character U+FE0F"),
        ("\u200cmenu.py", "the character U+200C"),
        ("menu/\ufeffmenu.py", "the character U+FEFF"),
        ("menu/me\xadnu.py", "the character U+00AD"),
        ("menu/me\u2060nu.py", "the character U+2060"),
        ("menu/\u3164.py", "the character U+3164"),
        ("menu/menu\U000e0041.py", "the character U+E0041"),
        ("menu/" + "x" * 300, "a file name that is too long"),
        ("menu/" + "ü" * 150, "a file name that is too long"),
        ("x/" * 600 + "x", "a path that is too long"),
    ],
)
def test_paths_that_are_not_plain_are_refused_with_the_reason(path: str, reason: str) -> None:
    assert refusal(path) == reason


@settings(deadline=None)
@given(st.text())
def test_a_path_that_is_taken_stays_below_its_folder(path: str) -> None:
    if refusal(path) is None:
        joined = Path("/base").joinpath(path)
        assert ".." not in joined.parts
        assert joined.parts[:2] == ("/", "base")
        assert joined.as_posix() == f"/base/{path}"


# The container


def test_members_are_read_back(tmp_path: Path) -> None:
    content = {"a/x.txt": b"x" * 5000, "a/y.txt": b"", "b": b"\0\1\2"}
    archive = opened(tmp_path, zipped(*content.items()))
    assert {member.path: archive.read(member) for member in archive.members} == content
    archive.close()


def test_stored_members_and_large_ones_in_pieces_are_read_back(tmp_path: Path) -> None:
    large = bytes(range(256)) * (3 << 14)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive = opened(tmp_path, zipped(("large", large), method=method))
        assert b"".join(archive.chunks(archive.members[0])) == large
        archive.close()


def test_an_archive_that_was_written_to_a_pipe_is_read(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object, /) -> int:
            self.content += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x", b"through a pipe")
        made.writestr("y", b"too")
    archive = opened(tmp_path, pipe.content)
    assert [archive.read(member) for member in archive.members] == [b"through a pipe", b"too"]
    archive.close()


def test_zip64_members_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made, made.open("x", "w", force_zip64=True) as member:
        member.write(b"wide")
    archive = opened(tmp_path, buffer.getvalue())
    assert archive.read(archive.members[0]) == b"wide"
    archive.close()


GOOD = zipped(("menu/a.py", b"a" * 100), ("menu/b.py", b"b" * 100))


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_a_truncated_archive_is_refused(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    refused(tmp_path_factory.mktemp("zip"), GOOD[:size])


@settings(deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing_that_is_read(
    tmp_path_factory: pytest.TempPathFactory, at: int, change: int
) -> None:
    broken = bytearray(GOOD)
    broken[at] ^= change
    try:
        archive = opened(tmp_path_factory.mktemp("zip"), bytes(broken))
    except Refused:
        return
    try:
        # Dates, versions and permission bits are all that may differ: paths and content are checked twice over.
        assert {m.path: archive.read(m) for m in archive.members} == {
            "menu/a.py": b"a" * 100,
            "menu/b.py": b"b" * 100,
        }
    except Refused:
        pass
    finally:
        archive.close()


def test_an_archive_without_members_is_read_and_is_no_wheel(tmp_path: Path) -> None:
    opened(tmp_path, zipped()).close()
    with pytest.raises(Refused, match=r"exactly one \.dist-info folder, and holds none"):
        wheel(tmp_path, zipped())


def test_bytes_before_between_and_after_are_refused(tmp_path: Path) -> None:
    assert "belong to no member" in refused(tmp_path, b"#!/bin/sh\n" + GOOD)
    assert "bytes after its end" in refused(tmp_path, GOOD + b"more")
    end = struct.unpack_from("<L", GOOD, len(GOOD) - 6)[0]
    shifted = bytearray(GOOD[:end] + b"hidden" + GOOD[end:])
    struct.pack_into("<L", shifted, len(shifted) - 6, end + 6)
    assert "belong to no member" in refused(tmp_path, bytes(shifted))


def test_an_archive_appended_to_another_is_refused(tmp_path: Path) -> None:
    assert "two end records" in refused(tmp_path, zipped(("evil", b"")) + GOOD)


def test_a_local_header_with_another_name_is_refused(tmp_path: Path) -> None:
    assert "contradicts" in refused(tmp_path, GOOD.replace(b"menu/a.py", b"menu/c.py", 1))


def test_two_entries_for_the_same_bytes_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("menu/a", b"1234"), ("menu/b", b"1234"), method=zipfile.ZIP_STORED))
    second = content.rfind(b"PK\x01\x02")
    struct.pack_into("<L", content, second + 42, 0)
    assert "overlaps" in refused(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("menu/A.py", "menu/a.py"), "one file where case is ignored"),
        (("menu/stra\u00dfe", "menu/STRASSE"), "one file where case is ignored"),
        (("menu/\u00e9", "menu/\u00c9"), "one file where case is ignored"),
        (("menu", "menu/a.py"), "a file and a folder at once"),
        (("menu/x/y", "menu/X"), "a file and a folder at once"),
        (("menu/x", "menu/x/"), "a file and a folder at once"),
    ],
)
def test_members_that_collide_somewhere_are_refused(tmp_path: Path, names: tuple[str, str], reason: str) -> None:
    assert reason in refused(tmp_path, zipped(*((name, b"") for name in names)))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "stands twice" in refused(tmp_path, zipped(("menu/a", b"1"), ("menu/a", b"2")))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    entry = zipfile.ZipInfo("menu/link")
    entry.create_system = 3
    entry.external_attr = (kind | 0o777) << 16
    assert "a link or device" in refused(tmp_path, zipped((entry, b"/etc/passwd")))


def test_hostile_names_are_refused_with_the_member(tmp_path: Path) -> None:
    assert "'../evil' is refused" in refused(tmp_path, zipped(("../evil", b"")))


def test_encryption_and_odd_methods_are_refused(tmp_path: Path) -> None:
    encrypted = bytearray(GOOD)
    struct.pack_into("<H", encrypted, GOOD.index(b"PK\x01\x02") + 8, 1)
    assert "is encrypted" in refused(tmp_path, bytes(encrypted))
    assert "method 12" in refused(tmp_path, zipped(("menu/a", b"x" * 100), method=zipfile.ZIP_BZIP2))


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    assert "times its size" in refused(tmp_path, zipped(("menu/zeros", bytes(RATIO_FREE + 1))))


def test_more_content_than_the_directory_says_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("menu/zeros", bytes(100_000))))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.index(mark) + at, 10)
    assert "does not end where" in refused(tmp_path, bytes(content))


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("menu/a", b"1234"), method=zipfile.ZIP_STORED))
    content[content.index(b"1234")] = ord("9")
    assert "size or CRC" in refused(tmp_path, bytes(content))


# The wheel


def test_a_wheel_is_unpacked_read_only_with_times_that_follow_from_the_content(tmp_path: Path) -> None:
    built = make_wheel(
        "menu",
        "1.0",
        files={"menu.py": "x = 1\n", "{data}/scripts/m": "#!python\n", "bin.so": b"\0"},
        executable=["bin.so"],
    )
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with wheel(tmp_path, built.content) as archive:
        files = {file.path: file for file in archive.extract(folder)}
        assert (archive.dist_info, archive.data_folder) == ("menu-1.0.dist-info", "menu-1.0.data")
        assert archive.root_is_purelib
    for path, file in files.items():
        found = (folder / path).stat()
        assert file.sha256 == hashlib.sha256((folder / path).read_bytes()).hexdigest()
        assert (found.st_size, stat.S_IMODE(found.st_mode)) == (file.size, file.mode)
        assert found.st_mtime_ns == fixed_mtime_ns(file.sha256)
    assert files["menu.py"].mode == 0o444
    assert files["bin.so"].mode == 0o555
    assert files["menu-1.0.data/scripts/m"].mode == 0o555


@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0", ""])
def test_versions_are_compared_in_normal_form(tmp_path: Path, version: str) -> None:
    with wheel(tmp_path, make_wheel("menu", "1.0").content, version=version) as archive:
        assert archive.version in {"1.0", version}


def test_a_wheel_of_another_name_or_version_is_refused(tmp_path: Path) -> None:
    assert "holds 'icons-1.0.dist-info', not menu 1.0" in refused_wheel(
        tmp_path, make_wheel("icons", "1.0").content
    )


def test_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"holds 'menu-1.0.dist-info', not menu 2"):
        wheel(tmp_path, make_wheel("menu", "1.0").content, version="2")


def test_metadata_of_another_package_is_refused(tmp_path: Path) -> None:
    built = make_wheel("menu", "1.0", metadata=b"Metadata-Version: 2.1\nName: icons\nVersion: 1.0\n")
    assert "METADATA speaks of 'icons'" in refused_wheel(tmp_path, built.content)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"icons-1.0.dist-info/METADATA": b""}, "exactly one .dist-info folder"),
        ({"icons-1.0.data/purelib/x": b""}, "not the data folder of menu"),
        ({"menu-1.0.data/elsewhere/x": b""}, "belongs to no install scheme"),
        ({"menu-1.0.data/scripts": b""}, "belongs to no install scheme"),
        ({"menu-1.0.dist-info/WHEEL": b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\n"}, "Wheel-Version '2.0'"),
        ({"menu-1.0.dist-info/entry_points.txt": b"[console_scripts]\npython = m:x\n"}, "'python' is refused"),
        ({"icons-1.0.egg-info/PKG-INFO": b""}, "would pass for another distribution"),
        ({"Icons.EGG-INFO": b""}, "would pass for another distribution"),
        ({"icons-1.0.dist-info": b""}, "would pass for another distribution"),
        ({"icons.egg-link": b""}, "would pass for another distribution"),
        ({"menu.egg-link": b""}, "would pass for another distribution"),
        ({"menu-1.0.data/purelib/icons.egg-info": b""}, "would pass for another distribution"),
        ({"00_LockEnv.pth": b""}, "before lockenv's own 00_lockenv.pth"),
        ({"00_a.pth": b""}, "before lockenv's own 00_lockenv.pth"),
        ({"-.pth": b""}, "before lockenv's own 00_lockenv.pth"),
        ({"menu-1.0.data/platlib/00.pth": b""}, "before lockenv's own 00_lockenv.pth"),
    ],
)
def test_a_wheel_that_is_not_laid_out_as_the_format_says_is_refused(
    tmp_path: Path, files: dict[str, bytes], reason: str
) -> None:
    assert reason in refused_wheel(tmp_path, menu(files))


@pytest.mark.parametrize(
    "path",
    [
        "menu-1.0.egg-info/PKG-INFO",
        "Menu.egg-info",
        "menu/_vendor/icons.egg-info/PKG-INFO",
        "menu/-.pth",
        "menu-nspkg.pth",
        "__editable__.menu.pth",
        "_menu.pth",
        "menu-1.0.data/data/00.pth",
    ],
)
def test_a_wheel_may_hold_what_passes_for_nothing_else(tmp_path: Path, path: str) -> None:
    with wheel(tmp_path, menu({path: b""})) as archive:
        assert path in {member.path for member in archive.members}


def test_a_wheel_without_record_is_refused(tmp_path: Path) -> None:
    assert "has no RECORD" in refused_wheel(tmp_path, make_wheel("menu", "1.0", record=False).content)


def test_a_file_that_record_does_not_list_is_refused(tmp_path: Path) -> None:
    content = menu(
        {"menu.py": b""}, record=lambda files: record_of({p: b for p, b in files.items() if p != "menu.py"})
    )
    assert "'menu.py' has no hash in RECORD" in refused_wheel(tmp_path, content)


def test_a_file_that_only_record_lists_is_refused(tmp_path: Path) -> None:
    content = menu({}, record=lambda files: record_of({**files, "ghost.py": b""}))
    assert "'ghost.py' stands in RECORD but not in the wheel" in refused_wheel(tmp_path, content)


def test_a_file_that_is_not_what_record_says_is_refused(tmp_path: Path) -> None:
    content = menu({"menu.py": b"evil"}, record=lambda files: record_of({**files, "menu.py": b"good"}))
    assert "'menu.py' is not what RECORD says" in refused_wheel(tmp_path, content)


def test_a_size_that_is_not_what_record_says_is_refused(tmp_path: Path) -> None:
    content = menu({"menu.py": b"12345"}, record=lambda files: record_of({**files, "menu.py": b"1234"}))
    assert "has 5 bytes where RECORD says 4" in refused_wheel(tmp_path, content)


def test_a_stronger_hash_is_checked(tmp_path: Path) -> None:
    def record(files: dict[str, bytes]) -> bytes:
        rest = {path: body for path, body in files.items() if path != "menu.py"}
        digest = base64.urlsafe_b64encode(hashlib.sha512(b"good").digest()).rstrip(b"=").decode()
        return record_of(rest) + f"menu.py,sha512={digest},4\n".encode()

    assert "is not what RECORD says" in refused_wheel(tmp_path, menu({"menu.py": b"evil"}, record=record))


def test_signatures_of_record_need_no_hash(tmp_path: Path) -> None:
    content = menu(
        {"menu-1.0.dist-info/RECORD.jws": b"{}"},
        record=lambda files: record_of({p: b for p, b in files.items() if not p.endswith(".jws")}),
    )
    (tmp_path / "unpacked").mkdir()
    with wheel(tmp_path, content) as archive:
        assert "menu-1.0.dist-info/RECORD.jws" in {file.path for file in archive.extract(tmp_path / "unpacked")}


# RECORD and entry points


def test_record_reads_what_it_writes() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    text = f'{record_line("a,b", digest, 1)}\n{record_line("c", digest, 2)}\n"say ""hi""",,\nfolder/,,\n'
    rows = read_record(text.encode(), archive="menu.whl")
    assert set(rows) == {"a,b", "c", 'say "hi"'}
    row = rows["a,b"]
    assert row is not None
    assert (row.algorithm, row.digest.hex(), row.size) == ("sha256", digest, 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,md5=AAAA,1", "no sha256"),
        ("a,sha256=AAAA,1", "no sha256"),
        ("a,sha256=!,1", "no "),
        ("a,,", ""),
        ("a,b", "2 fields"),
        ("a," + "sha256=" + "A" * 43 + ",x", "no number"),
    ],
)
def test_weak_hashes_and_broken_rows_of_record_are_refused(line: str, reason: str) -> None:
    if not reason:
        assert read_record(line.encode(), archive="menu.whl") == {"a": None}
        return
    with pytest.raises(Refused, match=reason):
        read_record(line.encode(), archive="menu.whl")


def test_contradicting_rows_of_record_are_refused() -> None:
    lines = "".join(f"{record_line('a', hashlib.sha256(body).hexdigest(), 1)}\n" for body in (b"1", b"2"))
    with pytest.raises(Refused, match="two things of 'a'"):
        read_record(lines.encode(), archive="menu.whl")


def test_scripts_are_read_from_entry_points() -> None:
    text = (
        "[console_scripts]\nmenu = menu.cli:main [x]\n# no\n\n[other]\n../x = y\n[gui_scripts]\nm = menu:App.run\n"
    )
    assert read_scripts(text.encode(), archive="menu.whl") == (
        Script("m", "menu", "App.run", True),
        Script("menu", "menu.cli", "main"),
    )


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/b", "a\\b", ".", "..", "python", "Python3", "python3.11", "pythonw.exe", "python3.13t", "pypy3",
     "activate", "activate.fish", "Activate.ps1", "activate_this.py", "deactivate", "a\tb", "-x", ".hid", "a;b",
     "p\u0443thon", "men\u03c5", "\uff4denu", "m\u200benu"],
)  # fmt: skip
def test_script_names_that_leave_bin_or_replace_its_own_are_refused(name: str) -> None:
    with pytest.raises(Refused, match="script name"):
        read_scripts(f"[console_scripts]\n{name} = menu:main\n".encode(), archive="menu.whl")


@pytest.mark.parametrize(
    "name",
    ["menu", "menu-2", "py.test", "pip3.11", "python-argcomplete-check", "activate-global-completion", "g++",
     "caf\xe9", "\u043c\u0435\u043d\u044e", "\u83dc\u5355-menu"],
)  # fmt: skip
def test_ordinary_script_names_are_taken(name: str) -> None:
    assert read_scripts(f"[console_scripts]\n{name}=menu:main".encode(), archive="menu.whl")[0].name == name


@pytest.mark.parametrize(
    "reference",
    ["menu", "menu:", ":main", "menu:main()", "menu:a;b", "menu; import os:x", "menu:1x", "a..b:c", "a:b\\"],
)
def test_references_that_are_not_identifiers_are_refused(reference: str) -> None:
    with pytest.raises(Refused, match="not module:attribute"):
        read_scripts(f"[console_scripts]\nmenu = {reference}\n".encode(), archive="menu.whl")
