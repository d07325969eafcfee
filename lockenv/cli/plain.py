"""Plain arguments of `lockenv sync` and `lock`: argparse takes as long as to see that all is right."""

from __future__ import annotations

import sys

from lockenv.settings import LINK_MODES

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

_VALUED = {
    "-C": "project",
    "--project": "project",
    "--cache-dir": "cache_dir",
    "-e": "environment",
    "--environment": "environment",
    "--env": "env_dir",
    "--lock": "lock",
    "--link-mode": "link_mode",
    "--durable": "durable",
    "--history": "history",
}
_LISTED = {"-g": "group", "--group": "group", "--extra": "extra"}
_SWITCHES = {"-q": "quiet", "--quiet": "quiet", "--offline": "offline", "--all-groups": "all_groups"}

#: What the parser of `lockenv sync` gives for what is not asked.
_DEFAULTS: dict[str, object] = {
    "all": False,
    "all_groups": False,
    "allow_build": (),
    "compile": None,
    "dry_run": False,
    "environment": "",
    "json": False,
    "lock": None,
    "manifest": None,
    "named": None,
    "only_host": (),
    "quiet": None,
    "seed": False,
    "verbosity": None,
    "verify": None,
}

#: What `lockenv lock` takes of it, by the names of the settings, and what its parser gives besides.
WORDS_OF_LOCK = frozenset({"project", "cache_dir", "lock", "quiet", "offline", "environment"})
OF_LOCK: dict[str, object] = {"check": False, "script": None, "upgrade": False, "upgrade_package": ()}


def plain(arguments: Sequence[str]) -> dict[str, object] | None:
    """Read plain arguments: flags by the names of the settings. None where others have to be read."""
    flags: dict[str, object] = {"group": (), "extra": ()}
    rest = list(reversed(arguments))
    while rest:
        name, equals, value = rest.pop().partition("=")
        if name in _SWITCHES and not equals:
            flags[_SWITCHES[name]] = True
        elif name in _VALUED or name in _LISTED:
            if equals and not name.startswith("--"):
                return None
            value = value if equals else rest.pop() if rest else "-"
            if (
                not value
                or value.startswith("-")
                or (_VALUED.get(name) == "environment" and "environment" in flags)
            ):
                return None
            if name == "--link-mode" and value not in LINK_MODES:
                return None
            flags |= _given(name, value, flags)
        elif name and not name.startswith("-") and not equals and "environment" not in flags:
            flags["environment"] = name
        else:
            return None
    return flags


def _given(name: str, value: str, flags: dict[str, object]) -> dict[str, object]:
    if name in _VALUED:
        return {_VALUED[name]: value}
    before = flags[_LISTED[name]]
    return {_LISTED[name]: (*before, value) if isinstance(before, tuple) else (value,)}


def plain_of_lock(arguments: Sequence[str]) -> dict[str, object] | None:
    """Read plain arguments of `lockenv lock`, without what is empty. None where others have to be read."""
    flags = plain(arguments)
    given = {name: value for name, value in (flags or {}).items() if value}
    return given if flags is not None and given.keys() <= WORDS_OF_LOCK else None


def namespace(
    arguments: Sequence[str],
    read: Callable[[Sequence[str]], dict[str, object] | None] = plain,
    but: Mapping[str, object] = _DEFAULTS,
) -> argparse.Namespace | None:
    """Read plain arguments as the parser of a command would. None where others have to be read.

    `but` is what the parser gives for what is not asked, beside what it gives for `lockenv sync`.
    """
    flags = read(arguments)
    if flags is None:
        return None
    # All that anybody wants of it is its attributes. This is `types.SimpleNamespace`, which need not be imported.
    return type(sys.implementation)(**{**_DEFAULTS, **but, **flags})  # type: ignore[return-value]
