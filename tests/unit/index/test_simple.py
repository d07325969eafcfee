from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from lockenv.errors import LockenvError, NetworkError
from lockenv.index.simple import JSON_TYPE, parse_html, parse_json, parse_page
from lockenv.packages import IndexFile, Listing, NormalizedName, canonicalize_name

INDEX = "https://example.com/simple/"
SHA = "a" * 64


def html_page(body: str, name: str = "menu", url: str | None = None) -> Listing:
    return parse_html(body, url or f"{INDEX}{name}/", NormalizedName(name), INDEX)


def json_page(*files: dict[str, Any], name: str = "menu", **page: Any) -> Listing:
    return json_with(files, name=name, page=page)


def json_with(files: Sequence[dict[str, Any]], *, name: str = "menu", page: Mapping[str, Any]) -> Listing:
    content = {"meta": {"api-version": "1.1"}, "name": name, "files": list(files), **page}
    return parse_json(json.dumps(content), f"{INDEX}{name}/", NormalizedName(name), INDEX)


def json_file(filename: str, **fields: Any) -> dict[str, Any]:
    return {"filename": filename, "url": f"../../files/{filename}", "hashes": {"sha256": SHA}, **fields}


def files_of(listing: Listing) -> list[IndexFile]:
    return [file for release in listing.releases for file in release.files]


def versions_of(name: str, *filenames: str) -> list[str]:
    listing = json_page(*(json_file(filename) for filename in filenames), name=name)
    return [release.version for release in listing.releases]


def only(listing: Listing) -> IndexFile:
    (file,) = files_of(listing)
    return file


class TestLinks:
    def test_a_relative_link_starts_at_the_page(self) -> None:
        assert only(html_page('<a href="../../files/menu-1.0.tar.gz">x</a>')).url == (
            "https://example.com/files/menu-1.0.tar.gz"
        )

    def test_a_base_tag_moves_the_start_of_relative_links(self) -> None:
        page = '<head><base href="https://files.example.com/a/"></head><a href="menu-1.0.tar.gz">x</a>'
        assert only(html_page(page)).url == "https://files.example.com/a/menu-1.0.tar.gz"

    def test_a_relative_base_is_resolved_and_the_first_of_two_counts(self) -> None:
        page = '<base href="/pool/"><base href="/other/"><a href="menu-1.0.tar.gz">x</a>'
        assert only(html_page(page)).url == "https://example.com/pool/menu-1.0.tar.gz"

    def test_entities_in_attributes_are_undone(self) -> None:
        page = '<a href="menu-1.0.tar.gz?a=1&amp;b=2" data-requires-python="&gt;=3.9,&lt;4">x</a>'
        file = only(html_page(page))
        assert (file.url, file.requires_python) == (
            "https://example.com/simple/menu/menu-1.0.tar.gz?a=1&b=2",
            ">=3.9,<4",
        )

    def test_the_file_name_is_the_last_part_of_the_address_and_not_the_text(self) -> None:
        assert only(html_page('<a href="menu-1.0%2Bcpu-py3-none-any.whl">menu-1.0+c..&gt;</a>')).filename == (
            "menu-1.0+cpu-py3-none-any.whl"
        )

    @pytest.mark.parametrize(
        "link",
        [
            "javascript:alert(1)/menu-1.0.tar.gz",
            "ftp://example.com/menu-1.0.tar.gz",
            "data:text/plain,/menu-1.0.tar.gz",
            "file:///srv/menu-1.0.tar.gz",
            "http://[::1/menu-1.0.tar.gz",
            "https://exa mple.com/menu-1.0.tar.gz",
            "",
        ],
    )
    def test_what_cannot_or_must_not_be_fetched_is_skipped_and_counted(self, link: str) -> None:
        listing = html_page(f'<a href="{link}">x</a>')
        assert (listing.releases, listing.skipped) == ((), 1)

    def test_a_page_of_this_machine_may_name_files_of_this_machine(self) -> None:
        listing = html_page('<a href="../pool/menu-1.0.tar.gz">x</a>', url="file:///srv/simple/menu/index.html")
        assert only(listing).url == "file:///srv/simple/pool/menu-1.0.tar.gz"

    def test_credentials_in_a_link_are_dropped(self) -> None:
        assert only(html_page('<a href="https://me:secret@example.com/menu-1.0.tar.gz">x</a>')).url == (
            "https://example.com/menu-1.0.tar.gz"
        )

    def test_spaces_and_letters_beyond_ascii_are_quoted(self) -> None:
        assert only(html_page('<a href="/pööl 1/menu-1.0.tar.gz">x</a>')).url == (
            "https://example.com/p%C3%B6%C3%B6l%201/menu-1.0.tar.gz"
        )

    def test_links_in_comments_and_scripts_are_none(self) -> None:
        page = (
            '<!-- <a href="menu-1.0.tar.gz">x</a> --><script>"<a href=\'menu-2.0.tar.gz\'>"</script>'
            '<a href="menu-3.0.tar.gz">x</a>\n<!-- <a href="menu-4.0.tar.gz">x</a> -->'
        )
        assert [release.version for release in html_page(page).releases] == ["3.0"]

    @pytest.mark.parametrize("case", [str.lower, str.upper])
    def test_tags_and_attributes_may_be_in_either_case(self, case: Any) -> None:
        page = case('<a href="menu-1.0.tar.gz" data-yanked="x">') + "x" + case("</a>")
        if case is str.upper:
            page = page.replace("MENU-1.0.TAR.GZ", "menu-1.0.tar.gz")
        assert only(html_page(page)).yanked is not None


