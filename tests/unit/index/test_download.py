from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lockenv.errors import NetworkError, Refused
from lockenv.events import DownloadAdvanced, DownloadFinished, DownloadStarted
from lockenv.index.download import download, path_of
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import make_wheel
from tests.unit.index.connecting import Events, connection

CONTENT = bytes(range(256)) * 4096  # 1 MiB
HASHES = (("sha256", hashlib.sha256(CONTENT).hexdigest()),)


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_a_file_arrives_with_its_hash_checked_and_its_progress_told(tmp_path: Path) -> None:
    built, events = make_wheel("menu", "1.0"), Events()
    hashes = [("sha256", built.sha256), ("md5", md5(built.content)), ("future", "00")]
    with FakeIndex() as index, connection() as http:
        index.add(built)
        url = index.files_url + built.filename
        done = download(http, url, tmp_path / "x", hashes=hashes, size=len(built.content), reporter=events)
    assert (tmp_path / "x").read_bytes() == built.content
    assert (done.sha256, done.size) == (built.sha256, len(built.content))
    downloads = [event for event in events.seen if isinstance(event, DownloadStarted | DownloadFinished)]
    assert downloads == [
        DownloadStarted(filename="x", size=len(built.content)),
        DownloadFinished(filename="x", size=len(built.content)),
    ]
    assert sum(e.received for e in events.seen if isinstance(e, DownloadAdvanced)) == len(built.content)


def test_a_wrong_hash_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", b"something else")
        with pytest.raises(Refused, match=r"menu\.whl is not what it should be: its hash is wrong") as refusal:
            download(http, f"{index.origin}/x", tmp_path / "menu.whl", hashes=HASHES)
    assert any(HASHES[0][1] in line for line in refusal.value.details)
    assert any(hashlib.sha256(b"something else").hexdigest() in line for line in refusal.value.details)
    assert list(tmp_path.iterdir()) == []


def test_every_known_hash_must_be_right(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        with pytest.raises(Refused, match="its hash is wrong"):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=[*HASHES, ("md5", "0" * 32)])


@pytest.mark.parametrize("hashes", [[], [("md5", md5(CONTENT))], [("future", "0" * 64)]])
def test_without_a_strong_hash_nothing_is_fetched(tmp_path: Path, hashes: list[tuple[str, str]]) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        with pytest.raises(Refused, match="no strong hash"):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=hashes)
        assert index.count() == 0


def test_a_file_without_hash_can_be_had_if_one_insists_and_tells_its_hash(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        assert download(http, f"{index.origin}/x", tmp_path / "x", hashes=(), unhashed=True).sha256 == HASHES[0][1]


@pytest.mark.parametrize(
    ("off", "words"), [(-1, "longer than the 1048575 bytes"), (1, "1048576 bytes where 1048577")]
)
def test_a_file_of_another_size_is_refused(tmp_path: Path, off: int, words: str) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        with pytest.raises(Refused, match=words):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES, size=len(CONTENT) + off)
    assert list(tmp_path.iterdir()) == []


def test_an_endless_file_is_read_no_further_than_its_size(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        index.fail("/x", endless=True)
        with pytest.raises(Refused, match="longer"):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES, size=len(CONTENT))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_download_goes_on_where_it_broke(tmp_path: Path) -> None:
    built = make_wheel("menu", "1.0", files={"menu.bin": CONTENT})
    url = f"/files/{built.filename}"
    with FakeIndex() as index, connection() as http:
        index.add(built)
        index.fail(url, truncate_to=1000, times=1)
        index.fail(url, truncate_to=500, times=1)
        hashes = [("sha256", built.sha256)]
        download(http, index.origin + url, tmp_path / "x", hashes=hashes, size=len(built.content))
        assert [request.headers.get("range") for request in index.requests] == [None, "bytes=1000-", "bytes=1500-"]
        assert all("if-range" in request.headers for request in index.requests[1:])
    assert (tmp_path / "x").read_bytes() == built.content


def test_a_broken_download_begins_anew_where_the_server_has_no_parts(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        index.fail("/x", truncate_to=1000, times=1)
        download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES, size=len(CONTENT))
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_a_download_that_always_breaks_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        index.fail("/x", truncate_to=1000)
        with pytest.raises(NetworkError, match="broke"):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES)
    assert list(tmp_path.iterdir()) == []


def test_a_rest_that_begins_elsewhere_is_not_taken(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT)
        index.fail("/x", truncate_to=1000, times=1)
        index.fail("/x", status=206, headers={"Content-Range": "bytes 0-2/3"}, body=b"abc")
        with pytest.raises(NetworkError, match="something else"):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES)


def test_a_missing_file_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http, pytest.raises(NetworkError, match="404"):
        download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES)
    assert list(tmp_path.iterdir()) == []


def test_a_body_is_taken_as_it_is_whatever_encoding_the_server_claims(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", CONTENT, **{"Content-Encoding": "gzip"})
        download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES)
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_an_old_file_stays_until_the_new_one_is_right(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with FakeIndex() as index, connection() as http:
        index.serve("/x", b"wrong")
        with pytest.raises(Refused):
            download(http, f"{index.origin}/x", tmp_path / "x", hashes=HASHES)
        assert (tmp_path / "x").read_text() == "old"


def test_many_threads_may_fetch_at_once_even_to_one_place(tmp_path: Path) -> None:
    with FakeIndex() as index, connection() as http, ThreadPoolExecutor(8) as threads:
        index.serve("/x", CONTENT)
        url = f"{index.origin}/x"
        for done in [threads.submit(download, http, url, tmp_path / "x", hashes=HASHES) for _ in range(24)]:
            assert done.result().size == len(CONTENT)
        assert index.connections <= 8
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


class TestFiles:
    def test_a_file_of_this_machine_is_copied_and_checked(self, tmp_path: Path) -> None:
        source = tmp_path / "a file+1.whl"
        source.write_bytes(CONTENT)
        with connection() as http:
            download(http, source.as_uri(), tmp_path / "x", hashes=HASHES, size=len(CONTENT))
        assert (tmp_path / "x").read_bytes() == CONTENT

    def test_a_changed_file_of_this_machine_is_refused(self, tmp_path: Path) -> None:
        source = tmp_path / "menu.whl"
        source.write_bytes(b"changed")
        with connection() as http, pytest.raises(Refused, match="its hash is wrong"):
            download(http, source.as_uri(), tmp_path / "x", hashes=HASHES)
        assert not (tmp_path / "x").exists()

    def test_a_missing_file_of_this_machine_is_told(self, tmp_path: Path) -> None:
        with connection() as http, pytest.raises(NetworkError, match="does not exist"):
            download(http, (tmp_path / "nothing").as_uri(), tmp_path / "x", hashes=HASHES)

    def test_a_file_of_another_machine_is_refused(self) -> None:
        assert path_of("file://localhost/srv/x") == Path("/srv/x")
        with pytest.raises(Refused, match="another machine"):
            path_of("file://example.com/srv/x")
