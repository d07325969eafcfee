"""What of a project's folder a build may read, and a cheap sign of it: what looks the same need not be read.

Every sync of a project with such folders comes through here, so little is imported.
"""

# pathlib is among the heavy imports that are avoided here.
# ruff: noqa: PTH113, PTH116, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

#: What says that a folder is a project: without any of these no backend knows what to do (PEP 517, 518).
DECLARATIONS = ("pyproject.toml", "setup.py", "setup.cfg")

#: What a build of a project does not read, or makes itself. The results only count at its top.
_PASSED_OVER = frozenset({".git", ".hg", ".svn", "__pycache__", ".venv", ".tox", ".nox", "node_modules"})
_RESULTS = frozenset({"build", "dist"})
_RESULT_SUFFIXES = (".egg-info", ".dist-info", ".pyc", ".pyo")
#: A folder with one of these is a cache or an environment (Cache Directory Tagging Specification, PEP 405).
_MARKS = ("CACHEDIR.TAG", "pyvenv.cfg")


def files(folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files and links below a folder that a build may read, each by its path in there, in no order.

    Left out are version control, caches, environments and build results. Raises `OSError`.
    """
    yield from _files(folder, "", _PASSED_OVER | _RESULTS)


def _files(folder: str, prefix: str, passed_over: frozenset[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        listed = list(entries)
    if prefix and any(entry.name in _MARKS for entry in listed):
        return
    for entry in listed:
        if entry.name in passed_over or entry.name.endswith(_RESULT_SUFFIXES):
            continue
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{path}/", _PASSED_OVER)
        elif entry.is_symlink() or stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path, entry


def sign(kind: str, path: str) -> str:
    """Say how something looks from outside; where it looks the same, it is taken to be the same.

    `kind` is ``tree`` (what a build may read of a folder), ``declarations`` (only what says what the folder is),
    ``commit`` (that of the repository it lies in), or ``file``.
    """
    match kind:
        case "tree":
            return _sign_of_tree(path)
        case "declarations":
            return " ".join(_sign_of_file(f"{path}/{name}") for name in DECLARATIONS)
        case "commit":
            return " ".join(_signs_of_commit(path))
        case _:
            return _sign_of_file(path)


def _sign_of_tree(folder: str) -> str:
    try:
        rows = sorted((path, _sign_of(entry.stat(follow_symlinks=False))) for path, entry in files(folder))
    except OSError:
        return "?"
    return repr(rows)


def _sign_of_file(path: str) -> str:
    try:
        return _sign_of(os.stat(path))
    except OSError:
        return "-"


def _sign_of(found: os.stat_result) -> str:
    # The time of the last change of the inode tells on who sets the other one back.
    return f"{found.st_mode} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _signs_of_commit(folder: str) -> Iterator[str]:
    """What changes with the commit or the tags of the repository that a folder lies in; nothing outside of one."""
    for place in _git_folders(folder):
        head = _text(f"{place}/HEAD")
        yield head
        if head.startswith("ref: "):
            yield _sign_of_file(f"{place}/{head[5:]}")
        yield from (_sign_of_file(f"{place}/{name}") for name in ("logs/HEAD", "packed-refs", "refs/tags"))


def _git_folders(folder: str) -> Iterator[str]:
    """The folders where Git keeps what it knows of a work tree: one, or the work tree's own and the common one."""
    while not os.path.lexists(f"{folder}/.git"):
        folder, before = os.path.dirname(folder), folder
        if folder == before:
            return
    own = f"{folder}/.git"
    if os.path.isfile(own):
        own = os.path.join(folder, _text(own).removeprefix("gitdir: "))
    yield own
    if common := _text(f"{own}/commondir"):
        yield os.path.join(own, common)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read(4096).strip()
    except OSError:
        return ""
