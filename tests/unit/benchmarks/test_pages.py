"""Pages that the replayer writes say what the recording holds, in both forms."""

from __future__ import annotations

import pytest

from benchmarks import pages
from benchmarks.recording import Recording
from lockenv.index.simple import parse_page
from lockenv.packages import IndexFile, canonicalize_name

INDEX = "http://127.0.0.1:1/simple/"
DIGEST = "cd" * 32
CORE: dict[str, pages.Core] = {"menu-1.0-py3-none-any.whl": DIGEST, "menu-2.0-py3-none-any.whl": True}


def read_back(form: pages.Form, recording: Recording) -> dict[str, IndexFile]:
    page = recording.page("menu")
    assert page is not None
    write = pages.as_json if form == "json" else pages.as_html
    body = write(page, CORE, lambda filename: f"http://127.0.0.1:1/files/menu/{filename}")
    listing = parse_page(pages.CONTENT_TYPES[form], body, f"{INDEX}menu/", canonicalize_name("menu"), INDEX)
    return {row[0]: IndexFile(*row) for release in listing.releases for row in release.files}


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_page_read_back_says_what_was_recorded(form: pages.Form, recording: Recording) -> None:
    files = read_back(form, recording)
    old, new, sdist = (files[name] for name in sorted(files))
    assert old.url == "http://127.0.0.1:1/files/menu/menu-1.0-py3-none-any.whl"
    assert old.hashes == (("sha256", "ab" * 32),)
    assert (old.requires_python, sdist.requires_python) == (">=3.11", None)
    assert (old.yanked, new.yanked) == (None, "broken")
    assert (old.core_metadata, new.core_metadata, sdist.core_metadata) == ((("sha256", DIGEST),), (), None)


def test_only_json_tells_sizes_and_times(recording: Recording) -> None:
    file = read_back("json", recording)["menu-1.0-py3-none-any.whl"]
    assert (file.size, file.upload_time) == (1024, "2026-01-01T00:00:00Z")
    file = read_back("html", recording)["menu-1.0-py3-none-any.whl"]
    assert (file.size, file.upload_time) == (None, None)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "html"),
        ("*/*", "html"),
        ("text/html", "html"),
        ("application/vnd.pypi.simple.v1+json", "json"),
        ("application/vnd.pypi.simple.v1+json, text/html;q=0.01", "json"),
        ("text/html, application/vnd.pypi.simple.v1+json;q=0.9", "html"),
        ("application/vnd.pypi.simple.v1+json;q=0, text/html;q=0.1", "html"),
        ("application/json", None),
        ("text/html;q=much", None),
    ],
)
def test_a_client_gets_the_form_it_likes_best(accept: str, form: pages.Form | None) -> None:
    assert pages.preferred_form(accept) == form
