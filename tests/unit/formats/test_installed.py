"""Environments as drafts: what is asked for, what is kept, and where it came from."""

from __future__ import annotations

from typing import Any

from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Surroundings
from lockenv.formats.incoming.installed import Installed, draft_of
from tests.unit.formats.cases import HOME, pin_text


def dist(name: str, version: str = "1.0", *requires: str, requested: bool = False, url: Any = None) -> Installed:
    return Installed(
        name=canonicalize_name(name), version=version, requires=requires, requested=requested, direct_url=url
    )


def drafted(*found: Installed) -> Draft:
    around = Surroundings(folder=HOME)
    variables = {name: str(said) for name, said in default_environment().items()} | {"python_version": "3.9"}
    return draft_of(found, where=".venv", variables=variables, surroundings=around)


def asked(draft: Draft) -> list[str]:
    return [str(one.value) for one in draft.dependencies]


def test_what_was_installed_by_name_is_asked_for_and_all_versions_are_kept() -> None:
    draft = drafted(dist("menu", "1.0", "dropdown", requested=True), dist("dropdown", "2.0"))
    assert asked(draft) == ["menu"]
    assert list(map(pin_text, draft.pins)) == ["dropdown 2.0", "menu 1.0"]


def test_what_nothing_requires_is_asked_for_whoever_installed_it() -> None:
    draft = drafted(dist("menu", "1.0", "dropdown ; extra == 'x'"), dist("dropdown"), dist("alone"))
    assert asked(draft) == ["alone", "dropdown", "menu"]


def test_markers_are_those_of_the_environment() -> None:
    draft = drafted(
        dist("menu", "1.0", "old ; python_version < '3.10'", "new ; python_version >= '3.10'"), dist("old")
    )
    assert asked(draft) == ["menu"]
    assert draft.python is not None
    assert str(draft.python.value) == "==3.9.*"


def test_packages_that_require_each_other_are_not_lost() -> None:
    draft = drafted(dist("a", "1", "b"), dist("b", "1", "a"), dist("c", "1", "c", "not a requirement"))
    assert asked(draft) == ["a", "c"]


def test_what_came_with_the_environment_is_asked_for_only_if_something_requires_it() -> None:
    draft = drafted(
        dist("pip", requested=True), dist("setuptools", requested=True), dist("menu", "1", "setuptools")
    )
    assert asked(draft) == ["menu"]
    assert list(map(pin_text, draft.pins)) == ["menu 1", "setuptools 1.0"]
    assert draft.notes == (".venv: not asked for, because every environment has it to install with: pip",)


def test_places_are_kept_where_others_find_them_too() -> None:
    draft = drafted(
        dist("edited", url={"url": f"file://{HOME}/libs/edited", "dir_info": {"editable": True}}),
        dist(
            "tagged", url={"url": "https://git.example.com/t.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
        ),
        dist("file", url={"url": "https://files.example.com/file-1.0.zip", "archive_info": {}}),
        dist("far", "0.1", url={"url": "file:///elsewhere/far", "dir_info": {}}),
        dist("broken", "0.2", url={"url": 3}),
    )
    assert {one.value[0]: type(one.value[1]).__name__ for one in draft.sources} == {
        "edited": "PathSource",
        "file": "UrlSource",
        "tagged": "GitSource",
    }
    assert [str(problem).partition(": ")[2].partition(":")[0] for problem in draft.left_out] == [
        "`broken`",
        "`far`",
    ]
    assert list(map(pin_text, draft.pins)) == ["broken 0.2"]