class TestAttributes:
    def test_a_fragment_holds_the_hash(self) -> None:
        assert only(html_page(f'<a href="menu-1.0.tar.gz#sha256={SHA.upper()}">x</a>')).hashes == (
            ("sha256", SHA),
        )

    @pytest.mark.parametrize("fragment", ["", "#egg=menu", "#sha256=abc", "#sha256=" + "g" * 64, "#sha256"])
    def test_without_a_sound_digest_there_is_no_hash(self, fragment: str) -> None:
        assert only(html_page(f'<a href="menu-1.0.tar.gz{fragment}">x</a>')).hashes == ()

    def test_several_hashes_come_in_one_order(self) -> None:
        file = json_file("menu-1.0.tar.gz", hashes={"sha512": "b" * 128, "md5": "c" * 32, "sha256": SHA})
        assert [algorithm for algorithm, _ in only(json_page(file)).hashes] == ["md5", "sha256", "sha512"]

    @pytest.mark.parametrize(
        ("attribute", "yanked"),
        [("", None), (" data-yanked", ""), (' data-yanked=""', ""), (' data-yanked="bad &amp; old"', "bad & old")],
    )
    def test_a_file_may_be_yanked_with_or_without_reason(self, attribute: str, yanked: str | None) -> None:
        assert only(html_page(f'<a href="menu-1.0.tar.gz"{attribute}>x</a>')).yanked == yanked

    @pytest.mark.parametrize(
        ("value", "yanked"), [(False, None), (True, ""), ("", ""), ("bad\x1b[31m", "bad [31m")]
    )
    def test_json_says_yanked_by_a_boolean_or_a_reason(self, value: object, yanked: str | None) -> None:
        assert only(json_page(json_file("menu-1.0.tar.gz", yanked=value))).yanked == yanked

    @pytest.mark.parametrize("key", ["data-core-metadata", "data-dist-info-metadata"])
    @pytest.mark.parametrize(
        ("value", "hashes"), [("true", ()), (f"sha256={SHA}", (("sha256", SHA),)), ("false", None), ("", None)]
    )
    def test_core_metadata_is_advertised_under_either_name(
        self, key: str, value: str, hashes: tuple[tuple[str, str], ...] | None
    ) -> None:
        assert (
            only(html_page(f'<a href="menu-1.0-py3-none-any.whl" {key}="{value}">x</a>')).core_metadata == hashes
        )

    def test_the_new_name_of_core_metadata_goes_before_the_old(self) -> None:
        fields: dict[str, Any] = {"core-metadata": {"sha256": SHA}, "dist-info-metadata": True}
        assert only(json_page(json_file("menu-1.0-py3-none-any.whl", **fields))).core_metadata == (
            ("sha256", SHA),
        )

    @pytest.mark.parametrize(("value", "hashes"), [(True, ()), (False, None), ({}, ()), (None, None)])
    def test_json_says_core_metadata_by_a_boolean_or_hashes(self, value: object, hashes: object) -> None:
        file = json_file("menu-1.0-py3-none-any.whl", **{"dist-info-metadata": value})
        assert only(json_page(file)).core_metadata == hashes

    def test_size_and_upload_time_are_kept(self) -> None:
        fields = {"size": 12, "upload-time": "2026-01-02T03:04:05.678901Z", "requires-python": ">=3.9"}
        file = only(json_page(json_file("menu-1.0.tar.gz", **fields)))
        assert (file.size, file.upload_time, file.requires_python) == (12, "2026-01-02T03:04:05.678901Z", ">=3.9")

    def test_html_pages_of_mirrors_may_tell_the_upload_time(self) -> None:
        page = '<a href="menu-1.0.tar.gz" data-upload-time="2026-01-02T03:04:05Z">x</a>'
        assert only(html_page(page)).upload_time == "2026-01-02T03:04:05Z"

    def test_an_upload_time_that_is_none_is_left_out(self) -> None:
        assert only(json_page(json_file("menu-1.0.tar.gz", **{"upload-time": "yesterday"}))).upload_time is None

    @pytest.mark.parametrize("status", ["archived", "quarantined", "deprecated"])
    def test_the_project_status_is_read_in_both_forms(self, status: str) -> None:
        by_json = json_with((), page={"project-status": {"status": status, "reason": "old"}})
        page = f'<meta name="pypi:project-status" content="{status}">'
        by_html = html_page(page + '<meta name="pypi:project-status-reason" content="old">')
        assert (
            (by_json.status, by_json.status_reason) == (by_html.status, by_html.status_reason) == (status, "old")
        )

    def test_an_unknown_status_counts_as_active(self) -> None:
        assert json_with((), page={"project-status": {"status": "brilliant"}}).status == "active"


