"""The default index as pip gave it before: to ask pip takes longer than to read a warm index.

What was found is kept in the cache with all that pip's answer rests on: the variables that pip heeds, its
configuration files, those that are not there included, and pip itself, by size and time. An address from a file
that holds credentials is not kept; one from a variable is read there again: of variables only a digest is kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from lockenv.files import write_atomically
from lockenv.forks import can_fork, end, fork, hold_signals, let_signals, status
from lockenv.index.default import DefaultIndex, configuration_files, default_index
from lockenv.index.origins import without_credentials
from lockenv.sums import sha256
from lockenv.user_folders import KEPT_DEFAULT_INDEX as KEPT

_FORMAT = 1  #: to be changed with what is kept and with what it rests on
#: Variables that say where pip's configuration is; beside them, all that begin with ``PIP_``.
_VARIABLES = ("HOME", "USERPROFILE", "APPDATA", "PROGRAMDATA", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")


def kept_default_index(environ: Mapping[str, str], cache: Path) -> DefaultIndex:
    """Find the default index as `default_index` does, without asking pip where its answer is known."""
    if environ.get("LOCKENV_INDEX_URL", "").strip():
        return default_index(environ)
    place = cache / KEPT
    if (found := _read(place, environ)) is not None:
        return found
    found = default_index(environ)
    _keep(place, environ, found)
    return found


class AskedAhead:
    """Another process that asks pip where its answer is not kept, and keeps it, while this one does other things.

    Nothing depends on it: whoever needs the answer calls `kept_default_index`, as without.
    """

    def __init__(self, environ: Mapping[str, str], cache: Path) -> None:
        """Begin it, where there can be one and there is something to ask."""
        self._child: int | None = None
        if environ.get("LOCKENV_INDEX_URL", "").strip() or (cache / KEPT).exists() or not can_fork():
            return
        held = hold_signals()
        try:
            self._child = fork(lambda: _ask_unheard(environ, cache), held)
        finally:
            let_signals(held)

    def wait(self) -> None:
        """Wait until it has kept what it could find out."""
        if self._child is not None:
            status(self._child)
            self._child = None

    def end(self) -> None:
        """End it, if nobody has waited for it."""
        if self._child is not None:
            end(self._child)
            self._child = None


def _ask_unheard(environ: Mapping[str, str], cache: Path) -> None:
    """Ask, and say nothing: what pip says when it is imported is heard from whoever asks in earnest, once."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    kept_default_index(environ, cache)


def _read(place: Path, environ: Mapping[str, str]) -> DefaultIndex | None:
    try:
        kept = json.loads(place.read_bytes())
        if kept["heeds"] != _heeds(environ) or any(_sign(path) != sign for path, sign in kept["files"]):
            return None
        url = kept["url"] or environ[kept["origin"]].strip()
        return DefaultIndex(url=url, origin=kept["origin"], ignored=tuple(kept["ignored"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(place: Path, environ: Mapping[str, str], found: DefaultIndex) -> None:
    files = [*configuration_files(), *_pip_itself()]
    stated = environ.get(found.origin, "").strip() == found.url
    if not files or (not stated and without_credentials(found.url) != found.url):
        return
    kept = {
        "heeds": _heeds(environ),
        "files": [(path, _sign(path)) for path in files],
        "url": "" if stated else found.url,
        "origin": found.origin,
        "ignored": found.ignored,
    }
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps(kept).encode())


def _heeds(environ: Mapping[str, str]) -> str:
    """One digest of all variables that have a say, as pip sees them and as we do, and of where pip stands."""
    said = [
        (name, value)
        for variables in (environ, os.environ)
        for name, value in sorted(variables.items())
        if name.startswith("PIP_") or name in _VARIABLES
    ]
    return sha256(repr((_FORMAT, sys.prefix, sys.path, said)).encode("utf-8", "surrogateescape")).hexdigest()


def _pip_itself() -> Iterable[str]:
    import pip  # it was asked just now

    return [pip.__file__] if pip.__file__ else []


def _sign(path: str) -> list[int] | None:
    """What tells a file from another one in its place; None for none."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]
