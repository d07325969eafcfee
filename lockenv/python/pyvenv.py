"""Environments as they stand on disk: `pyvenv.cfg` (PEP 405), who made it, and the interpreter behind it."""

# Paths of links are taken apart as text: `Path.resolve` would leave the environment.
# ruff: noqa: PTH115, PTH118

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from lockenv.values import dataclass

Kind: TypeAlias = Literal["lockenv", "venv", "virtualenv", "uv", "conda"]

_MAX_LINKS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An environment on disk. `home` is the folder of its base interpreter; empty where none is recorded.

    `version` is the Python version that its maker wrote down, `prompt` its name for prompts; both may be empty.
    """

    path: Path
    kind: Kind
    home: str
    version: str
    prompt: str

    @property
    def python(self) -> Path:
        """Where its interpreter stands, whether or not the file is there."""
        return next(iter(executables_in(self.path)), self.path / _BIN / "python")


_BIN = "Scripts" if sys.platform == "win32" else "bin"


def executables_in(prefix: Path) -> Iterator[Path]:
    """Find the interpreters of a prefix or environment: the plainest name that is there, at most one."""
    for name in ("bin/python", "bin/python3", "bin/pypy3", "Scripts/python.exe", "python.exe"):
        candidate = prefix / name
        if os.path.lexists(candidate):
            yield candidate
            return


def read_settings(config: Path) -> dict[str, str] | None:
    """Read a `pyvenv.cfg` as `site` does: ``key = value`` lines, keys in lower case; None if there is none."""
    try:
        text = config.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}


def describe_environment(path: Path) -> Environment | None:
    """Say what environment a folder is; None where it is none."""
    settings = read_settings(path / "pyvenv.cfg")
    if settings is None:
        if not (path / "conda-meta").is_dir():
            return None
        return Environment(path=path, kind="conda", home="", version="", prompt=path.name)
    return Environment(
        path=path,
        kind=_kind(settings),
        home=settings.get("home", ""),
        version=settings.get("version") or _short(settings.get("version_info", "")),
        prompt=_unquoted(settings.get("prompt", "")),
    )


def _kind(settings: Mapping[str, str]) -> Kind:
    for maker in ("lockenv", "uv", "virtualenv"):
        if maker in settings:
            return maker
    return "venv"


def _short(version_info: str) -> str:
    """``3.12.1.final.0``, as virtualenv writes, to ``3.12.1``."""
    return ".".join(version_info.split(".")[:3])


def _unquoted(prompt: str) -> str:
    """The standard library writes the prompt as a literal, others as it is."""
    return prompt[1:-1] if len(prompt) > 1 and prompt[0] == prompt[-1] and prompt[0] in "'\"" else prompt


def environment_of(executable: Path) -> Path | None:
    """Name the environment that an executable belongs to, by the rule of PEP 405; None for any other."""
    for folder in (executable.parent.parent, executable.parent):
        if (folder / "pyvenv.cfg").is_file():
            return folder
    return None


def base_of(executable: Path) -> Path:
    """Follow an environment's executable to the interpreter that the environment was made from.

    An executable outside environments is given back as it is. The result need not exist. Raises `LookupError`,
    with a reason, where the environment does not say what it was made from.
    """
    for _ in range(_MAX_LINKS):
        environment = environment_of(executable)
        if environment is None:
            return executable
        executable = _followed(executable) if executable.is_symlink() else _recorded(environment)
    msg = "its links lead in a circle"
    raise LookupError(msg)


def _followed(link: Path) -> Path:
    """Take one step along a link, and stay on the path by which one came as long as that is the same place."""
    target = os.readlink(link)
    # `..` behind a linked folder means the parent of where the link leads.
    parent = os.path.realpath(link.parent) if ".." in target else str(link.parent)
    return Path(os.path.normpath(os.path.join(parent, target)))


def _recorded(environment: Path) -> Path:
    """Find the base of an environment that holds a copy of the executable."""
    settings = read_settings(environment / "pyvenv.cfg") or {}
    home = settings.get("home", "")
    series = ".".join((settings.get("version") or settings.get("version_info", "3")).split(".")[:2])
    recorded = [settings[key] for key in ("base-executable", "executable") if settings.get(key)]
    beside = [os.path.join(home, name) for name in (f"python{series}", "python3", "python", "python.exe") if home]
    for candidate in (*recorded, *beside):
        path = Path(candidate)
        if path.is_file() and environment not in path.parents:
            return path
    raise LookupError(f"its base interpreter in {home} is gone" if home else "its pyvenv.cfg names no home")
