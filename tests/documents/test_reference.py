"""What the reference says of commands, keys, errors and decisions is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lockenv
from lockenv.cli.main import COMMANDS
from tools.reference.errors import errors
from tools.reference.pages import PAGES, REGIONS, ROOT, filled, regions
from tools.reference.parsers import command, options_of


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_the_code_says(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert filled(text) == text, (
        f"{page} is behind the code: run `python -m tools.reference` and commit what it writes"
    )


def test_every_region_stands_on_one_page() -> None:
    found = [name for page in PAGES for name in regions((ROOT / page).read_text(encoding="utf-8"))]
    assert sorted(found) == sorted(REGIONS)


def test_no_other_page_has_a_region() -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md") if regions(_text(path))}
    assert pages == set(PAGES)


def test_what_stands_outside_of_a_region_is_left_alone() -> None:
    page = "# Errors\n\n<!-- begin errors: old words -->\nold\n<!-- end errors -->\nAfter it.\n"
    assert filled(page).startswith("# Errors\n\n<!-- begin errors: written by")
    assert filled(page).endswith("\n<!-- end errors -->\nAfter it.\n")
    assert "\n".join(errors()) in filled(page)


def test_kinds_of_errors_can_be_caught_by_the_names_that_are_told() -> None:
    told = re.findall(r"^\| `[a-z-]+` \| \d+ \| `(\w+)`", "\n".join(errors()), re.MULTILINE)
    assert len(told) > 10
    assert set(told) <= set(lockenv.__all__)


def test_a_region_that_nobody_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled("<!-- begin nothing: -->\n<!-- end nothing -->\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_s_options_are_read_without_running_it(name: str, tmp_path: Path) -> None:
    found = command(name)
    assert found.help or found.parser is not None
    assert [each.name for each in tmp_path.iterdir()] == []


def test_options_that_the_commands_page_explains_are_options_of_the_commands_in_the_heading() -> None:
    found = 0
    for section in re.split(r"^(?=## )", _text(ROOT / "docs/reference/commands.md"), flags=re.MULTILINE):
        names = [name for name in re.findall(r"`lockenv ([a-z]+)", section.partition("\n")[0]) if name in COMMANDS]
        cells = re.findall(r"^\| (`-.*?) \|", section, re.MULTILINE) if names else []
        explained = {option for cell in cells for option in re.findall(r"`(--?[a-zA-Z-]+)", cell)}
        assert explained <= set().union(*(options_of(command(name)) for name in names)), section.partition("\n")[0]
        found += len(explained)
    assert found > 20


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
