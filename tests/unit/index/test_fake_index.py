"""The fake index itself, as far as other tests rely on it and would not notice."""

from __future__ import annotations

import json

import pytest

from lockenv.errors import NetworkError
from tests.fakes.index import JSON, FakeIndex
from tests.fakes.wheels import make_sdist, make_wheel
from tests.unit.index.connecting import connection


def test_a_page_says_of_each_file_what_was_said_when_it_was_added() -> None:
    with FakeIndex() as index, connection() as http:
        wheel = index.add(make_wheel("menu", "1.0", requires_python=">=3.9"), upload_time="2026-02-03T00:00:00Z")
        index.add(make_sdist("menu", "0.9"), yanked="bad", hashes={}, size=None, upload_time=None)
        index.set_status("menu", "archived", "old")
        page = json.loads(http.get(f"{index.url}menu/", headers={"Accept": JSON}).body)
    first, second = page["files"]
    assert first["hashes"] == {"sha256": wheel.sha256}
    assert (first["requires-python"], first["size"], first["upload-time"]) == (
        ">=3.9",
        len(wheel.content),
        "2026-02-03T00:00:00Z",
    )
    assert "core-metadata" in first
    assert second == {
        "filename": "menu-0.9.tar.gz",
        "url": f"{index.files_url}menu-0.9.tar.gz",
        "hashes": {},
        "yanked": "bad",
    }
    assert page["project-status"] == {"status": "archived", "reason": "old"}


def test_a_fault_holds_as_often_as_it_says_and_can_be_mended() -> None:
    with FakeIndex() as index, connection() as http:
        index.serve("/x", "hello")
        index.fail("/x", status=404, times=1)
        index.fail("/*", status=403)
        for expected in ("404", "forbids", "forbids"):
            with pytest.raises(NetworkError, match=expected):
                http.get(f"{index.origin}/x")
        index.mend()
        assert http.get(f"{index.origin}/x").body == b"hello"
        assert (index.count("/x"), index.count("/x", status=403)) == (4, 2)


def test_a_file_that_is_removed_is_gone_from_page_and_server() -> None:
    with FakeIndex() as index, connection() as http:
        built = index.add(make_wheel("menu", "1.0"))
        index.remove(built.filename)
        assert json.loads(http.get(f"{index.url}menu/", headers={"Accept": JSON}).body)["files"] == []
        for suffix in ("", ".metadata"):
            with pytest.raises(NetworkError, match="404"):
                http.get(index.files_url + built.filename + suffix)


def test_what_goes_wrong_in_its_threads_is_raised_at_its_end() -> None:
    index = FakeIndex()
    index.__enter__()
    index.fail("/x", status="no number")
    with connection() as http, pytest.raises(NetworkError):
        http.get(f"{index.origin}/x")
    with pytest.raises(TypeError):
        index.__exit__()
