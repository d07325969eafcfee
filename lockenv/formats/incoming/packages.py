"""One package as Poetry and Pipenv write it: a version, or a table of version, extras, markers and a source."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import SpecifierSet

from lockenv.formats.addresses import NotCarried, git_source, relative, without_credentials
from lockenv.formats.gathering import Gathering
from lockenv.formats.incoming.tables import is_table, leave_others, place, text_of, texts_of
from lockenv.formats.incoming.versions import python_marker
from lockenv.manifest.entries import Entry
from lockenv.manifest.model import IndexSource, PathSource, Source, UrlSource
from lockenv.manifest.words import quoted
from lockenv.packages import MARKER_VARIABLES

#: A constraint on versions in a tool's own spelling -> a specifier; raises `NotCarried`.
Versions = Callable[[str], SpecifierSet]

_SOURCES = ("git", "path", "file", "url")
_PLATFORMS = {"linux": "linux", "darwin": "darwin", "macos": "darwin", "windows": "win32", "win32": "win32"}
_TAKEN = (
    *("version", "extras", "markers", "python", "platform", "git", "rev", "ref", "tag", "branch", "subdirectory"),
    *("path", "file", "url", "editable", "develop", "source", "index", "optional"),
)


def take(gathered: Gathering, entry: Entry, group: str, versions: Versions) -> None:
    """Take one package: its name is the key, its value a version, a table, or a list of such tables."""
    name = str(entry.path[-1])
    choices = list(entry.items("tables")) if isinstance(entry.value, list) else [entry]
    for choice in choices:
        if isinstance(choice.value, str):
            _put(gathered, choice, name, group, specifier=_specifier(choice, choice.value, versions))
        elif choice.is_a(dict, "a version or a table"):
            _from_table(gathered, choice, name, group, versions)


def _from_table(gathered: Gathering, entry: Entry, name: str, group: str, versions: Versions) -> None:
    leave_others(entry, (*_TAKEN, *MARKER_VARIABLES))
    marker = _marker(entry, versions)
    version = text_of(entry, "version")
    specifier = _specifier(entry, version, versions) if version is not None else SpecifierSet()
    extras = [text for _, text in texts_of(entry, "extras")]
    _put(gathered, entry, name, group, specifier=specifier, extras=extras, marker=marker)
    try:
        source = _source(gathered, entry, Marker(marker) if marker else None)
    except NotCarried as reason:
        entry.refuse(f"{quoted(name)}: {reason.message}; its name is kept", reason.hint)
    except InvalidMarker:
        return  # told with the requirement
    else:
        if source is not None:
            gathered.source(place(entry), name, source)


def _put(
    gathered: Gathering,
    entry: Entry,
    name: str,
    group: str,
    *,
    specifier: SpecifierSet,
    extras: Iterable[str] = (),
    marker: str = "",
) -> None:
    named = ",".join(extras)
    behind = f" ; {marker}" if marker else ""
    gathered.require(place(entry), f"{name}{f'[{named}]' if named else ''}{specifier}{behind}", group)


def _specifier(entry: Entry, text: str, versions: Versions) -> SpecifierSet:
    try:
        return versions(text.strip())
    except NotCarried as reason:
        entry.refuse(f"{quoted(str(entry.path[-1]))}: {reason.message}; any version is taken", reason.hint)
        return SpecifierSet()


def _marker(entry: Entry, versions: Versions) -> str:
    """All that a table says about where the package is wanted, as one marker; '' for everywhere."""
    parts = []
    if markers := text_of(entry, "markers"):
        parts.append(markers)
    python = entry.child("python")
    if python is not None and (text := python.text()):
        parts.append(python_marker(_specifier(python, text, versions)))
    if platform := text_of(entry, "platform"):
        parts.append(f"sys_platform == '{_PLATFORMS.get(platform.lower(), platform)}'")
    stated = ((variable, text_of(entry, variable)) for variable in MARKER_VARIABLES)
    parts += [f"{variable} {said}" for variable, said in stated if said]
    wanted = [part for part in parts if part]
    return wanted[0] if len(wanted) == 1 else " and ".join(f"({part})" for part in wanted)


def _source(gathered: Gathering, entry: Entry, marker: Marker | None) -> Source | None:
    """Where the table says that the package comes from. Raises `NotCarried`."""
    subdirectory = text_of(entry, "subdirectory")
    if index := text_of(entry, "source") or text_of(entry, "index"):
        return IndexSource(index=index, marker=marker) if _is_known(gathered, index) else None
    if address := text_of(entry, "git"):
        _warn_of_credentials(entry, address)
        rev = next(filter(None, (text_of(entry, key) for key in ("rev", "ref", "tag", "branch"))), None)
        return git_source(address, rev=rev, subdirectory=subdirectory, marker=marker)
    if url := text_of(entry, "url") or _url_of_file(entry):
        _warn_of_credentials(entry, url)
        address = without_credentials(url)[0].partition("#")[0]
        return UrlSource(url=address, subdirectory=subdirectory, marker=marker)
    if path := text_of(entry, "path") or text_of(entry, "file"):
        editable = any(entry.value.get(key) is True for key in ("develop", "editable"))
        return local_source(gathered, entry, path, editable=editable, subdirectory=subdirectory, marker=marker)
    return None


def _url_of_file(entry: Entry) -> str | None:
    file = text_of(entry, "file")
    return file if file and re.match(r"https?://", file) else None


def _warn_of_credentials(entry: Entry, url: str) -> None:
    if without_credentials(url)[1]:
        entry.refuse("the credentials in its address are not carried over", "give them in netrc or the keyring")


def _is_known(gathered: Gathering, index: str) -> bool:
    """Whether an index of this name is declared here; else it is the default one."""
    return any(one.value.name == index for one in gathered.indexes)


def local_source(
    gathered: Gathering,
    entry: Entry,
    path: str,
    *,
    editable: bool,
    subdirectory: str | None = None,
    marker: Marker | None = None,
) -> PathSource:
    """A path as a foreign file says it, relative to that file. Raises `NotCarried`."""
    own = relative(path, gathered.surroundings.folder)
    beside = posixpath.dirname(entry.document.where)
    place_of = own if own.startswith("/") or not beside else posixpath.normpath(posixpath.join(beside, own))
    if is_table(entry.value) and own.endswith((".whl", ".tar.gz", ".zip")):
        editable = False
    return PathSource(path=place_of, editable=editable, subdirectory=subdirectory, marker=marker)
