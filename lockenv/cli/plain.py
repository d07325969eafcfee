"""Plain arguments of `lockenv sync`, read without argparse, which takes as long as to see that all is right."""

from __future__ import annotations

import sys

from lockenv.settings import LINK_MODES

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

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


def namespace(arguments: Sequence[str]) -> argparse.Namespace | None:
    """Read plain arguments as the parser of `lockenv sync` would. None where others have to be read."""
    flags = plain(arguments)
    if flags is None:
        return None
    # All that anybody wants of it is its attributes. This is `types.SimpleNamespace`, which need not be imported.
    return type(sys.implementation)(**_DEFAULTS | flags)  # type: ignore[return-value]