class TestFileNames:
    def test_releases_come_newest_first_by_version_and_not_by_text(self) -> None:
        names = [
            f"menu-{version}.tar.gz" for version in ("1.9", "1.10", "2.0rc1", "1!0.1", "2.0.dev1", "2.0.post1")
        ]
        assert versions_of("menu", *names) == ["1!0.1", "2.0.post1", "2.0rc1", "2.0.dev1", "1.10", "1.9"]

    def test_equal_versions_are_one_release_under_the_shortest_spelling(self) -> None:
        listing = json_page(json_file("menu-1.0.0-py3-none-any.whl"), json_file("menu-1.0.tar.gz"))
        (release,) = listing.releases
        assert (release.version, len(release.rows)) == ("1.0", 2)

    def test_files_of_a_release_are_in_the_order_of_their_names_whatever_the_page(self) -> None:
        names = ["menu-1.0.tar.gz", "menu-1.0-py3-none-any.whl", "menu-1.0-cp311-cp311-win32.whl"]
        listings = [json_page(*map(json_file, order)) for order in (names, names[::-1])]
        assert [file.filename for file in files_of(listings[0])] == sorted(names)
        assert listings[0] == listings[1]

    def test_a_wheel_may_have_a_build_tag(self) -> None:
        assert versions_of("menu", "menu-1.0-2local-py3-none-any.whl") == ["1.0"]

    @pytest.mark.parametrize(
        "filename",
        [
            "menu-1.0-x2-py3-none-any.whl",  # a build tag begins with a digit
            "menu-1.0-1-py3-none-any-x86_64_v3.whl",  # PEP 825: a variant
            "menu-1.0-py3-none.whl",
            "menu-1.0-py3--any.whl",
            "menu-1.0-py3-none-any_..whl",
            "menu-nonsense-py3-none-any.whl",
            "other-1.0-py3-none-any.whl",
            "menu-1.0-py3-none-any.WHL",
            "menu-1.0.win32.exe",
            "menu-1.0-py2.7.egg",
            "menu-1.0.tar.bz2",
            "menu-1.0.rpm",
            "menu-1.0-1.noarch.rpm",
            "menu.tar.gz",
            "menu-.tar.gz",
            "../menu-1.0.tar.gz",
            "menu-1.0.tar.gz\n",
            "menu-1.0 .tar.gz",
            "menu-\u0661.0.tar.gz",
            "menu-1.0.tar.gz.asc",
        ],
    )
    def test_what_is_no_wheel_or_sdist_of_the_project_is_skipped_and_counted(self, filename: str) -> None:
        good, odd = json_file("menu-9.tar.gz"), {**json_file("x"), "filename": filename}
        listing = json_page(odd, good)
        assert ([release.version for release in listing.releases], listing.skipped) == (["9"], 1)

    @pytest.mark.parametrize(
        ("name", "filename", "version"),
        [
            ("foo-bar", "Foo.Bar-1.0.tar.gz", "1.0"),
            ("foo-bar-baz", "foo-bar-baz-1.0.zip", "1.0"),
            ("foo-bar", "foo_bar-1.0.tar.gz", "1.0"),
            ("foo-2", "foo-2-1.0.tar.gz", "1.0"),
            ("foo", "FOO-1.0-beta2.tar.gz", "1.0b2"),
            ("foo", "foo-1.0-1.tar.gz", "1.0.post1"),
            ("foo", "foo-v1.0.tar.gz", "1.0"),
            ("foo", "foo-1.0+local.7.tar.gz", "1.0+local.7"),
            ("foo-bar", "Foo.Bar-1.0-py3-none-any.whl", "1.0"),
            ("foo-bar", "foo_bar-1.0_post3-py2.py3-none-any.whl", "1.0.post3"),
        ],
    )
    def test_a_name_from_before_the_standard_is_understood_by_knowing_the_project(
        self, name: str, filename: str, version: str
    ) -> None:
        assert versions_of(name, filename) == [version]

    def test_another_project_whose_name_begins_the_same_is_not_taken_for_this_one(self) -> None:
        assert versions_of("foo", "foo-bar-1.0.tar.gz", "foo_bar-1.0-py3-none-any.whl") == []

    @given(
        parts=st.lists(
            st.text(alphabet="ab1._-+!~ é٣", min_size=0, max_size=5)
            | st.sampled_from(["menu", "1.0", "py3", "none"]),
            min_size=3,
            max_size=7,
        )
    )
    def test_every_wheel_name_that_is_accepted_can_be_read_back_from_a_lock(self, parts: list[str]) -> None:
        filename = "-".join(["menu", *parts]) + ".whl"
        listing = json_page({**json_file("x"), "filename": filename})
        try:
            name, version, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename:
            assert listing.skipped == 1
            return
        if listing.releases:
            assert name == "menu"
            assert Version(listing.releases[0].version) == version


