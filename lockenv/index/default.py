"""The default index: the one that pip is configured for, else pip's own built-in default.

This is the one place that looks inside pip (26.3 and back to 24.2). Importing that costs 80 ms, so nothing is
imported where ``LOCKENV_INDEX_URL`` says it all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockenv.errors import UsageError
from lockenv.index.origins import without_credentials
from lockenv.values import dataclass

_HINT = "declare an [[index]] in env.toml, or set LOCKENV_INDEX_URL"
_SECTIONS = ("install", "download", "global")  #: of pip's configuration files, the strongest first
_IGNORED = ("extra-index-url", "find-links", "no-index")


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultIndex:
    """Where packages come from that no declared index owns.

    `url` may hold credentials. `origin` says who says so. `ignored` are settings of pip that lockenv does not
    follow, as ``name = value``: they are facts of one machine, and a lock is for all.
    """

    url: str
    origin: str
    ignored: tuple[str, ...] = ()


def default_index(environ: Mapping[str, str]) -> DefaultIndex:
    """Find the default index.

    ``LOCKENV_INDEX_URL`` goes before everything, then pip's order: ``PIP_INDEX_URL``, its configuration files,
    its built-in default. Where those files lie is pip's affair, and so is ``PIP_CONFIG_FILE``, which it reads from
    the process's own environment. Raises `UsageError` where pip's configuration is broken or cannot be asked.
    """
    if url := environ.get("LOCKENV_INDEX_URL", "").strip():
        return DefaultIndex(url=url, origin="LOCKENV_INDEX_URL")
    configured = _pip_settings()

    def setting(key: str) -> tuple[str, str] | None:
        variable = "PIP_" + key.upper().replace("-", "_")
        if value := environ.get(variable, "").strip():
            return value, variable
        for section in _SECTIONS:
            if value := configured(f"{section}.{key}").strip():
                return value, f"pip's configuration ({section}.{key})"
        return None

    found = {key: setting(key) for key in _IGNORED}
    ignored = tuple(f"{key} = {_shown(value[0])}" for key, value in found.items() if value is not None)
    url, origin = setting("index-url") or (built_in_default(), "pip's built-in default")
    return DefaultIndex(url=url, origin=origin, ignored=ignored)


def _shown(value: str) -> str:
    """Write a setting, which may list several URLs, in one line and without credentials."""
    return " ".join(without_credentials(word) for word in value.split())


def _pip_settings() -> Callable[[str], str]:
    """Read pip's configuration files as pip does; a function from ``section.key`` to its value, or ''."""
    try:
        from pip._internal.configuration import Configuration
        from pip._internal.exceptions import ConfigurationError
    except ImportError as error:
        raise _cannot_ask(error) from None
    try:
        configuration = Configuration(isolated=False)
        configuration.load()
    except ConfigurationError as error:
        msg = f"pip's configuration cannot be read: {' '.join(str(error).split())}"
        raise UsageError(msg, hint=f"mend it, or {_HINT}") from None
    except (AttributeError, TypeError) as error:
        raise _cannot_ask(error) from None

    def value(key: str) -> str:
        try:
            return str(configuration.get_value(key))
        except ConfigurationError:  # no such key
            return ""

    return value


def configuration_files() -> tuple[str, ...]:
    """List the files that pip reads its configuration from, be they there or not; none if it cannot say."""
    try:
        from pip._internal.configuration import Configuration

        lists = [files for _, files in Configuration(isolated=False).iter_config_files()]
        return tuple(file for files in lists for file in files)
    except (ImportError, AttributeError, TypeError):
        return ()


def built_in_default() -> str:
    """The index that pip asks where nothing is configured. Raises `UsageError` where this pip does not tell."""
    try:
        from pip._internal.models.index import PyPI

        return str(PyPI.simple_url)
    except (ImportError, AttributeError) as error:
        raise _cannot_ask(error) from None


def _cannot_ask(error: Exception) -> UsageError:
    msg = f"this pip cannot be asked which index it is configured for ({error})"
    return UsageError(msg, hint=_HINT)
