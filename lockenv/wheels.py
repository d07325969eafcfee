"""What a wheel brings, as values: its files and scripts, and what the names of some of them mean."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple


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


#: The start-up file by which a program stays with its generation. `site` goes through them in the order of their
#: names, so none that a package brings may come before it.
PIN_NAME = "00_lockenv.pth"


def folded(path: str) -> str:
    """Give the form under which file systems that ignore case or normalise Unicode know a path."""
    if path.isascii():
        return path.lower()
    return _normal("NFC", path).casefold()


def _normal(form: Literal["NFC", "NFKC"], text: str) -> str:
    import unicodedata  # Lazy: hardly any name needs it

    return unicodedata.normalize(form, text)


#: A file name for every file system and shell; the entry points specification recommends ``[\w.-]+``.
_SCRIPT_NAME = re.compile(r"\w[\w.+-]*(?: [\w.+-]+)*")
#: What an environment's own `bin` holds: the interpreter under all its names and the activation scripts.
_RESERVED = re.compile(
    r"(?:python|pythonw|pypy)[\d.]*t?d?(?:-config)?(?:\.exe)?|activate(?:\.\w+|_this\.py)?|deactivate(?:\.\w+)?",
    re.IGNORECASE,
)

#: Alphabets of which letters look like those of another: the first words of their characters' Unicode names.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


def script_refusal(name: str) -> str | None:
    """Say why no package may bring a script of this name, or None where it may."""
    if _RESERVED.fullmatch(name):
        return "it would replace a part of the environment itself"
    if not name.isascii() and _passes_for_another(name):
        return "it looks like another name: it mixes alphabets, or letters that are drawn alike"
    if not _SCRIPT_NAME.fullmatch(name):
        return "it is no plain file name"
    return None


def _passes_for_another(name: str) -> bool:
    """Whether a name mixes alphabets whose letters look alike, or has variants of other letters (UTS 39).

    One in a single alphabet, be it not ours, is a name as others are.
    """
    import unicodedata  # Lazy: as above

    alphabets = {unicodedata.name(char, "").partition(" ")[0] for char in name}
    return len(alphabets & _ALIKE) > 1 or _normal("NFKC", name) != name
