"""Which Pythons a machine has, told apart from another day's without looking for any of them.

A Python comes or goes with an entry of some folder, and a folder's modification time says so. Imports next to
nothing: an environment that is planned already is made without a search.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH100, PTH116, PTH117, PTH118

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing's own would import typing
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Patterns of folders that hold executables, and of prefixes; `~` is HOME.
POSIX_FOLDERS = (
    "/usr/local/bin",
    "/usr/bin",
    "/opt/homebrew/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "~/.local/bin",
)
POSIX_PREFIXES = (
    "/opt/python*",
    "/opt/python/*",
    "/opt/homebrew/opt/python@*",
    "/usr/local/opt/python@*",
    "/Library/Frameworks/Python.framework/Versions/3.*",
)
WINDOWS_PREFIXES = ("~/AppData/Local/Programs/Python/Python3*", "C:/Program Files/Python3*", "C:/Python3*")
CONDA_ROOTS = tuple(
    f"{place}/{name}"
    for place in ("~", "/opt", "/usr/local")
    for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", "conda")
)


def home_of(environ: Mapping[str, str]) -> str:
    """Name the home folder; empty where no variable does."""
    return environ.get("HOME") or environ.get("USERPROFILE") or ""


def pyenv_root(environ: Mapping[str, str]) -> str:
    """Name the folder that pyenv lives in; a relative one where there is no HOME either."""
    return environ.get("PYENV_ROOT") or environ.get("PYENV") or os.path.join(home_of(environ), ".pyenv")


def uv_folder(environ: Mapping[str, str]) -> str:
    """Name the folder that uv keeps Pythons in."""
    data = environ.get("XDG_DATA_HOME") or os.path.join(home_of(environ), ".local", "share")
    return environ.get("UV_PYTHON_INSTALL_DIR") or os.path.join(data, "uv", "python")


def conda_list(environ: Mapping[str, str]) -> str:
    """Name the file in which Conda lists its environments."""
    return os.path.join(home_of(environ), ".conda", "environments.txt")


def surroundings(environ: Mapping[str, str], *, but: str) -> str:
    """A text that is another one where a Python may have come or gone, or another has to be preferred.

    Folders below `but`, the environment that is to be made, have no say.
    """
    home = home_of(environ)
    signs = [os.path.abspath(sys.executable) if sys.executable else ""]
    for pattern in dict.fromkeys(_deciding(environ)):
        place = home + pattern[1:] if pattern.startswith("~") else pattern
        if os.path.isabs(place) and not f"{place}/".startswith(f"{but}/"):
            signs.append(f"{place}\0{_time(place)}")
    return "\n".join(signs)


def _deciding(environ: Mapping[str, str]) -> Iterator[str]:
    """What `lockenv.python.places.candidates` reads: folders and files; of a pattern, the folder before it."""
    yield from environ.get("PATH", "").split(os.pathsep)
    yield os.path.join(pyenv_root(environ), "versions")
    yield uv_folder(environ)
    if appdata := environ.get("APPDATA"):
        yield os.path.join(appdata, "uv", "data", "python")
    if prefix := environ.get("CONDA_PREFIX"):
        yield os.path.join(prefix, "bin")
    yield conda_list(environ)
    yield from POSIX_FOLDERS
    for pattern in (*POSIX_PREFIXES, *WINDOWS_PREFIXES):
        yield pattern.rpartition("/")[0]
    for root in CONDA_ROOTS:
        yield f"{root}/bin"
        yield f"{root}/envs"


def _time(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns
    except (OSError, ValueError):
        return -1
