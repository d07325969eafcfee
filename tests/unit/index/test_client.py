from __future__ import annotations

import gzip
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from lockenv.errors import LockenvError, MetadataError, NetworkError, OfflineMiss, Refused, UsageError
from lockenv.events import Noted
from lockenv.index.client import IndexClient
from lockenv.index.fetch import NeedsBuild
from lockenv.packages import Index, IndexFile, Listing, Metadata, NormalizedName
from lockenv.resolution.source import Source
from tests.fakes.index import FakeIndex
from tests.fakes.wheels import BuiltFile, make_sdist, make_wheel
from tests.unit.index.connecting import Clock, Events, run

MENU = NormalizedName("menu")


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    with FakeIndex() as fake:
        yield fake


@pytest.fixture
def other() -> Iterator[FakeIndex]:
    with FakeIndex() as fake:
        yield fake


def versions(listing: Listing | None) -> list[str] | None:
    return None if listing is None else [release.version for release in listing.releases]


def listed(client: IndexClient, name: NormalizedName = MENU) -> list[str] | None:
    return versions(client.listing(name))


def first_file(client: IndexClient, name: NormalizedName = MENU) -> tuple[str, IndexFile]:
    listing = client.listing(name)
    assert listing is not None
    return listing.releases[0].version, listing.releases[0].files[0]


def metadata_of(client: IndexClient, name: NormalizedName = MENU) -> Metadata:
    version, file = first_file(client, name)
    return client.metadata(name, version, file)


def test_the_client_answers_what_resolution_asks(tmp_path: Path, index: FakeIndex) -> None:
    index.add(make_wheel("menu", "1.0"))
    with run(tmp_path, index.url) as client:
        source: Source = client  # mypy holds the client to the protocol
        assert versions(source.listing(MENU)) == ["1.0"]


class TestPages:
    @pytest.mark.parametrize("formats", [("json", "html"), ("json",), ("html",)])
    def test_a_page_is_read_in_whatever_form_the_index_speaks(
        self, tmp_path: Path, index: FakeIndex, formats: tuple[str, ...]
    ) -> None:
        index.formats = formats  # type: ignore[assignment]
        index.add(make_wheel("menu", "1.0"), yanked="bad")
        index.add(make_wheel("menu", "2.0", requires_python=">=3.9"))
        with run(tmp_path, index.url) as client:
            listing = client.listing(MENU)
            assert listing is not None
            assert (versions(listing), listing.index) == (["2.0", "1.0"], index.url)
            assert listing.releases[0].files[0].requires_python == ">=3.9"
            assert listing.releases[1].files[0].yanked == "bad"

    def test_json_is_asked_for_first(self, tmp_path: Path, index: FakeIndex) -> None:
        with run(tmp_path, index.url) as client:
            client.listing(MENU)
        assert index.requests[0].headers["accept"].startswith("application/vnd.pypi.simple.v1+json,")

    def test_an_index_without_a_slash_at_its_end_is_the_same(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0"))
        with run(tmp_path, index.url.rstrip("/")) as client:
            assert listed(client) == ["1.0"]

    def test_relative_links_start_where_a_redirect_led(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        other.relative = True
        other.add(make_wheel("menu", "1.0"))
        index.redirect("/simple/menu/", f"{other.url}menu/")
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).version == "1.0"

    def test_a_name_that_no_index_knows_is_none(self, tmp_path: Path, index: FakeIndex) -> None:
        with run(tmp_path, index.url) as client:
            assert client.listing(MENU) is None

    @pytest.mark.parametrize("name", ["../menu", "a/b", "Menu", "", "a?b"])
    def test_a_name_that_is_none_is_never_asked_for(self, tmp_path: Path, index: FakeIndex, name: str) -> None:
        with run(tmp_path, index.url) as client, pytest.raises(Refused, match="no project name"):
            client.listing(NormalizedName(name))
        assert index.count() == 0

    def test_a_page_is_fetched_once_though_many_threads_ask(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0"))
        gate = threading.Event()
        index.fail("/simple/*", until=gate)
        with run(tmp_path, index.url) as client:
            answers: list[list[str] | None] = []
            threads = [threading.Thread(target=lambda: answers.append(listed(client))) for _ in range(8)]
            for thread in threads:
                thread.start()
            gate.set()
            for thread in threads:
                thread.join()
        assert answers == [["1.0"]] * 8
        assert index.count("/simple/menu/") == 1

    def test_files_that_are_neither_wheel_nor_sdist_are_noted(self, tmp_path: Path, index: FakeIndex) -> None:
        events = Events()
        index.serve("/simple/menu/", '<a href="menu-1.0.exe">x</a><a href="menu-1.0.tar.gz">x</a>')
        with run(tmp_path, index.url, reporter=events) as client:
            assert listed(client) == ["1.0"]
        assert [event.message for event in events.seen if isinstance(event, Noted)] == [
            "menu: 1 files are neither wheels nor sdists of it"
        ]

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ({"status": 401}, NetworkError),
            ({"status": 403}, NetworkError),
            ({"status": 500}, NetworkError),
            ({"hang_up": True}, NetworkError),
            ({"endless": True, "status": 200, "headers": {"Content-Type": "text/html"}}, Refused),
            ({"status": 200, "headers": {"Content-Type": "application/zip"}}, NetworkError),
            ({"status": 200, "headers": {"Content-Type": "application/vnd.pypi.simple.v1+json"}}, NetworkError),
            ({"status": 304}, NetworkError),
            (
                {
                    "status": 200,
                    "headers": {"Content-Type": "text/html", "Content-Encoding": "gzip"},
                    "body": gzip.compress(bytes(65 << 20)),
                },
                Refused,
            ),
        ],
    )
    def test_what_is_no_page_is_an_error_with_a_remedy(
        self, tmp_path: Path, index: FakeIndex, fault: dict[str, object], kind: type[LockenvError]
    ) -> None:
        index.fail("/simple/menu/", **fault)
        with run(tmp_path, index.url) as client:
            for _ in range(2):  # and the same error when asked again
                with pytest.raises(kind) as failure:
                    client.listing(MENU)
                assert failure.value.hint


