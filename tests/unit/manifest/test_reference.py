"""The reference is complete, and its examples are right."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from lockenv.manifest.options import ACROSS_PYTHONS, IMPLEMENTATIONS, PRERELEASES, STRATEGIES
from lockenv.manifest.read import read
from lockenv.manifest.schema import KEYS, table_title
from lockenv.platforms import PLATFORMS
from lockenv.settings import _SETTINGS, KEYRINGS, LINK_MODES, Settings, load

_DOCS = Path(__file__).parents[3] / "docs" / "reference"
_MANIFEST = (_DOCS / "manifest.md").read_text(encoding="utf-8")
_SETTINGS_PAGE = (_DOCS / "settings.md").read_text(encoding="utf-8")
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PYPROJECT = '[project]\nname = "app"\nrequires-python = ">=3.9"\ndependencies = ["flask"]\n'


def _headings(level: str) -> list[str]:
    return re.findall(rf"^{level} `(.+)`$", _MANIFEST, re.MULTILINE)


def test_every_key_has_its_own_section_in_the_order_of_the_schema_and_none_else() -> None:
    assert _headings("##") == [table_title(table) for table in KEYS]
    assert sorted(_headings("###")) == sorted(f"{table}.{key}" for table, keys in KEYS.items() for key in keys)


@pytest.mark.parametrize("example", _TOML.findall(_MANIFEST))
def test_every_example_of_the_manifest_is_read_without_problems(example: str) -> None:
    assert read(example, load=lambda _: _PYPROJECT).python


@pytest.mark.parametrize("word", [*PLATFORMS, *IMPLEMENTATIONS, *STRATEGIES, *ACROSS_PYTHONS, *PRERELEASES])
def test_every_word_that_a_key_takes_is_named(word: str) -> None:
    assert f"`{word}`" in _MANIFEST or f'`"{word}"`' in _MANIFEST


def test_every_setting_has_its_row_with_its_names() -> None:
    assert {setting.field for setting in _SETTINGS} == {field.name for field in fields(Settings)} - {"warnings"}
    for setting in _SETTINGS:
        key = f"`{setting.key}`" if setting.key else "–"  # noqa: RUF001 the page's own dash
        assert f"| `{setting.flag}` | `LOCKENV_{setting.variable}` | {key} |" in _SETTINGS_PAGE


@pytest.mark.parametrize("word", [*LINK_MODES, *KEYRINGS])
def test_every_word_that_a_setting_takes_is_named(word: str) -> None:
    assert f"`{word}`" in _SETTINGS_PAGE


@pytest.mark.parametrize("example", _TOML.findall(_SETTINGS_PAGE))
def test_every_example_of_the_settings_is_read(example: str) -> None:
    read_settings = load(flags={}, environ={}, config=example, config_where="config.toml", cache_default="/cache")
    assert read_settings.cache_dir == "/big/disk/lockenv"
