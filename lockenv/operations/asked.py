"""What a lock is asked, but for the pages of indexes: told by bytes, variables and stats, with nothing parsed."""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH110, PTH116, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import os
import sys

import packaging

from lockenv import __version__
from lockenv.operations.files import bytes_of, shown
from lockenv.operations.inputs import content_of
from lockenv.operations.unchanged import digest_of
from lockenv.project import Project
from lockenv.python.probe_cache import system
from lockenv.python.surroundings import surroundings

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol, TypeAlias

    from lockenv.operations.standing import Place as Standing

    class Place(Standing, Protocol):
        """What of a session is needed here: an answer that is kept is given without one."""

        @property
        def environ(self) -> Mapping[str, str]:
            """The process's environment."""

    #: What pip's answer rests on, which index it is configured for: a digest of variables, and files with signs.
    PipSays: TypeAlias = tuple[str, tuple[tuple[str, tuple[int, ...] | None], ...]]

_DEFAULT_INDEX = "default-index"  #: as `lockenv.index.kept_default` has it
#: Variables that pip's configuration depends on, as `lockenv.index.kept_default` has them.
PIP_HEEDS = ("HOME", "USERPROFILE", "APPDATA", "PROGRAMDATA", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS")


def key_of(place: Place) -> str:
    """One digest of what is asked, but for what follows here and is compared by itself. Raises `UsageError`."""
    project, settings = place.project, place.settings
    standing = bytes_of(project.lock)
    # The first lock of a named environment begins with the versions of the default one.
    begins = project.environment and standing is None
    parts = (
        f"{__version__} {packaging.__version__} {_version_of('resolvelib')} {sys.version}",
        f"{project.environment}\0{shown(project, project.lock)}",
        repr((settings.python, settings.index_url, settings.keyring, _of_indexes(place.environ))),
    )
    return digest_of(
        *(part.encode("utf-8", "surrogateescape") for part in parts),
        content_of(_netrc(place.environ)),
        bytes_of(project.manifest),
        standing,
        bytes_of(Project(project.folder).lock) if begins else None,
    )


def _version_of(name: str) -> str:
    """The version of a package that stands beside `packaging`, without its import; '' where it does not."""
    beginning = f"{name}-"
    try:
        found = os.listdir(os.path.dirname(os.path.dirname(packaging.__file__)))
    except OSError:
        return ""
    return next((each for each in found if each.startswith(beginning) and each.endswith(".dist-info")), "")


def _of_indexes(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """The variables that say which index is asked, and as whom."""
    return sorted(pair for pair in environ.items() if pair[0].startswith("LOCKENV_INDEX_"))


def _netrc(environ: Mapping[str, str]) -> str:
    return environ.get("NETRC") or os.path.join(environ.get("HOME", ""), ".netrc")


def contents_of(place: Place, included: Sequence[str]) -> str:
    """One digest of the files that the manifest includes, as it names them."""
    folder = os.path.dirname(place.project.manifest)
    return digest_of(*(content_of(os.path.join(folder, name)) for name in included))


def pythons_around(place: Place) -> str | None:
    """One digest of what decides which Python of this machine has a say; None where that cannot be told."""
    project, asked = place.project, place.settings.python or ""
    preferred = _preferred(project.folder)
    standing = os.path.realpath(f"{project.env}/bin/python")
    stands = os.path.exists(standing)
    # A path or a command may lead to another Python any time.
    if not f"{asked}{preferred or ''}".replace(".", "").replace("\n", "").isdigit() and (asked or preferred):
        return None
    if stands and f"{standing}/".startswith(f"{os.path.realpath(project.env)}/"):
        return None  # a copy of a Python, which only its environment's settings tell
    parts = (str(preferred), standing if stands else "", system(), surroundings(place.environ, but=project.env))
    return digest_of(*(part.encode("utf-8", "surrogateescape") for part in parts))


def _preferred(folder: str) -> str | None:
    """What the nearest `.python-version` says; None where there is none."""
    while True:
        found = content_of(os.path.join(folder, ".python-version"))
        if found is not None:
            return found.decode("utf-8", "replace")
        if (parent := os.path.dirname(folder)) == folder:
            return None
        folder = parent


def pip_says(place: Place, index: str) -> PipSays | None:
    """What it rests on that pip names this index; None where nobody has kept that."""
    import json  # Lazy: an answer that is given has it in another form

    try:
        with open(f"{place.cache}/{_DEFAULT_INDEX}", "rb") as file:
            kept = json.loads(file.read())
        same = (kept["url"] or place.environ[kept["origin"]].strip()) == index
        files = tuple((path, tuple(sign) if sign is not None else None) for path, sign in kept["files"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    says = (_pip_heeds(place.environ), files)
    return says if same and pip_says_so(place, says) else None


def pip_says_so(place: Place, says: PipSays) -> bool:
    """Whether all is still there that pip's answer rests on."""
    heeds, files = says
    return heeds == _pip_heeds(place.environ) and all(_sign(path) == sign for path, sign in files)


def _pip_heeds(environ: Mapping[str, str]) -> str:
    said = [
        (name, value)
        for variables in (environ, os.environ)
        for name, value in sorted(variables.items())
        if name.startswith("PIP_") or name in PIP_HEEDS
    ]
    return digest_of(repr((sys.prefix, sys.path, said)).encode("utf-8", "surrogateescape"))


def _sign(path: str) -> tuple[int, ...] | None:
    """What tells a file from another one in its place; None for none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
