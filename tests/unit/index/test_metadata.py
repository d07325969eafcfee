from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockenv.errors import LockenvError, MetadataError
from lockenv.index.metadata import (
    MAX_METADATA_BYTES,
    metadata_in_wheel,
    pkg_info_in_sdist,
    read_metadata,
    read_static_metadata,
)
from lockenv.packages import Metadata, NormalizedName
from tests.fakes.wheels import core_metadata, make_sdist, make_wheel

MENU = NormalizedName("menu")


def read(content: bytes) -> Metadata:
    return read_metadata(content, filename="menu-1.0-py3-none-any.whl", name=MENU, version="1.0")


def read_static(content: bytes) -> Metadata | None:
    return read_static_metadata(content, filename="menu-1.0.tar.gz", name=MENU, version="1.0")


def wheel_of(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for path, body in members.items():
            archive.writestr(path, body)
    return buffer


def inside(file: io.BytesIO, version: str = "1.0") -> bytes:
    return metadata_in_wheel(file, filename=f"menu-{version}-py3-none-any.whl", name=MENU, version=version)


class TestReading:
    def test_the_fields_that_resolution_needs_are_read(self) -> None:
        content = core_metadata(
            "Menu",
            "1.0",
            requires=["a>=1", "b ; extra == 'Some_Extra'"],
            requires_python=">=3.9",
            extras=["Some_Extra"],
        )
        assert read(content) == Metadata(
            name=MENU,
            version="1.0",
            requires_python=">=3.9",
            requires_dist=("a>=1", "b ; extra == 'Some_Extra'"),
            provides_extra=(NormalizedName("some-extra"),),
        )

    def test_the_description_is_not_read(self) -> None:
        content = b"Name: menu\nVersion: 1.0\n\nRequires-Dist: not-this\n\xff\xfe"
        assert read(content).requires_dist == ()

    def test_line_ends_case_byte_order_mark_and_folding_do_not_matter(self) -> None:
        content = (
            b"\xef\xbb\xbfNAME: menu\r\nversion: 1.0\r\nRequires-Dist: a>=1;\r\n  python_version > '3'\r\n\r\nx"
        )
        assert read(content).requires_dist == ("a>=1; python_version > '3'",)

    def test_fields_that_nobody_needs_may_be_undecodable(self) -> None:
        assert read(b"Name: menu\nAuthor: M\xfcller\nVersion: 1.0\n").version == "1.0"

    def test_an_equal_version_in_another_spelling_is_right(self) -> None:
        assert read(b"Name: menu\nVersion: 1.0.0\n").version == "1.0"

    def test_extras_that_are_equal_count_once(self) -> None:
        content = core_metadata("menu", "1.0", extras=["a_b", "A.B", "c"])
        assert read(content).provides_extra == ("a-b", "c")

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "it has no Name"),
            (b"Name: menu\n", "it has no Version"),
            (b"Name:\nVersion: 1.0\n", "it has no Name"),
            (b"Name: other\nVersion: 1.0\n", "it names the project 'other'"),
            (b"Name: menu\nVersion: 1.1\n", "it states the version 1.1"),
            (b"Name: menu\nVersion: 1.0+local\n", "it states the version"),
            (b"Name: menu\nVersion: one\n", "its version 'one' is none"),
            (b"Name: menu\nName: other\nVersion: 1.0\n", "it has more than one Name"),
            (b"Name: menu\nVersion: 1.0\nRequires-Dist: \xff\n", "its Requires-Dist is not UTF-8"),
        ],
    )
    def test_broken_metadata_is_told_with_file_and_reason(self, content: bytes, reason: str) -> None:
        with pytest.raises(MetadataError) as failure:
            read(content)
        assert "menu-1.0-py3-none-any.whl" in failure.value.message
        assert reason in failure.value.message
        assert failure.value.hint

    @given(
        content=st.binary(max_size=200)
        | st.text(alphabet="Name: menu\nVrsio1.0-RquDt ", max_size=90).map(str.encode)
    )
    def test_any_bytes_give_metadata_or_an_error_of_ours(self, content: bytes) -> None:
        for prefix in (b"", b"Name: menu\nVersion: 1.0\nMetadata-Version: 2.2\n"):
            try:
                assert read(prefix + content).name == MENU
            except MetadataError:
                continue


class TestStatic:
    def test_pkg_info_of_the_new_kind_is_trusted(self) -> None:
        content = core_metadata("menu", "1.0", requires=["a"], metadata_version="2.2", dynamic=["License"])
        found = read_static(content)
        assert found is not None
        assert found.requires_dist == ("a",)

    @pytest.mark.parametrize("version", ["1.0", "1.2", "2.1", "", "two", "2"])
    def test_pkg_info_of_the_old_kind_is_not(self, version: str) -> None:
        assert read_static(core_metadata("menu", "1.0", metadata_version=version)) is None

    @pytest.mark.parametrize("version", ["2.2", "2.4", "2.10", "3.0"])
    def test_later_kinds_are_trusted(self, version: str) -> None:
        assert read_static(core_metadata("menu", "1.0", metadata_version=version)) is not None

    @pytest.mark.parametrize("field", ["Requires-Dist", "requires-python", "PROVIDES-EXTRA", "Version"])
    def test_what_a_build_may_change_is_not(self, field: str) -> None:
        assert (
            read_static(core_metadata("menu", "1.0", metadata_version="2.2", dynamic=["License", field])) is None
        )

    def test_trusted_metadata_must_be_of_the_release(self) -> None:
        with pytest.raises(MetadataError, match="it names the project 'other'"):
            read_static(core_metadata("other", "1.0", metadata_version="2.2"))


