from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from lockenv.errors import UsageError
from lockenv.index.default import default_index

Configure: TypeAlias = Callable[[dict[str, str]], None]


@pytest.fixture
def pip_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    return file


@pytest.fixture
def configure(pip_conf: Path) -> Configure:
    """Say what pip is configured for, and in all other settings nothing, whatever the machine's own files say."""

    def write(settings: dict[str, str]) -> None:
        lines = []
        for section in ("global", "install", "download"):
            lines.append(f"[{section}]")
            for key in ("index-url", "extra-index-url", "find-links", "no-index"):
                lines.append(f"{key} = {settings.get(f'{section}.{key}', '')}")
        pip_conf.write_text("\n".join(lines))

    write({})
    return write


def test_the_variable_of_lockenv_goes_before_everything(configure: Configure) -> None:
    configure({"global.index-url": "https://example.com/pip/"})
    environ = {"LOCKENV_INDEX_URL": "https://example.com/ours/", "PIP_INDEX_URL": "https://example.com/theirs/"}
    found = default_index(environ)
    assert (found.url, found.origin) == ("https://example.com/ours/", "LOCKENV_INDEX_URL")


def test_the_variable_of_pip_goes_before_its_files(configure: Configure) -> None:
    configure({"install.index-url": "https://example.com/pip/"})
    assert default_index({"PIP_INDEX_URL": "https://example.com/env/"}).url == "https://example.com/env/"


def test_the_section_for_installing_goes_before_the_global_one(configure: Configure) -> None:
    configure({"global.index-url": "https://example.com/a/", "install.index-url": "https://example.com/b/"})
    found = default_index({})
    assert (found.url, found.origin) == ("https://example.com/b/", "pip's configuration (install.index-url)")


@pytest.mark.parametrize("section", ["global", "install", "download"])
def test_any_section_will_do(configure: Configure, section: str) -> None:
    configure({f"{section}.index-url": "https://example.com/a/"})
    assert default_index({}).url == "https://example.com/a/"


def test_extra_places_are_ignored_and_named(configure: Configure) -> None:
    extra = "\n    https://a.example.com/\n    https://me:secret@b.example.com/"
    configure({"global.index-url": "https://example.com/", "global.extra-index-url": extra})
    found = default_index({"PIP_FIND_LINKS": "/srv/wheels"})
    assert found.ignored == (
        "extra-index-url = https://a.example.com/ https://b.example.com/",
        "find-links = /srv/wheels",
    )


def test_a_broken_configuration_is_told_with_a_remedy(pip_conf: Path) -> None:
    pip_conf.write_text("no section\n")
    with pytest.raises(UsageError, match="pip's configuration cannot be read") as failure:
        default_index({})
    assert "LOCKENV_INDEX_URL" in (failure.value.hint or "")


def test_where_nothing_is_configured_the_default_is_that_of_pip(configure: Configure) -> None:
    from pip._internal.models.index import PyPI

    configure({})
    found = default_index({})
    assert (found.url, found.origin, found.ignored) == (PyPI.simple_url, "pip's built-in default", ())
