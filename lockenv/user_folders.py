"""Where a person's configuration and cache are: what `platformdirs` says, mostly without importing it."""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH117, PTH118

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "lockenv"
#: The file of the cache that says which index is the default one: `lockenv.index.kept_default`.
KEPT_DEFAULT_INDEX = "default-index"


def config_file(environ: Mapping[str, str]) -> str:
    """Name the person's configuration file, which need not exist."""
    return os.path.join(_plain(environ, "XDG_CONFIG_HOME", ".config") or _asked("config"), "config.toml")


def cache_folder(environ: Mapping[str, str]) -> str:
    """Name the folder for caches where no setting does."""
    return _plain(environ, "XDG_CACHE_HOME", ".cache") or _asked("cache")


def _plain(environ: Mapping[str, str], variable: str, usual: str) -> str:
    """The XDG base directory specification's answer where it is plain; else ''."""
    stated, home = environ.get(variable, ""), environ.get("HOME", "")
    base = stated or (os.path.join(home, usual) if home else "")
    # Android has folders of its own.
    odd = sys.platform != "linux" or "ANDROID_ROOT" in environ or base != base.strip() or "~" in base
    return "" if odd or not os.path.isabs(base) else os.path.join(base, _NAME)


def _asked(kind: str) -> str:
    # Lazy: most people's folders are plain.
    import platformdirs

    ask = platformdirs.user_config_dir if kind == "config" else platformdirs.user_cache_dir
    return ask(_NAME, appauthor=False)
