"""Files in another tool's environment that neither a package's RECORD nor that tool explains: somebody's own.

An environment that is adopted is built anew beside, so what stands in its ``bin`` or ``lib`` would go with it.
Packages may go, for a sync brings packages; a script, a module or a table of data that nobody else has may not.
It is renamed into a folder of the new environment's root, after the exchange: until then the old environment is
whole, and from then on the retired one stands beside until everything is out of it. Whoever comes next finds what
a kill left there by the same rule.
"""

# ruff: noqa: PTH103, PTH104, PTH108, PTH112, PTH113, PTH114, PTH115, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import contextlib
import csv
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lockenv.transaction import ground, places
from lockenv.transaction.foreign import SITES
from lockenv.wheels import PIN_NAME

#: Where strays are kept, in the environment's root.
KEPT = "kept"

_SETTINGS = "pyvenv.cfg"
_IGNORED = ".gitignore"
_CACHE = "__pycache__"
#: The folders of an environment that packages and tools share with people; what else is in the root stays.
_SHARED = ("bin", "lib", "lib64", "include", "share", "etc", "man", "Scripts", "Lib", "Include")
#: What venv, virtualenv and uv put into `bin`: activation scripts, and Python under all its names.
_PROGRAM = re.compile(
    r"(?:de)?activate(?:\.(?:bat|csh|fish|nu|ps1|xsh))?|activate_this\.py|pydoc\.bat"
    r"|(?:python|pypy|graalpy|𝜋thon)w?[\d.]*[dt]*(?:\.exe)?",
    re.IGNORECASE,
)
#: What virtualenv and uv put among the libraries, and what pip and the installers of old leave there.
_LIBRARY = re.compile(
    r"_virtualenv\.(?:py|pth)|(?:easy-install|setuptools)\.pth"
    r"|.+\.(?:virtualenv|egg|egg-link|egg-info|dist-info)|~.*"
)
_FEW = 4  #: strays that a person is told by name
_USUAL_LINKS = frozenset({"lib", "lib/"})
_LARGEST = 64 << 20  #: bytes of a RECORD that is read


def is_foreign(env: str) -> bool:
    """Whether a folder is a whole environment, and none that lockenv made."""
    return os.path.isfile(f"{env}/{_SETTINGS}") and not os.path.islink(env) and not ground.is_ours(env)


def strays(env: str) -> list[str]:
    """List what nobody explains, relative to the environment; a folder that is so as a whole ends with a slash.

    Nothing where no other tool's environment stands. Raises `OSError` where it cannot be looked through.
    """
    return sorted(_Explained(env).strays()) if is_foreign(env) else []


def keep_strays(source: str, target: str) -> None:
    """Rename the strays of a retired environment into the one in its place. Raises `OSError`.

    Without its settings the retired one is then no environment any more: what is left of it is rubbish, also when
    its removal is cut short and the RECORDs are gone before the files.
    """
    if not is_foreign(source):
        return
    found = strays(source)
    kept = kept_in(target, found)
    for path in found:
        place = _free(f"{target}/{kept}/{path.rstrip('/')}")
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.rename(f"{source}/{path.rstrip('/')}", place)
    os.unlink(f"{source}/{_SETTINGS}")


def kept_in(env: str, paths: Collection[str], tops: Collection[str] = ()) -> str:
    """Name the folder of an environment's root where strays of these paths are kept: it may be there already.

    No file stands in their way in it, and no link leads them elsewhere. `tops` are names that are about to be
    links in the root: a package may bring this one.
    """
    number, name = 1, KEPT
    while name in tops or not all(_may_be_folder(f"{env}/{folder}") for folder in _folders(name, paths)):
        number += 1
        name = f"{KEPT}-{number}"
    return name


def _folders(top: str, paths: Iterable[str]) -> set[str]:
    """Name the folders that paths below `top` are in."""
    found = {top}
    for path in paths:
        parent = os.path.dirname(f"{top}/{path.rstrip('/')}")
        while parent not in found:
            found.add(parent)
            parent = os.path.dirname(parent)
    return found


def _may_be_folder(path: str) -> bool:
    return not os.path.lexists(path) or (os.path.isdir(path) and not os.path.islink(path))


def told(env: str, tops: Collection[str]) -> str:
    """Say what will be kept of an environment that is adopted, and where; '' where there is nothing."""
    found = strays(env)
    if not found:
        return ""
    few = ", ".join(found[:_FEW])
    more = f" and {len(found) - _FEW} more" if len(found) > _FEW else ""
    return f"what no package and no tool explains is kept in {env}/{kept_in(env, found, tops)}: {few}{more}"


