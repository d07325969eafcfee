"""The replayer's answers depend on the recording and the request, and on nothing else."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from benchmarks.recording import Recording
from benchmarks.site import Answer, Missing, Part, Request, Site
from tests.unit.benchmarks.conftest import METADATA

WHEEL = "/files/menu/menu-1.0-py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"


def ask(site: Site, path: str, **headers: str) -> Answer:
    answer = try_to_ask(site, path, **headers)
    assert isinstance(answer, Answer)
    return answer


def try_to_ask(site: Site, path: str, **headers: str) -> Answer | Missing:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return site.answer(Request(method="GET", path=path, headers=named))


def test_a_page_is_cached_as_pypi_would_have_it(site: Site) -> None:
    first = ask(site, "/simple/menu/", accept=JSON)
    assert (first.status, first.headers["Cache-Control"]) == (200, "max-age=600, public")
    again = ask(site, "/simple/menu/", accept=JSON, if_none_match=f"W/{first.headers['ETag']}")
    assert (again.status, again.length) == (304, 0)
    html = ask(site, "/simple/menu/", accept="text/html", if_none_match=first.headers["ETag"])
    assert html.status == 200


def test_a_page_is_compressed_for_those_who_take_it(site: Site) -> None:
    plain, small = (ask(site, "/simple/menu/", accept=JSON, accept_encoding=each) for each in ("br", "gzip, br"))
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert isinstance(small.body, bytes)
    assert gzip.decompress(small.body) == plain.body


def test_the_hash_of_metadata_is_told_where_it_is_recorded_and_else_promised(site: Site) -> None:
    body = ask(site, "/simple/menu/", accept=JSON).body
    assert isinstance(body, bytes)
    told = {file["filename"]: file["core-metadata"] for file in json.loads(body)["files"]}
    assert told == {
        "menu-1.0-py3-none-any.whl": {"sha256": hashlib.sha256(METADATA).hexdigest()},
        "menu-2.0-py3-none-any.whl": True,
        "menu-2.0.tar.gz": False,
    }


def test_a_wheel_whose_metadata_cannot_be_read_promises_none(recording: Recording) -> None:
    recording.keep_metadata("menu", "menu-2.0-py3-none-any.whl", b"")
    site = Site(recording, "http://127.0.0.1:1")
    body = ask(site, "/simple/menu/", accept=JSON).body
    assert isinstance(body, bytes)
    assert [file["core-metadata"] for file in json.loads(body)["files"]][1] is False
    assert ask(site, "/files/menu/menu-2.0-py3-none-any.whl.metadata").status == 404


def test_recorded_metadata_is_served(site: Site) -> None:
    assert ask(site, f"{WHEEL}.metadata").body == METADATA


@pytest.mark.parametrize("path", ["/menu/json", "/pypi/Menu/json"])
def test_pypis_own_api_tells_the_hashes_of_each_release(site: Site, path: str) -> None:
    answer = ask(site, path, accept="*/*")
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.body, bytes)
    releases = json.loads(answer.body)["releases"]
    assert {version: len(files) for version, files in releases.items()} == {"1.0": 1, "2.0": 2}
    (wheel,) = releases["1.0"]
    assert (wheel["url"], wheel["packagetype"]) == (f"{site.origin}{WHEEL}", "bdist_wheel")
    assert wheel["digests"] == {"sha256": "ab" * 32}


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/unasked/json", "page of unasked"),
        ("/simple/unasked/", "page of unasked"),
        ("/files/menu/menu-2.0-py3-none-any.whl", "file of menu-2.0-py3-none-any.whl"),
        ("/files/menu/menu-2.0-py3-none-any.whl.metadata", "metadata of menu-2.0-py3-none-any.whl"),
    ],
)
def test_what_is_not_recorded_is_said_to_be_missing(site: Site, path: str, what: str) -> None:
    missing = try_to_ask(site, path)
    assert isinstance(missing, Missing)
    assert missing.what == what


@pytest.mark.parametrize(
    "path",
    [
        "/simple/nobody/",
        "/files/menu/menu-9.0-py3-none-any.whl",
        "/files/menu/menu-2.0.tar.gz.metadata",
        "/files/nobody/nobody-1.0.tar.gz",
        "/files/menu/..%2F..%2Frecording.json",
        "/elsewhere",
    ],
)
def test_what_the_index_does_not_have_is_no_gap_in_the_recording(site: Site, path: str) -> None:
    assert ask(site, path).status == 404


@pytest.mark.parametrize("written", ["/simple/menu", "/simple/Menu/"])
def test_a_name_is_redirected_to_its_normal_form(site: Site, written: str) -> None:
    answer = ask(site, written)
    assert (answer.status, answer.headers["Location"]) == (301, "/simple/menu/")


@pytest.mark.parametrize(
    ("wanted", "status", "start", "length"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=1000-", 206, 1000, 24),
        ("bytes=1000-4000", 206, 1000, 24),
        ("bytes=-24", 206, 1000, 24),
        ("bytes=-4000", 206, 0, 1024),
        ("bytes=0-1,5-9", 200, 0, 1024),
        ("lines=0-9", 200, 0, 1024),
    ],
)
def test_a_part_of_a_file(site: Site, wanted: str, status: int, start: int, length: int) -> None:
    answer = ask(site, WHEEL, range=wanted)
    assert isinstance(answer.body, Part)
    assert (answer.status, answer.body.start, answer.body.length) == (status, start, length)
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {start}-{start + length - 1}/1024"


def test_a_part_beyond_the_end_is_refused(site: Site) -> None:
    answer = ask(site, WHEEL, range="bytes=1024-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */1024")


def test_it_is_kept_which_projects_were_asked_for(site: Site) -> None:
    site.prepare(["menu"])
    assert site.asked == set()
    try_to_ask(site, "/simple/unasked/")
    ask(site, "/simple/menu/")
    assert site.asked == {"menu", "unasked"}
