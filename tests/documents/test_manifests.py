"""Whole manifests that pages show are such as `lockenv lock` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.manifest.read import read as read_manifest
from tests.documents.markdown import blocks, read
from tests.documents.sessions import ROOT

_PYPROJECT = '[project]\nname = "app"\nrequires-python = ">=3.9"\ndependencies = ["flask"]\n'


def _shown() -> list[tuple[str, int, str]]:
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    return [
        (page.relative_to(ROOT).as_posix(), block.line, block.text)
        for page in pages
        for block in blocks(read(page))
        if block.language == "toml" and "[env]" in block.text.splitlines()
    ]


@pytest.mark.parametrize(("page", "line", "text"), _shown(), ids=lambda said: str(said)[:40].partition("\n")[0])
def test_a_manifest_that_is_shown_is_read_without_problems(page: str, line: int, text: str) -> None:
    assert read_manifest(text, where=f"{page}:{line}", load=lambda _: _PYPROJECT).python


def test_manifests_are_found_on_several_pages() -> None:
    assert len({Path(page) for page, _, _ in _shown()}) > 4
