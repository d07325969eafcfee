"""The site holds together: every page is reachable, every link and anchor leads somewhere. Needs no MkDocs."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.documents.markdown import anchor, anchors, links, read
from tests.documents.sessions import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
EVERY = [*PAGES, *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("examples/**/*.md"))]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _navigation() -> list[Path]:
    """The pages that mkdocs.yml lists, in order."""
    text = read(ROOT / "mkdocs.yml")
    listed = re.findall(r"^ +- .*?: (\S+\.md)$", text[text.index("\nnav:") :], re.MULTILINE)
    return [DOCS / name for name in listed]


def _targets(page: Path) -> list[tuple[Path, str]]:
    """Where the links of a page lead within the repository: files, and anchors in them."""
    inside = [
        link.partition("#") for link in links(read(page)) if "://" not in link and not link.startswith("mailto:")
    ]
    return [((page.parent / unquote(path)).resolve() if path else page, to) for path, _, to in inside]


def test_the_navigation_lists_pages_that_exist_each_once() -> None:
    listed = _navigation()
    assert [page for page in listed if not page.is_file()] == []
    assert len(listed) == len(set(listed)) > 20


def test_every_page_is_reached_from_the_navigation() -> None:
    reached, waiting = set(), _navigation()
    while waiting:
        page = waiting.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += [target for target, _ in _targets(page)]
    assert [_name(page) for page in PAGES if page not in reached] == []


def test_only_decisions_are_left_to_their_list() -> None:
    missing = {page for page in PAGES if page not in _navigation()}
    assert {page.parent for page in missing} == {DOCS / "decisions"}
    assert read(ROOT / "mkdocs.yml").count("/decisions/0*.md") == 1


@pytest.mark.parametrize("page", EVERY, ids=_name)
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    for target, to in _targets(page):
        assert target.exists(), f"{_name(page)}: {target}"
        if to:
            assert to in anchors(read(target)), f"{_name(page)}: {target.name}#{to}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_links_to_nothing_outside_of_the_site(page: Path) -> None:
    # MkDocs would leave such a link broken.
    assert [target for target, _ in _targets(page) if not target.is_relative_to(DOCS)] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_begins_with_its_only_title(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", read(page), flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert text.startswith("# ")


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_anchors_that_are_linked_to_are_the_only_ones_of_their_name(page: Path) -> None:
    # GitHub and MkDocs number those that come again in different ways.
    known = anchors(read(page))
    linked = {to for other in EVERY for target, to in _targets(other) if target == page and to}
    assert [to for to in linked if known.count(to) != 1] == []


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("`[[index]]`", "index"),
        ("`resolution.exclude-newer`", "resolutionexclude-newer"),
        ("`lockenv add` and `lockenv remove`", "lockenv-add-and-lockenv-remove"),
        ("`lockenv history` and `lockenv rollback [N]`", "lockenv-history-and-lockenv-rollback-n"),
        ("3. Lock it", "3-lock-it"),
    ],
)
def test_anchors_are_those_of_github_and_mkdocs(heading: str, expected: str) -> None:
    assert anchor(heading) == expected
