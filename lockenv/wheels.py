"""What a wheel brings, as values: its files and scripts, and what the names of some of them mean."""

from __future__ import annotations

import re
from typing import NamedTuple


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