class TestWheels:
    def test_metadata_is_found_in_a_wheel(self) -> None:
        built = make_wheel("menu", "1.0", requires=["a"])
        assert inside(io.BytesIO(built.content)) == built.metadata

    @pytest.mark.parametrize("folder", ["menu-1.0", "Menu-1.0", "menu-1.0.0"])
    def test_the_folder_may_be_spelt_as_the_standard_allows(self, folder: str) -> None:
        assert inside(wheel_of({f"{folder}.dist-info/METADATA": b"x"})) == b"x"

    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"menu.py": b""}, "no METADATA"),
            ({"sub/menu-1.0.dist-info/METADATA": b""}, "no METADATA"),
            ({"menu-1.0.dist-info/METADATA": b"", "other-1.0.dist-info/METADATA": b""}, "more than one"),
            ({"other-1.0.dist-info/METADATA": b""}, "belongs to something else"),
            ({"menu-1.1.dist-info/METADATA": b""}, "belongs to something else"),
            ({"menu.dist-info/METADATA": b""}, "belongs to something else"),
            ({"menu-1.0.dist-info/METADATA": bytes(MAX_METADATA_BYTES + 1)}, "longer than 8 MiB"),
        ],
    )
    def test_a_wheel_without_exactly_its_own_metadata_is_broken(
        self, members: Mapping[str, bytes], reason: str
    ) -> None:
        with pytest.raises(MetadataError, match=reason):
            inside(wheel_of(members))

    def test_an_unusual_compression_is_refused(self) -> None:
        with pytest.raises(MetadataError, match="unusual"):
            inside(wheel_of({"menu-1.0.dist-info/METADATA": b"x"}, zipfile.ZIP_LZMA))

    def test_a_member_that_unpacks_to_more_than_it_says_is_not_read_to_its_end(self) -> None:
        raw = bytearray(wheel_of({"menu-1.0.dist-info/METADATA": bytes(64 << 20)}).getvalue())
        for position in (22, raw.rindex(b"PK\x01\x02") + 24):
            raw[position : position + 4] = (100).to_bytes(4, "little")
        with pytest.raises(MetadataError):
            inside(io.BytesIO(bytes(raw)))

    @given(cut=st.integers(0, 900), position=st.integers(0, 900), value=st.integers(0, 255))
    def test_a_damaged_wheel_gives_metadata_or_an_error_of_ours(self, cut: int, position: int, value: int) -> None:
        raw = bytearray(make_wheel("menu", "1.0").content)
        raw[position % len(raw)] = value
        try:
            assert isinstance(inside(io.BytesIO(bytes(raw[: max(len(raw) - cut // 9, 0)]))), bytes)
        except LockenvError as error:
            assert error.code == "metadata"  # noqa: PT017 - most damage is refused, some is outside of METADATA


class TestSdists:
    def test_pkg_info_is_found_in_a_tar(self, tmp_path: Path) -> None:
        built = make_sdist("menu", "1.0", files={"menu.egg-info/PKG-INFO": b"not this"})
        assert pkg_info_in_sdist(built.write_to(tmp_path)) == built.metadata

    def test_pkg_info_is_found_in_a_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "menu-1.0.zip"
        path.write_bytes(
            wheel_of({"menu-1.0/menu.egg-info/PKG-INFO": b"no", "menu-1.0/PKG-INFO": b"x"}).getvalue()
        )
        assert pkg_info_in_sdist(path) == b"x"

    @pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\0", b"PK\x03\x04"])
    @pytest.mark.parametrize("filename", ["menu-1.0.tar.gz", "menu-1.0.zip"])
    def test_a_broken_archive_is_told(self, tmp_path: Path, filename: str, content: bytes) -> None:
        (tmp_path / filename).write_bytes(content)
        with pytest.raises(MetadataError, match=filename):
            pkg_info_in_sdist(tmp_path / filename)

    def test_a_truncated_tar_is_told(self, tmp_path: Path) -> None:
        built = make_sdist("menu", "1.0")
        (tmp_path / built.filename).write_bytes(built.content[: len(built.content) // 2])
        with pytest.raises(MetadataError, match="cannot be read"):
            pkg_info_in_sdist(tmp_path / built.filename)

    def test_an_sdist_without_pkg_info_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "menu-1.0.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("menu-1.0/setup.py"), io.BytesIO())
        with pytest.raises(MetadataError, match="holds no PKG-INFO"):
            pkg_info_in_sdist(path)

    def test_a_link_in_the_place_of_pkg_info_is_not_followed(self, tmp_path: Path) -> None:
        path = tmp_path / "menu-1.0.tar.gz"
        link = tarfile.TarInfo("menu-1.0/PKG-INFO")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(link)
        with pytest.raises(MetadataError, match="holds no PKG-INFO"):
            pkg_info_in_sdist(path)

    def test_a_long_pkg_info_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "menu-1.0.tar.gz"
        entry = tarfile.TarInfo("menu-1.0/PKG-INFO")
        entry.size = MAX_METADATA_BYTES + 1
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
        with pytest.raises(MetadataError, match="longer than 8 MiB"):
            pkg_info_in_sdist(path)
