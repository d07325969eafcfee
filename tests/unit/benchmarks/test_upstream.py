"""The recorder asks an index for what is missing, once, and cuts its pages at the moment of the recording."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.recording import Recording
from benchmarks.site import Answer, Missing, Part, Request, Site
from benchmarks.upstream import Upstream
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import BuiltFile, make_sdist, make_wheel
from tests.unit.benchmarks.conftest import MOMENT


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with FakeIndex() as fake:
        yield fake


@pytest.fixture
def site(index: FakeIndex, tmp_path: Path) -> Site:
    return Site(Recording(tmp_path / "recording", moment=MOMENT), "http://127.0.0.1:1")


def ask(site: Site, index: FakeIndex, path: str, **headers: str) -> Answer:
    """Ask for something, and fetch it if it is missing."""
    request = Request(method="GET", path=path, headers=headers)
    found = site.answer(request)
    if isinstance(found, Missing):
        with Upstream(site.recording, {"LOCKENV_INDEX_URL": index.url}) as upstream:
            upstream.fetch(found)
        found = site.answer(request)
    assert isinstance(found, Answer)
    return found


def page(site: Site, index: FakeIndex, project: str) -> dict[str, dict[str, object]]:
    body = ask(site, index, f"/simple/{project}/", accept="application/vnd.pypi.simple.v1+json").body
    assert isinstance(body, bytes)
    return {file["filename"]: file for file in json.loads(body)["files"]}


def test_what_a_json_index_says_is_kept(site: Site, index: FakeIndex) -> None:
    wheel = index.add(make_wheel("menu", "1.0", requires_python=">=3.11"), yanked="broken")
    told = page(site, index, "menu")[wheel.filename]
    assert told["hashes"] == {"sha256": wheel.sha256}
    assert told["upload-time"] == "2026-01-01T00:00:00.000000Z"
    assert (told["size"], told["yanked"], told["requires-python"]) == (len(wheel.content), "broken", ">=3.11")


def test_sizes_and_times_that_an_html_index_does_not_tell_are_asked_of_its_api(
    site: Site, index: FakeIndex
) -> None:
    index.formats = ("html",)
    wheel = index.add(make_wheel("menu", "1.0"), yanked="")
    facts = {"filename": wheel.filename, "size": 7, "upload_time_iso_8601": "2026-02-03T04:05:06Z"}
    index.serve("/pypi/menu/json", json.dumps({"releases": {"1.0": [facts]}}), "application/json")
    told = page(site, index, "menu")[wheel.filename]
    assert (told["size"], told["upload-time"], told["yanked"]) == (7, "2026-02-03T04:05:06Z", True)
    assert told["hashes"] == {"sha256": wheel.sha256}


def test_an_index_without_that_api_is_recorded_without_sizes(site: Site, index: FakeIndex) -> None:
    index.formats = ("html",)
    wheel = index.add(make_wheel("menu", "1.0"))
    assert page(site, index, "menu")[wheel.filename]["size"] is None


def test_files_that_came_after_the_moment_are_left_out(site: Site, index: FakeIndex) -> None:
    old = index.add(make_wheel("menu", "1.0"), upload_time="2026-10-31T23:59:59.999Z")
    index.add(make_wheel("menu", "2.0"), upload_time="2026-11-01T00:00:01Z")
    assert list(page(site, index, "menu")) == [old.filename]
    assert site.recording.page("menu").versions == ("1.0",)  # type: ignore[union-attr]


@pytest.mark.parametrize("core", ["advertised", "none"])
def test_metadata_comes_from_the_index_or_out_of_the_wheel(site: Site, index: FakeIndex, core: str) -> None:
    wheel = index.add(make_wheel("menu", "1.0"), core_metadata=core)  # type: ignore[arg-type]
    page(site, index, "menu")
    assert ask(site, index, f"/files/menu/{wheel.filename}.metadata").body == wheel.metadata


def test_metadata_that_cannot_be_read_is_recorded_as_none(site: Site, index: FakeIndex) -> None:
    broken = BuiltFile(filename="menu-1.0-py3-none-any.whl", content=b"no archive", metadata=b"")
    index.add(broken, core_metadata="none")
    page(site, index, "menu")
    assert ask(site, index, f"/files/menu/{broken.filename}.metadata").status == 404
    assert site.recording.metadata("menu", broken.filename) == b""


def test_a_part_of_a_file_records_the_whole(site: Site, index: FakeIndex) -> None:
    sdist = index.add(make_sdist("menu", "1.0"))
    page(site, index, "menu")
    answer = ask(site, index, f"/files/menu/{sdist.filename}", range="bytes=0-9")
    assert isinstance(answer.body, Part)
    assert (answer.status, answer.body.path.read_bytes()) == (206, sdist.content)


def test_what_is_recorded_is_not_asked_for_again(site: Site, index: FakeIndex) -> None:
    wheel = index.add(make_wheel("menu", "1.0"))
    paths = [
        "/simple/menu/",
        "/simple/nobody/",
        *(f"/files/menu/{wheel.filename}{end}" for end in ("", ".metadata")),
    ]
    first = [ask(site, index, path).status for path in paths]
    index.forget_requests()
    index.add(make_wheel("menu", "2.0"))
    again = Site(site.recording, site.origin)
    assert [ask(again, index, path).status for path in paths] == first == [200, 404, 200, 200]
    assert index.requests == ()