class TestWhichIndex:
    def test_the_first_index_that_lists_a_name_has_it(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        index.add(make_wheel("menu", "1.0"))
        other.add(make_wheel("menu", "99.0"))
        other.add(make_wheel("drinks", "1.0"))
        with run(tmp_path, index.url, other.url) as client:
            assert listed(client) == ["1.0"]
            assert listed(client, NormalizedName("drinks")) == ["1.0"]
        assert other.count("/simple/menu/") == 0

    @pytest.mark.parametrize("status", [404, 410])
    def test_an_index_that_does_not_know_a_name_is_passed(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex, status: int
    ) -> None:
        index.fail("/simple/menu/", status=status)
        other.add(make_wheel("menu", "2.0"))
        with run(tmp_path, index.url, other.url) as client:
            assert listed(client) == ["2.0"]

    @pytest.mark.parametrize("form", ["json", "html"])
    def test_a_project_without_files_is_not_replaced_by_another_of_its_name(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex, form: str
    ) -> None:
        index.add_project("menu")
        if form == "html":
            index.serve("/simple/menu/", '<meta name="pypi:repository-version" content="1.0"><h1>menu</h1>')
        other.add(make_wheel("menu", "99.0"))
        for _ in range(2):  # the second time from the cache
            with run(tmp_path, index.url, other.url) as client:
                assert listed(client) == []
        assert other.count() == 0

    @pytest.mark.parametrize("body", ["", "<html><body><h1>Welcome to the hotel</h1></body></html>"])
    def test_a_page_that_is_no_index_page_is_an_error_and_not_passed(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex, body: str
    ) -> None:
        index.serve("/simple/menu/", body)
        other.add(make_wheel("menu", "99.0"))
        host = re.escape(index.origin.removeprefix("http://"))
        for _ in range(2):  # nothing of it is kept
            with (
                run(tmp_path, index.url, other.url) as client,
                pytest.raises(NetworkError, match=rf"^{host} answered the page of `menu` with something") as error,
            ):
                client.listing(MENU)
            assert index.url in (error.value.hint or "")
        assert other.count() == 0
        assert index.count("/simple/menu/") == 2

    def test_a_quarantined_project_is_not_replaced_by_another_of_its_name(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        index.add_project("menu")
        index.set_status("menu", "quarantined", "malware")
        other.add(make_wheel("menu", "2.0"))
        with run(tmp_path, index.url, other.url) as client:
            listing = client.listing(MENU)
        assert listing is not None
        assert (listing.releases, listing.status, listing.status_reason) == ((), "quarantined", "malware")

    def test_a_project_with_unusable_files_only_is_not_replaced_by_another(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        index.serve("/simple/menu/", '<a href="menu-1.0.exe">x</a>')
        other.add(make_wheel("menu", "2.0"))
        with run(tmp_path, index.url, other.url) as client:
            assert listed(client) == []

    @pytest.mark.parametrize("status", [401, 403, 500, 503, 302])
    def test_an_index_that_fails_is_an_error_and_not_passed(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex, status: int
    ) -> None:
        index.fail("/simple/menu/", status=status)
        other.add(make_wheel("menu", "99.0"))
        with run(tmp_path, index.url, other.url) as client, pytest.raises(NetworkError):
            client.listing(MENU)
        assert other.count() == 0

    def test_a_name_that_an_index_owns_comes_from_there_only(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        index.add(make_wheel("acme-tools", "99.0"))
        index.add(make_wheel("menu", "1.0"))
        other.add(make_wheel("acme-tools", "1.0"))
        owner = Index(name="acme", url=other.url, packages=("Acme_*",))
        with run(tmp_path, index.url, owner) as client:
            assert listed(client, NormalizedName("acme-tools")) == ["1.0"]
            assert listed(client, NormalizedName("acme-other")) is None
            assert listed(client) == ["1.0"]
        assert index.count("/simple/acme-*") == 0

    def test_an_explicit_index_is_asked_for_its_own_names_only(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        index.add(make_wheel("acme-tools", "1.0"))
        other.add(make_wheel("menu", "99.0"))
        explicit = Index(name="acme", url=index.url, packages=("acme-*",), explicit=True)
        with run(tmp_path, explicit, other.url) as client:
            assert listed(client) == ["99.0"]
            assert listed(client, NormalizedName("acme-tools")) == ["1.0"]
        assert index.count("/simple/menu/") == 0
        with run(tmp_path, explicit) as client:
            assert client.listing(MENU) is None

    def test_a_route_goes_before_ownership_and_order(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        index.add(make_wheel("menu", "99.0"))
        other.add(make_wheel("menu", "1.0"))
        owner = Index(name="first", url=index.url, packages=("menu",))
        explicit = Index(name="second", url=other.url, explicit=True)
        with run(tmp_path, owner, explicit, routes={MENU: "second"}) as client:
            assert listed(client) == ["1.0"]
        assert index.count() == 0

    def test_a_route_to_nowhere_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="`menu` comes from the index `nowhere`"):
            run(tmp_path, "https://example.com/", routes={MENU: "nowhere"})


class TestCredentials:
    def test_they_are_used_and_stand_nowhere(self, tmp_path: Path) -> None:
        with FakeIndex(credentials=("me", "secret")) as index:
            index.add(make_wheel("menu", "1.0"))
            with run(tmp_path, index.url.replace("http://", "http://me:secret@")) as client:
                listing = client.listing(MENU)
                assert metadata_of(client).version == "1.0"
            assert listing is not None
            assert "secret" not in repr(listing)
            assert listing.index == index.url
        assert not any(b"secret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    def test_they_are_not_sent_to_where_the_files_are(self, tmp_path: Path, other: FakeIndex) -> None:
        with FakeIndex(credentials=("me", "secret"), files_url=other.files_url) as index:
            built = make_wheel("menu", "1.0")
            index.add(built)
            other.add(built)
            with run(tmp_path, index.url.replace("http://", "http://me:secret@")) as client:
                assert metadata_of(client).version == "1.0"
        assert all("authorization" not in request.headers for request in other.requests)


class TestCache:
    def test_a_page_is_revalidated_once_in_each_run(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0"))
        for _ in range(2):
            with run(tmp_path, index.url) as client:
                for _ in range(3):
                    assert listed(client) == ["1.0"]
        assert [request.status for request in index.requests] == [200, 304]

    def test_a_page_within_its_age_is_not_asked_for(self, tmp_path: Path, index: FakeIndex) -> None:
        clock = Clock()
        index.cache_control = "max-age=600"
        index.add(make_wheel("menu", "1.0"))
        for later in (0, 599, 2, 599, 2):
            clock.now += later
            with run(tmp_path, index.url, clock=clock) as client:
                assert listed(client) == ["1.0"]
        # A 304 begins the age anew.
        assert [request.status for request in index.requests] == [200, 304, 304]

    @pytest.mark.parametrize("control", ["no-cache, max-age=600", "no-store, max-age=600", "max-age=0"])
    def test_an_index_may_ask_to_be_asked_each_time(self, tmp_path: Path, index: FakeIndex, control: str) -> None:
        index.cache_control = control
        index.add(make_wheel("menu", "1.0"))
        for _ in range(2):
            with run(tmp_path, index.url) as client:
                assert listed(client) == ["1.0"]
        assert index.count() == 2

    def test_a_changed_page_replaces_the_kept_one(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0"))
        with run(tmp_path, index.url) as client:
            assert listed(client) == ["1.0"]
        index.add(make_wheel("menu", "2.0"))
        for _ in range(2):
            with run(tmp_path, index.url) as client:
                assert listed(client) == ["2.0", "1.0"]
        assert [request.status for request in index.requests] == [200, 200, 304]

    def test_an_index_without_etags_is_asked_and_its_same_page_not_parsed_again(
        self, tmp_path: Path, index: FakeIndex
    ) -> None:
        index.etags = False
        index.serve("/simple/menu/", '<a href="menu-1.0.exe">x</a>')
        told = []
        for _ in range(2):
            events = Events()
            with run(tmp_path, index.url, reporter=events) as client:
                assert listed(client) == []
            told.append(sum(isinstance(event, Noted) for event in events.seen))
        assert index.count() == 2
        assert told == [1, 0]  # what is skipped is noted where a page is parsed

    def test_a_page_by_its_date_is_asked_for_by_its_date(self, tmp_path: Path, index: FakeIndex) -> None:
        page = '<a href="menu-1.0.tar.gz">x</a>'
        index.serve("/simple/menu/", page, **{"Last-Modified": "Wed, 21 Oct 2015 07:28:00 GMT"})
        for _ in range(2):
            with run(tmp_path, index.url) as client:
                assert listed(client) == ["1.0"]
        assert index.requests[1].headers["if-modified-since"] == "Wed, 21 Oct 2015 07:28:00 GMT"

    def test_metadata_is_fetched_once_for_ever(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0", requires=["a"]))
        for later in (0, 10_000_000):
            with run(tmp_path, index.url, clock=Clock(Clock().now + later)) as client:
                for _ in range(2):
                    assert metadata_of(client).requires_dist == ("a",)
        assert index.count("/files/*") == 1

    def test_nobody_vouches_for_the_metadata_of_another_origin(
        self, tmp_path: Path, index: FakeIndex, other: FakeIndex
    ) -> None:
        built, hostile = make_wheel("menu", "1.0", requires=["a"]), make_wheel("menu", "1.0", requires=["evil"])
        index.add(built)
        other.add(hostile, hashes={"sha256": built.sha256})  # its metadata under the hash of the honest wheel
        with run(tmp_path, other.url) as client:
            assert metadata_of(client).requires_dist == ("evil",)
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).requires_dist == ("a",)

    def test_a_damaged_cache_is_fetched_anew(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0"))
        with run(tmp_path, index.url) as client:
            metadata_of(client)
        for path in tmp_path.rglob("*"):
            if path.is_file():
                path.write_bytes(b"damaged")
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).version == "1.0"


class TestOffline:
    def test_what_was_seen_is_there_without_the_network(self, tmp_path: Path) -> None:
        with FakeIndex() as index:
            index.add(make_wheel("menu", "1.0", requires=["a"]))
            with run(tmp_path, index.url) as client:
                metadata_of(client)
                assert client.listing(NormalizedName("nothing")) is None
        with run(tmp_path, index.url, offline=True) as client:
            assert metadata_of(client).requires_dist == ("a",)
            assert client.listing(NormalizedName("nothing")) is None

    def test_a_page_that_was_never_seen_is_named(self, tmp_path: Path, index: FakeIndex) -> None:
        with (
            run(tmp_path, index.url, offline=True) as client,
            pytest.raises(OfflineMiss, match=f"the page of `menu` at {index.url} is not in the cache"),
        ):
            client.listing(MENU)
        assert index.count() == 0

    def test_metadata_that_was_never_seen_is_named(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0"))
        with run(tmp_path, index.url) as client:
            client.listing(MENU)
        with run(tmp_path, index.url, offline=True) as client:
            version, file = first_file(client)
            with pytest.raises(OfflineMiss, match=r"menu-1\.0-py3-none-any\.whl is not in the cache"):
                client.metadata(MENU, version, file)


class TestMetadata:
    @pytest.fixture
    def wheel(self) -> BuiltFile:
        return make_wheel("menu", "1.0", requires=["a"])

    def test_the_advertised_file_is_taken(self, tmp_path: Path, index: FakeIndex, wheel: BuiltFile) -> None:
        index.add(wheel)
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).requires_dist == ("a",)
        assert [request.path for request in index.requests][1:] == [f"/files/{wheel.filename}.metadata"]

    def test_an_advertised_file_with_a_wrong_hash_is_refused(
        self, tmp_path: Path, index: FakeIndex, wheel: BuiltFile
    ) -> None:
        index.add(wheel, metadata_sha256="0" * 64)
        with run(tmp_path, index.url) as client, pytest.raises(Refused, match="not what it promises") as refusal:
            metadata_of(client)
        assert any("0" * 64 in line for line in refusal.value.details)

    def test_an_advertised_file_that_is_missing_is_made_up_for(
        self, tmp_path: Path, index: FakeIndex, wheel: BuiltFile
    ) -> None:
        index.add(wheel)
        index.fail("*.metadata", status=404)
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).requires_dist == ("a",)

    def test_a_file_that_is_not_advertised_is_never_tried(
        self, tmp_path: Path, index: FakeIndex, wheel: BuiltFile
    ) -> None:
        index.add(wheel, core_metadata="silent")
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).requires_dist == ("a",)
        assert [request.status for request in index.requests] == [200, 206]

    def test_without_ranges_the_whole_file_is_taken(self, tmp_path: Path, wheel: BuiltFile) -> None:
        with FakeIndex(ranges=False) as index:
            index.add(wheel, core_metadata="none")
            with run(tmp_path, index.url) as client:
                assert metadata_of(client).requires_dist == ("a",)

    def test_a_whole_file_with_a_wrong_hash_is_refused(self, tmp_path: Path, wheel: BuiltFile) -> None:
        with FakeIndex(ranges=False) as index:
            index.add(wheel, core_metadata="none", hashes={"sha256": "0" * 64})
            with run(tmp_path, index.url) as client, pytest.raises(Refused, match="its hash is wrong"):
                metadata_of(client)

    def test_a_file_without_hash_goes_by_its_address(self, tmp_path: Path, wheel: BuiltFile) -> None:
        with FakeIndex(ranges=False) as index:
            index.add(wheel, core_metadata="none", hashes={})
            for _ in range(2):
                with run(tmp_path, index.url) as client:
                    assert metadata_of(client).requires_dist == ("a",)
            assert index.count("/files/*") == 2  # the try for a part, then the whole; nothing in the second run

    def test_static_metadata_of_an_sdist_is_trusted(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_sdist("menu", "1.0", requires=["a"]))
        with run(tmp_path, index.url) as client:
            assert metadata_of(client).requires_dist == ("a",)

    def test_an_sdist_that_must_be_built_says_so_and_is_fetched_once(
        self, tmp_path: Path, index: FakeIndex
    ) -> None:
        index.add(make_sdist("menu", "1.0", dynamic=["Requires-Dist"]))
        for _ in range(2):
            with run(tmp_path, index.url) as client, pytest.raises(NeedsBuild) as failure:
                metadata_of(client)
            assert failure.value.hint == 'allow it in env.toml: [build] allow = ["menu"]'
        assert index.count("/files/*") == 1

    @pytest.mark.parametrize("core_metadata", ["advertised", "none"])
    def test_metadata_of_something_else_is_broken(
        self, tmp_path: Path, index: FakeIndex, core_metadata: str
    ) -> None:
        index.add(
            make_wheel("menu", "1.0", metadata=b"Name: other\nVersion: 1.0\n"),
            core_metadata=core_metadata,  # type: ignore[arg-type]
        )
        with run(tmp_path, index.url) as client, pytest.raises(MetadataError, match="names the project 'other'"):
            metadata_of(client)

    def test_an_endless_metadata_file_is_refused(self, tmp_path: Path, index: FakeIndex, wheel: BuiltFile) -> None:
        index.add(wheel)
        index.fail("*.metadata", endless=True)
        with run(tmp_path, index.url) as client, pytest.raises(Refused, match="longer than"):
            metadata_of(client)


Wanted: TypeAlias = tuple[NormalizedName, str, IndexFile]


class Guide:
    """Leads to the newest version and all that it requires, and tells when it comes to what requires nothing."""

    def __init__(self) -> None:
        self.arrived = threading.Event()

    def choose(self, listing: Listing) -> tuple[NormalizedName, str, IndexFile]:
        release = listing.releases[0]
        return listing.name, release.version, release.files[0]

    def follow(self, metadata: Metadata) -> list[NormalizedName]:
        if not metadata.requires_dist:
            self.arrived.set()
        return [NormalizedName(text.partition(">")[0]) for text in metadata.requires_dist]

    def beside(self, listing: Listing, chosen: Wanted) -> list[Wanted]:
        return [(listing.name, chosen[1], file) for file in listing.releases[0].files[1:]]

    def pursue(self, metadata: Metadata) -> list[NormalizedName]:
        return self.follow(metadata)


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("lockenv-index")]


class TestPrefetching:
    def test_what_was_prefetched_is_not_fetched_again(self, tmp_path: Path, index: FakeIndex) -> None:
        names = [NormalizedName(f"menu-{number}") for number in range(20)]
        for name in names:
            index.add(make_wheel(name, "1.0"), project=name)
        with run(tmp_path, index.url) as client:
            client.prefetch_listings(names)
            client.prefetch_listings(names)
            wanted = [(name, *first_file(client, name)) for name in names]
            client.prefetch_metadata(wanted, lambda metadata: ())
            for item in wanted:
                assert client.metadata(*item).name == item[0]
        assert index.count("/simple/*") == index.count("/files/*") == 20

    def test_the_listings_that_metadata_leads_to_are_fetched_ahead(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0", requires=["dropdown>=2"]))
        index.add(make_wheel("dropdown", "2.0"))
        dropdown, followed = NormalizedName("dropdown"), threading.Event()

        def follow(metadata: Metadata) -> list[NormalizedName]:
            followed.set()
            return [dropdown] if metadata.requires_dist == ("dropdown>=2",) else []

        with run(tmp_path, index.url) as client:
            client.prefetch_metadata([(MENU, *first_file(client, MENU))], follow)
            assert followed.wait(10)
            until = time.monotonic() + 10
            while not index.count("/simple/dropdown/") and time.monotonic() < until:
                time.sleep(0.01)
        assert index.count("/simple/dropdown/") == 1

    def test_a_guide_leads_from_listings_to_metadata_and_on(self, tmp_path: Path, index: FakeIndex) -> None:
        index.add(make_wheel("menu", "1.0", requires=["dropdown>=2"]))
        index.add(make_wheel("dropdown", "2.0"))
        guide = Guide()
        with run(tmp_path, index.url) as client:
            client.explore([MENU], guide)
            assert guide.arrived.wait(10)
        assert index.count("/simple/menu/") == index.count("/simple/dropdown/") == 1
        assert index.count("/files/*") == 2

    def test_what_others_will_need_is_fetched_beside(self, tmp_path: Path, index: FakeIndex) -> None:
        """More of it than there are threads, and one leads on."""
        for number in range(9):
            requires = ["dropdown>=2"] if number == 7 else []
            index.add(make_wheel("menu", "1.0", tag=f"cp3{number}-none-any", requires=requires))
        index.add(make_wheel("dropdown", "2.0"))
        with run(tmp_path, index.url) as client:
            client.explore([MENU], Guide())
            until = time.monotonic() + 10
            while index.count("/files/*") < 10 and time.monotonic() < until:
                time.sleep(0.01)
        assert index.count("/files/menu*") == 9
        assert index.count("/simple/menu/") == index.count("/simple/dropdown/") == 1

    def test_what_is_in_the_cache_is_handed_to_no_thread(self, tmp_path: Path, index: FakeIndex) -> None:
        index.cache_control = "max-age=600"
        index.add(make_wheel("menu", "1.0", requires=["dropdown>=2"]))
        index.add(make_wheel("dropdown", "2.0"))
        dropdown = NormalizedName("dropdown")
        with run(tmp_path, index.url) as client:
            for name in (MENU, dropdown):
                assert client.metadata(name, *first_file(client, name)).name == name
        asked, guide = index.count(), Guide()
        with run(tmp_path, index.url) as client:
            client.explore([MENU], guide)
            client.prefetch_listings([MENU, dropdown])
            client.prefetch_metadata([(MENU, *first_file(client, MENU))], lambda metadata: ())
            assert not _threads()
            assert listed(client, dropdown) == ["2.0"]
        assert index.count() == asked

    def test_a_guide_sets_out_when_something_has_to_be_fetched(self, tmp_path: Path, index: FakeIndex) -> None:
        index.cache_control = "max-age=600"
        index.add(make_wheel("menu", "1.0", requires=["dropdown>=2"]))
        index.add(make_wheel("dropdown", "2.0"))
        with run(tmp_path, index.url) as client:
            client.listing(MENU)
        guide = Guide()
        with run(tmp_path, index.url) as client:
            client.explore([MENU], guide)
            assert not _threads()
            client.prefetch_listings([NormalizedName("other")])
            assert guide.arrived.wait(10)
        assert index.count("/simple/menu/") == index.count("/simple/dropdown/") == 1

    def test_prefetching_does_not_block(self, tmp_path: Path, index: FakeIndex) -> None:
        gate = threading.Event()
        index.add(make_wheel("menu", "1.0"))
        index.fail("/simple/*", until=gate)
        with run(tmp_path, index.url) as client:
            client.prefetch_listings([MENU] * 50)
            assert index.count() == 0  # the answer is still held back, and yet we are here
            gate.set()
            assert listed(client) == ["1.0"]

    def test_what_goes_wrong_is_told_when_it_is_asked_for(self, tmp_path: Path, index: FakeIndex) -> None:
        index.fail("/simple/menu/", status=403)
        with run(tmp_path, index.url) as client:
            client.prefetch_listings([MENU, NormalizedName("../..")])
            nothing = IndexFile("menu-1.0.tar.gz", f"{index.origin}/nothing")
            client.prefetch_metadata([(MENU, "1.0", nothing)], lambda metadata: ())
            for _ in range(2):
                with pytest.raises(NetworkError, match="forbids access"):
                    client.listing(MENU)

    def test_after_closing_no_thread_runs_and_nothing_is_prefetched(
        self, tmp_path: Path, index: FakeIndex
    ) -> None:
        index.add(make_wheel("menu", "1.0"))
        running = run(tmp_path, index.url)
        with running as client:
            client.prefetch_listings([MENU, NormalizedName("dropdown")])
            client.listing(MENU)
        client.prefetch_listings([NormalizedName("other")])
        assert not _threads()
        assert index.count("/simple/other/") == 0

    def test_what_nobody_asked_for_is_not_waited_for(self, tmp_path: Path, index: FakeIndex) -> None:
        """A manifest that is refused after its first pages were asked for is refused at once."""
        gate = threading.Event()
        index.add(make_wheel("menu", "1.0"))
        index.fail("/simple/*", until=gate)
        try:
            with run(tmp_path, index.url) as client:
                client.prefetch_listings([MENU])
            assert _threads()  # the answer is still held back, and yet we are here
        finally:
            gate.set()
