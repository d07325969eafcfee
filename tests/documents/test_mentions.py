"""Commands that the documents mention, in text or in files of other tools, are such as lockenv takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from lockenv.cli.main import COMMANDS
from tests.documents.markdown import blocks, read, without_blocks
from tests.documents.sessions import ROOT
from tools.reference.parsers import command, options_of

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")])
#: A command line where one can stand, up to the end of its span, line or part.
_LINE = re.compile(r"(?:^ *|(?:run|entry): |- |&& |\$\(|RUN |`)lockenv ([a-z]+)\b([^\n`&|;>)]*)", re.MULTILINE)
_FILES = ("yaml", "dockerfile", "toml")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_and_options_that_are_mentioned_exist(page: Path) -> None:
    for name, rest in _mentioned(read(page)):
        assert name in COMMANDS, f"lockenv {name}"
        own = rest.partition(" -- ")[0]
        assert set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", own)) <= _known(name), f"lockenv {name}{rest}"


def test_mentions_are_found_in_text_and_in_files() -> None:
    page = "Use `lockenv sync --seed`.\n```yaml\n# lockenv from PyPI\n- run: lockenv lock --check && true\n```\n"
    page += "```console\n$ lockenv x\n```\n"
    assert list(_mentioned(page)) == [("sync", " --seed"), ("lock", " --check ")]


def _mentioned(page: str) -> Iterator[tuple[str, str]]:
    spans = re.findall(r"`(lockenv [^`]*)`", without_blocks(page))
    files = [block.text for block in blocks(page) if block.language in _FILES]
    for text in [*spans, *files]:
        yield from _LINE.findall(text)


@cache
def _known(name: str) -> frozenset[str]:
    return options_of(command(name)) | {"--help"}