class TestRefusals:
    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "application/octet-stream"])
    def test_a_page_of_another_type_is_refused(self, content_type: str) -> None:
        with pytest.raises(NetworkError, match="not a page of a package index") as refusal:
            parse_page(content_type, b"{}", f"{INDEX}menu/", NormalizedName("menu"), INDEX)
        assert refusal.value.hint is not None

    @pytest.mark.parametrize("version", ["2.0", "10.1", "1", "", "one"])
    def test_another_major_version_of_the_interface_is_refused(self, version: str) -> None:
        with pytest.raises(NetworkError, match="speaks version"):
            html_page(f'<meta name="pypi:repository-version" content="{version}">')
        with pytest.raises(NetworkError, match="speaks version"):
            json_page(meta={"api-version": version})

    def test_a_newer_minor_version_is_read(self) -> None:
        assert json_page(json_file("menu-1.0.tar.gz"), meta={"api-version": "1.99"}).releases

    def test_a_login_form_is_no_empty_page(self) -> None:
        with pytest.raises(NetworkError, match="login form"):
            html_page("<form><input type='Password' name=p></form>")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"null",
            b'{"meta": ',
            b"\xff\xfe",
            b"{}",
            b"[" * 100_000,
            b'{"meta": {"api-version": "1.0"}}',
            b'{"meta": {"api-version": 1.0}, "files": []}',
            b'{"meta": {"api-version": "1.0"}, "files": {}}',
            b'{"meta": {"api-version": "1.0"}, "files": [1]}',
            b'{"meta": {"api-version": "1.0"}, "files": [{}]}',
            b'{"meta": {"api-version": "1.0"}, "name": "other", "files": []}',
            b'{"meta": {"api-version": "1.0"}, "files": [], "project-status": "archived"}',
            b'{"meta": {"api-version": "1.0"}, "files": [], "x": ' + b"9" * 5000 + b"}",
        ],
    )
    def test_malformed_json_is_refused_with_the_page_named(self, body: bytes) -> None:
        with pytest.raises(NetworkError, match=r"https://example\.com/simple/menu/"):
            parse_page(JSON_TYPE, body, f"{INDEX}menu/", NormalizedName("menu"), INDEX)

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"url": None}, "url"),
            ({"hashes": []}, "hashes"),
            ({"size": -1}, "size"),
            ({"size": True}, "size"),
            ({"size": "7"}, "size"),
            ({"yanked": 1}, "yanked"),
            ({"requires-python": 3}, "requires-python"),
            ({"upload-time": 3}, "upload-time"),
            ({"core-metadata": "yes"}, "core-metadata"),
            ({"filename": 3}, "filename"),
        ],
    )
    def test_a_wrong_type_is_refused_with_its_place_named(self, fields: dict[str, Any], where: str) -> None:
        with pytest.raises(NetworkError, match=rf"files\[1\]\.{where}"):
            json_page(json_file("menu-1.0.tar.gz"), {**json_file("menu-2.0.tar.gz"), **fields})


