from __future__ import annotations

import hashlib

import pytest

from lockenv.errors import MetadataError, NetworkError
from lockenv.index.http import RangesUnsupported
from lockenv.index.remote_zip import remote_metadata
from lockenv.packages import IndexFile, NormalizedName
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import BuiltFile, make_wheel
from tests.unit.index.connecting import connection

MENU = NormalizedName("menu")
NOISE = hashlib.shake_128(b"noise").digest(300_000)


def metadata_of(index: FakeIndex, built: BuiltFile, size: int | None = None) -> bytes:
    file = IndexFile(built.filename, index.files_url + built.filename, size=size)
    with connection() as http:
        return remote_metadata(http, file, name=MENU, version="1.0")


def test_a_small_wheel_takes_one_request() -> None:
    built = make_wheel("menu", "1.0", requires=["a"])
    with FakeIndex() as index:
        index.add(built)
        assert metadata_of(index, built) == built.metadata
        assert index.count() == 1


def test_of_a_large_wheel_only_the_end_is_fetched() -> None:
    built = make_wheel("menu", "1.0", files={"menu/noise.bin": NOISE})
    with FakeIndex() as index:
        index.add(built)
        assert metadata_of(index, built) == built.metadata
        assert [request.headers["range"] for request in index.requests] == ["bytes=-65536"]


def test_where_the_size_is_known_the_end_is_asked_for_by_number() -> None:
    built = make_wheel("menu", "1.0", files={"menu/noise.bin": NOISE})
    size = len(built.content)
    with FakeIndex() as index:
        index.add(built)
        assert metadata_of(index, built, size) == built.metadata
        assert index.requests[0].headers["range"] == f"bytes={size - 65536}-{size - 1}"


def test_a_size_that_is_not_so_sends_one_to_the_whole_file() -> None:
    built = make_wheel("menu", "1.0")
    with FakeIndex() as index:
        index.add(built)
        with pytest.raises(RangesUnsupported):
            metadata_of(index, built, len(built.content) + 5)


def test_metadata_at_the_beginning_takes_a_second_request() -> None:
    # The last name for dist-info in the archive is what counts; other files come behind it here.
    files = {"{info}/METADATA": b"", "menu/noise.bin": NOISE}
    built = make_wheel("menu", "1.0", files=files)
    with FakeIndex() as index:
        index.add(built)
        assert metadata_of(index, built) == built.metadata
        assert index.count() == 2


def test_a_directory_longer_than_the_tail_is_fetched_whole() -> None:
    built = make_wheel("menu", "1.0", files={f"menu/module_with_a_long_name_{i:05}.py": b"" for i in range(2000)})
    with FakeIndex() as index:
        index.add(built)
        assert metadata_of(index, built) == built.metadata
        assert index.count() <= 3


def test_a_server_without_ranges_is_told() -> None:
    built = make_wheel("menu", "1.0")
    with FakeIndex(ranges=False) as index:
        index.add(built)
        with pytest.raises(RangesUnsupported):
            metadata_of(index, built)


def test_a_broken_wheel_is_told() -> None:
    built = BuiltFile(filename="menu-1.0-py3-none-any.whl", content=NOISE, metadata=b"")
    with FakeIndex() as index:
        index.add(built)
        with pytest.raises(MetadataError, match="cannot be read"):
            metadata_of(index, built)


def test_an_unreachable_wheel_is_no_broken_one() -> None:
    built = make_wheel("menu", "1.0", files={"{info}/METADATA": b"", "menu/noise.bin": NOISE})
    with FakeIndex() as index:
        index.add(built)
        index.fail("/files/*", status=206, times=0)
        index.fail("/files/*", truncate_to=70_000, times=1)
        index.fail("/files/*", status=404)
        with pytest.raises(NetworkError, match="404"):
            metadata_of(index, built)
