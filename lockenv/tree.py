"""What stands in an environment that no wheel brings, as values: the parts a generation is put together from.

Paths are relative to the environment's root, POSIX, without ``..``; the code that writes them
(`lockenv.transaction.generation`) is the only place where they are joined to a folder.
"""

from __future__ import annotations

import re
from typing import NamedTuple, TypeAlias

from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A regular file with this content. `executable` files get mode 0755, others 0644."""

    path: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A symbolic link at `path` whose text is `target`."""

    path: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A folder that stands even where nothing is put into it, such as an empty site-packages."""

    path: str


Entry: TypeAlias = Text | Link | Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Where the parts of a wheel go (the install paths of `sysconfig`), relative to the environment's root.

    `headers` is the folder that holds one folder per distribution, such as ``include/site/python3.11``; `data`
    is the root itself, written as the empty string.
    """

    purelib: str
    platlib: str
    scripts: str
    headers: str
    data: str = ""


class UnpackedFile(NamedTuple):
    """One file of an unpacked wheel. `path` is the wheel's; `sha256` hexadecimal; `mode` 0o444 or 0o555."""

    path: str
    sha256: str
    size: int
    mode: int


class Script(NamedTuple):
    """An entry point that becomes a script: ``module:attribute`` of the entry points specification."""

    name: str
    module: str
    attribute: str
    gui: bool = False


def fixed_mtime_ns(sha256: str) -> int:
    """Give the modification time, in nanoseconds since the epoch, of every file with this content.

    A function of the content: equal trees are equal in their times too, so bytecode that carries its source's
    time and size (PEP 552's default) is deterministic; and a changed file gets another time, so bytecode and
    caches that outlive a sync (`PYTHONPYCACHEPREFIX`, `linecache`) notice even where the size stayed the same.
    Between 1980, the earliest that zip can hold, and 2014, in whole seconds.
    """
    return (315_532_800 + int(sha256[:8], 16) // 4) * 1_000_000_000


#: What Python runs, or lets decide where it looks for modules, whenever it starts: path configuration files
#: (the documentation of `site`), start-up entry points (PEP 829), and the modules that `site` imports.
_STARTUP = re.compile(
    r"[^/]*\.(?:pth|start)|(?:site|user)customize(?:\.[^/]*|/__init__\.[^/]*)?", re.IGNORECASE | re.DOTALL
)


def is_startup(path: str) -> bool:
    """Whether a file, given by its path below site-packages, has a say in every start of Python."""
    return _STARTUP.fullmatch(path) is not None


#: A file name for every file system and shell; the entry points specification recommends ``[\w.-]+``.
_SCRIPT_NAME = re.compile(r"\w[\w.+-]*(?: [\w.+-]+)*")
#: What an environment's own `bin` holds: the interpreter under all its names and the activation scripts.
_RESERVED = re.compile(
    r"(?:python|pythonw|pypy)[\d.]*t?d?(?:-config)?(?:\.exe)?|activate(?:\.\w+|_this\.py)?|deactivate(?:\.\w+)?",
    re.IGNORECASE,
)


def script_refusal(name: str) -> str | None:
    """Say why no package may bring a script of this name, or None where it may."""
    if _RESERVED.fullmatch(name):
        return "it would replace a part of the environment itself"
    if not _SCRIPT_NAME.fullmatch(name):
        return "it is no plain file name"
    return None
