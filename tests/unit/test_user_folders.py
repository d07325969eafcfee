"""Unit: where configuration and cache are is what `platformdirs` says, though it is mostly not asked."""

from __future__ import annotations

import os

import platformdirs
import pytest

from lockenv.user_folders import cache_folder, config_file


@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": "/home/ann"},
        {"HOME": "/home/ann/"},
        {"HOME": "/home/ann", "XDG_CACHE_HOME": "/fast", "XDG_CONFIG_HOME": "/etc/ann"},
        {"HOME": "/home/ann", "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": " "},
        {"HOME": "/home/ann", "XDG_CACHE_HOME": "relative", "XDG_CONFIG_HOME": "~/odd"},
        {"HOME": "/home/ann", "XDG_CACHE_HOME": " /spaced ", "XDG_CONFIG_HOME": "/a b"},
        {"HOME": "relative"},
        {"HOME": ""},
        {},
    ],
)
def test_folders_are_where_platformdirs_has_them(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told = platformdirs.user_config_dir("lockenv", appauthor=False)
    assert os.path.normpath(config_file(os.environ)) == os.path.normpath(f"{told}/config.toml")
    told = platformdirs.user_cache_dir("lockenv", appauthor=False)
    assert os.path.normpath(cache_folder(os.environ)) == os.path.normpath(told)
