"""Where interpreters stand on a machine: paths of executables, in a settled order, none of them run.

Shims (pyenv's, asdf's, mise's) are no interpreters: what they start depends on the folder they are started in.
"""

# Globs over folders that often do not exist, folders with thousands of names: plain strings.
# ruff: noqa: PTH117, PTH118, PTH119, PTH207, PTH208

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lockenv.python.pyvenv import executables_in
from lockenv.python.surroundings import (
    CONDA_ROOTS,
    POSIX_FOLDERS,
    POSIX_PREFIXES,
    WINDOWS_PREFIXES,
    conda_list,
    home_of,
    pyenv_root,
    uv_folder,
)
from lockenv.values import dataclass

__all__ = ["THIS_MACHINE", "Machine", "candidates", "find_command", "is_shim", "pyenv_root"]

_NAME = re.compile(r"(?:python|python3|python3\.\d+[td]{0,2}|pypy|pypy3|pypy3\.\d+)(?:\.exe)?", re.IGNORECASE)
_MANAGERS = frozenset({"pyenv", "asdf", "mise", "rtx", "volta"})
# pyenv: `exec "…/pyenv" exec "$program"`; asdf: `exec asdf exec "python"`.
_SHIM = re.compile(rb"\b(?:pyenv|asdf|mise|rtx)['\"]? +(?:exec|x)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The places of a machine that no environment variable names.

    `folders` hold executables, `prefixes` are installations; both are glob patterns in which a leading ``~`` is
    HOME. `running` is the interpreter that runs this program, if it counts.
    """

    folders: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    running: str | None = None


THIS_MACHINE = Machine(
    folders=() if sys.platform == "win32" else POSIX_FOLDERS,
    prefixes=WINDOWS_PREFIXES if sys.platform == "win32" else (*POSIX_PREFIXES, *CONDA_ROOTS),
    running=sys.executable or None,
)


def candidates(environ: Mapping[str, str], machine: Machine) -> tuple[Path, ...]:
    """List the executables that may be interpreters: PATH's first, then pyenv's, uv's, Conda's, the usual places.

    One path for each real path: the one that is no link if there is one, else the first.
    """
    chosen: dict[str, Path] = {}
    for path in _all(environ, machine):
        real = os.path.realpath(path)
        # Environments share their base's real path; they are told apart until they are asked.
        key = real if not _in_environment(path) else str(path)
        if key not in chosen or str(path) == real:
            chosen[key] = path
    return tuple(chosen.values())


def _in_environment(path: Path) -> bool:
    return (path.parent.parent / "pyvenv.cfg").is_file()


def _all(environ: Mapping[str, str], machine: Machine) -> Iterator[Path]:
    home = home_of(environ)
    yield from _in_folders(environ.get("PATH", "").split(os.pathsep))
    yield from _in_prefixes(_managed(environ))
    yield from _in_folders(_expanded(machine.folders, home))
    prefixes = list(_expanded(machine.prefixes, home))
    yield from _in_prefixes(prefixes)
    yield from _in_prefixes(path for prefix in prefixes for path in _children(os.path.join(prefix, "envs")))
    if machine.running:
        yield Path(machine.running)


def _managed(environ: Mapping[str, str]) -> Iterator[str]:
    """Give the prefixes that pyenv, uv and Conda keep, as their own environment variables and files say."""
    yield from _children(os.path.join(pyenv_root(environ), "versions"))
    yield from _children(uv_folder(environ))
    if appdata := environ.get("APPDATA"):
        yield from _children(os.path.join(appdata, "uv", "data", "python"))
    if prefix := environ.get("CONDA_PREFIX"):
        yield prefix
    yield from _lines(conda_list(environ))


def _lines(file: str) -> list[str]:
    try:
        text = Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if os.path.isabs(line.strip())]


def _expanded(patterns: Iterable[str], home: str) -> Iterator[str]:
    for pattern in patterns:
        if pattern.startswith("~") and not home:
            continue
        full = glob.escape(home) + pattern[1:] if pattern.startswith("~") else pattern
        yield from sorted(glob.glob(full)) if glob.has_magic(full) else (full,)


def _children(folder: str) -> list[str]:
    """Give the folders of a folder, sorted; none for a relative one, which an empty variable would make."""
    if not os.path.isabs(folder):
        return []
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []


def _in_prefixes(prefixes: Iterable[str]) -> Iterator[Path]:
    for prefix in prefixes:
        yield from executables_in(Path(prefix))


def _in_folders(folders: Iterable[str]) -> Iterator[Path]:
    """Find executables by name in folders of PATH; relative ones are left out, as is what cannot be read."""
    seen: set[str] = set()
    for folder in folders:
        if os.path.isabs(folder) and folder not in seen:
            seen.add(folder)
            yield from _in_folder(folder)


def _in_folder(folder: str) -> Iterator[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if _NAME.fullmatch(name))
    except OSError:
        return
    for name in names:
        path = Path(folder, name)
        if os.access(path, os.X_OK) and path.is_file() and not is_shim(path):
            yield path


def find_command(name: str, environ: Mapping[str, str]) -> Path | None:
    """Look a command up on PATH, past every shim."""
    suffixes = ("", ".exe") if sys.platform == "win32" else ("",)
    for folder in environ.get("PATH", "").split(os.pathsep):
        for suffix in suffixes:
            path = Path(folder, name + suffix)
            if folder and os.access(path, os.X_OK) and path.is_file() and not is_shim(path):
                return path
    return None


def is_shim(path: Path) -> bool:
    """Whether an executable only hands over to a version manager, or is a stub that opens a shop."""
    if os.path.basename(os.path.realpath(path)).removesuffix(".exe") in _MANAGERS:
        return True
    try:
        if path.stat().st_size == 0:
            return True  # Windows' app execution aliases
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    if sys.platform == "darwin" and str(path) == "/usr/bin/python3":
        # xcode-select's stub opens a window where the command line tools are missing.
        return not Path("/Library/Developer/CommandLineTools").exists()
    return head.startswith(b"#!") and _SHIM.search(head) is not None