class TestForms:
    def test_both_forms_of_a_page_give_the_same_listing(self) -> None:
        by_json = json_page(json_file("menu-1.0.tar.gz", yanked="old", **{"requires-python": ">=3.9"}))
        attributes = 'data-yanked="old" data-requires-python="&gt;=3.9"'
        link = f'<a href="../../files/menu-1.0.tar.gz#sha256={SHA}" {attributes}>x</a>'
        assert html_page(f"<html><body>{link}</body></html>") == by_json

    @pytest.mark.parametrize(
        "content_type", ["text/html", "TEXT/HTML; charset=latin-1", 'text/html; charset="nope"']
    )
    def test_html_is_decoded_as_it_says(self, content_type: str) -> None:
        body = '<p>Mün</p><a href="menu-1.0.tar.gz">x</a>'.encode("latin-1")
        assert parse_page(content_type, body, f"{INDEX}menu/", NormalizedName("menu"), INDEX).releases

    def test_a_page_with_a_hundred_thousand_files_is_read(self) -> None:
        body = "".join(f'<a href="menu-{number}.tar.gz">x</a><br/>\n' for number in range(100_000))
        assert len(html_page(f"<html><body>{body}</body></html>").releases) == 100_000

    def test_a_project_without_files_lists_nothing(self) -> None:
        page = '<meta name="pypi:repository-version" content="1.0">'
        assert html_page(page).releases == json_page().releases == ()

    @pytest.mark.parametrize("page", ["", " ", "<h1>Welcome</h1>", "<!-- <a href='menu-1.0.tar.gz'>x</a> -->"])
    def test_html_that_neither_links_nor_says_what_it_is_is_no_empty_page(self, page: str) -> None:
        with pytest.raises(NetworkError, match=r"example\.com answered the page of `menu`") as refusal:
            html_page(page)
        assert refusal.value.hint is not None

    def test_an_empty_page_is_told_without_its_credentials(self) -> None:
        with pytest.raises(NetworkError, match=r"^example\.com:8443 answered"):
            html_page("", url="https://me:secret@example.com:8443/simple/menu/")