def _free(place: str) -> str:
    """Give a place where nothing is overwritten: an earlier environment may have had the same stray."""
    number, free = 1, place
    while os.path.lexists(free):
        number += 1
        free = f"{place}.{number}"
    return free


@dataclass(slots=True)
class _Explained:
    """What an environment's RECORDs and the custom of its maker explain: files, and the folders they are in."""

    env: str
    files: set[str] = field(init=False, default_factory=set)
    folders: set[str] = field(init=False, default_factory=set)
    sites: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        """Read all RECORDs."""
        for pattern in SITES:
            for site in Path(self.env).glob(pattern):
                if not site.is_symlink() and not site.parent.parent.is_symlink():
                    self._read_site(os.path.relpath(site, self.env))
        for path in [*self.files, *(f"{site}/" for site in self.sites)]:
            parent = path.rpartition("/")[0]
            while parent and parent not in self.folders:
                self.folders.add(parent)
                parent = parent.rpartition("/")[0]

    def _read_site(self, site: str) -> None:
        self.sites.add(site)
        for name in os.listdir(f"{self.env}/{site}"):
            if name.endswith(".dist-info"):
                self._claim(site, _record(f"{self.env}/{site}/{name}/RECORD"))
            elif name.endswith(".egg-info"):
                # What pip wrote before wheels: one path a line, seen from the folder itself.
                self._claim(f"{site}/{name}", _lines(f"{self.env}/{site}/{name}/installed-files.txt"))

    def _claim(self, folder: str, paths: Iterator[str]) -> None:
        for path in paths:
            parts = os.path.normpath(os.path.join(folder, path)).split("/")
            if parts[0] == "lib64" and os.path.islink(f"{self.env}/lib64"):
                parts[0] = "lib"
            self.files.add("/".join(parts))

    def strays(self) -> Iterator[str]:
        """Go through what packages and tools share with people."""
        for name in _SHARED:
            path = f"{self.env}/{name}"
            if os.path.islink(path):
                # lockenv's own are left where its folder was removed.
                if os.readlink(path) not in _USUAL_LINKS | {places.link_text(name)}:
                    yield name
            elif os.path.isdir(path):
                self.folders.add(name)
                yield from self._within(name)
            elif os.path.lexists(path):
                yield name
        if not _is_usual_ignore(f"{self.env}/{_IGNORED}"):
            yield _IGNORED

    def _within(self, folder: str) -> Iterator[str]:
        with os.scandir(f"{self.env}/{folder}") as entries:
            listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in listed:
            path = f"{folder}/{name}"
            if path in self.files or self._is_custom(folder, name):
                continue
            if not is_folder:
                yield path
            elif path in self.folders:
                yield from self._within(path)
            elif _holds_files(f"{self.env}/{path}"):
                yield f"{path}/"

    def _is_custom(self, folder: str, name: str) -> bool:
        """Whether a name is one that tools use for what is theirs, or for what is made of other files."""
        if name == _CACHE:
            return True
        if folder in {"bin", "Scripts"}:
            return _PROGRAM.fullmatch(name) is not None
        return folder in self.sites and (name == PIN_NAME or _LIBRARY.fullmatch(name) is not None)


def _record(path: str) -> Iterator[str]:
    """Give the paths of a RECORD; what cannot be read explains nothing."""
    with contextlib.suppress(csv.Error):
        for row in csv.reader(_lines(path)):
            if row:
                yield row[0]


def _lines(path: str) -> Iterator[str]:
    text = ""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        text = file.read(_LARGEST).decode("utf-8", "surrogateescape")
    # NUL would end the reading of a line of values on some Pythons with an error.
    return iter(text.replace("\0", "").splitlines())


def _holds_files(folder: str) -> bool:
    """Whether anything but folders, and bytecode, is in a folder."""
    with os.scandir(folder) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if entry.name != _CACHE]
    return any(not is_folder or _holds_files(f"{folder}/{name}") for name, is_folder in listed)


def _is_usual_ignore(path: str) -> bool:
    """Whether a `.gitignore` says no more than tools write: that all is to be ignored. None does, too."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file]
    except OSError:
        return True
    return all(not line or line == "*" or line.startswith("#") for line in lines)