class _Reference(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.hrefs.append(dict(attrs).get("href"))


_PIECES = st.sampled_from(
    [
        '<a href="menu-1.tar.gz">menu</a><br/>\n',
        '<a href="menu-2.tar.gz" data-yanked="">m</a>',
        '<a href="menu-3.tar.gz"\n  data-requires-python="&gt;=3">m</a><br>',
        '<a  href="menu-4.tar.gz" data-requires-python=">=3">m</a>',
        "<a href='menu-5.tar.gz'>m</a>",
        "<a href=menu-6.tar.gz>m</a>",
        '<a href="menu-7.tar.gz?x=1&copy=2">m</a>',
        '<A HREF="menu-8.tar.gz">m</A>',
        '<a href="menu-9.tar.gz"/>',
        '<a data-yanked href="menu-10.tar.gz">m & n</a>',
        '<a href="menu-11.tar.gz">m<b>n</b></a>',
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        "<textarea>",
        "<![CDATA[",
        "]]>",
        "<!doctype html>",
        "<?x",
        "<",
        ">",
        "&",
        '"',
        "'",
        "text ",
        "<a ",
        "<a>",
        "</a>",
        "<p class=x>",
        "<br>",
    ]
)


class TestLaws:
    @given(pieces=st.lists(_PIECES, max_size=12))
    def test_the_quick_reader_sees_the_links_that_the_parser_sees(self, pieces: list[str]) -> None:
        text = "".join(pieces)
        reference = _Reference()
        reference.feed(text)
        reference.close()
        if not reference.hrefs:
            with pytest.raises(NetworkError, match="no index page"):
                html_page(text)
            return
        listing = html_page(text)
        links = [href.partition("?")[0] for href in reference.hrefs if href]
        versions = {
            link.removeprefix("menu-").removesuffix(".tar.gz") for link in links if link.endswith(".tar.gz")
        }
        assert {release.version for release in listing.releases} == versions
        assert listing.skipped == len(reference.hrefs) - sum(link.startswith("menu-") for link in links)

    @given(
        content_type=st.sampled_from(
            ["text/html", JSON_TYPE, "text/plain", "text/html; charset=utf-16", "text/html;x"]
        ),
        body=st.binary(max_size=400)
        | st.lists(_PIECES | st.text(max_size=9), max_size=20).map(
            lambda pieces: "".join(pieces).encode(errors="ignore")
        ),
        name=st.sampled_from(["menu", "foo-bar", "a"]),
    )
    def test_any_bytes_give_a_listing_or_an_error_of_ours(self, content_type: str, body: bytes, name: str) -> None:
        try:
            listing = parse_page(content_type, body, f"{INDEX}{name}/", canonicalize_name(name), INDEX)
        except LockenvError:
            return
        assert all(Version(release.version) for release in listing.releases)

    @given(
        page=st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "meta",
                            "api-version",
                            "name",
                            "files",
                            "filename",
                            "url",
                            "hashes",
                            "size",
                            "yanked",
                            "sha256",
                        ]
                    )
                    | st.text(max_size=5),
                    inner,
                    max_size=6,
                )
            ),
            max_leaves=25,
        )
    )
    def test_any_json_gives_a_listing_or_an_error_of_ours(self, page: object) -> None:
        whole = {"meta": {"api-version": "1.0"}, "files": [page]}
        for content in (page, whole, {**whole, "files": page}):
            body = json.dumps(content).encode()
            try:
                listing = parse_page(JSON_TYPE, body, f"{INDEX}menu/", NormalizedName("menu"), INDEX)
            except LockenvError:
                continue
            assert listing.index == INDEX
