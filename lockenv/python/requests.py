"""What a person may ask for, as values: a path, a command, or a version (`--python`, `.python-version`)."""

# A request is text until it is known to be a path.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lockenv.errors import UsageError
from lockenv.python.interpreter import Interpreter
from lockenv.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AtPath:
    """An executable, or the folder of an environment or installation."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCommand:
    """A command to be looked up on PATH, such as ``pypy3``; `fallback` is the version it also names, if any."""

    name: str
    fallback: ByVersion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByVersion:
    """A version or range. `implementation` is ``cpython`` or ``pypy``, or empty for whichever.

    Free-threaded and debug builds are taken only where they are asked for, as pre-releases are.
    """

    text: str
    specifier: SpecifierSet
    implementation: str = "cpython"
    free_threaded: bool = False
    debug: bool = False
    prereleases: bool = False

    def mismatch(self, interpreter: Interpreter) -> str:
        """Say why an interpreter is not what is asked for; empty where it is."""
        if self.implementation not in {interpreter.implementation, ""}:
            return f"it is {_NAMES.get(interpreter.implementation, interpreter.implementation)}"
        if interpreter.free_threaded != self.free_threaded:
            return "it is free-threaded" if interpreter.free_threaded else "it is not free-threaded"
        if interpreter.debug != self.debug:
            return "it is a debug build" if interpreter.debug else "it is not a debug build"
        if not self.specifier.contains(interpreter.version, prereleases=True):
            return f"it is {interpreter.version}, not {self.text}"
        return ""


Wanted: TypeAlias = AtPath | ByCommand | ByVersion

_NAMES = {"cpython": "CPython", "pypy": "PyPy"}

#: Any CPython that is an ordinary build: what is meant where nobody says anything.
ANYTHING = ByVersion(text="any version", specifier=SpecifierSet())

# `3`, `3.12`, `3.12.1`, `3.14.0rc1`, `3.13t`, `3.13.0-debug`, `3.14-dev`, after the name of an implementation.
_VERSION = re.compile(
    r"(?P<name>cpython|python|pypy)?[-@]?(?P<release>\d+(?:\.\d+){0,2})(?P<pre>(?:a|b|rc)\d+)?"
    r"(?P<flags>[td]{0,2})(?P<variants>(?:[-+](?:dev|debug|freethreaded))*)"
    r"(?P<rest>-[\d.]+(?:-src)?)?(?:-(?:linux|macos|windows)-[\w-]+)?",
    re.IGNORECASE,
)
_ONLY_NAMES = {"pypy": "pypy", "pypy3": "pypy", "cpython": "cpython", "python": "cpython", "python3": "cpython"}


def parse_request(text: str, *, folder: Path, environ: Mapping[str, str]) -> Wanted:
    """Read what `--python` was given. Relative paths count from `folder`.

    Raises `UsageError` for what is neither a path, a version nor a command.
    """
    text = text.strip()
    if not text:
        raise UsageError("`--python` was given nothing", hint=_HINT)
    if _looks_like_path(text):
        return AtPath(path=folder / _expanded(text, environ))
    if any(sign in text for sign in "<>=!~"):
        return _range(text)
    version = parse_version(text)
    if version is not None and text[0].isdigit():
        return version
    if (folder / text).is_dir():
        return AtPath(path=folder / text)
    if re.fullmatch(r"[\w.+@-]+", text):
        return ByCommand(name=text, fallback=version)
    raise UsageError(f"`{text}` is neither a version, a path nor a command", hint=_HINT)


_HINT = "say `--python 3.12`, `--python '>=3.11,<3.13'`, or the path of an executable or environment"


def _looks_like_path(text: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return text[0] in ".~" or any(separator in text for separator in separators)


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    """``~`` stands for HOME of the given environment variables."""
    if text == "~" or text.startswith(("~/", "~\\")):
        return os.path.join(environ.get("HOME") or environ.get("USERPROFILE") or "~", text[2:])
    return text


def _range(text: str) -> ByVersion:
    try:
        specifier = SpecifierSet(text)
    except InvalidSpecifier as error:
        raise UsageError(f"`{text}` is not a range of versions (PEP 440)", hint=_HINT) from error
    return ByVersion(text=text, specifier=specifier, prereleases=bool(specifier.prereleases))


def parse_version(text: str) -> ByVersion | None:
    """Read a version as people, pyenv and uv write it (``3.12``, ``3.13t``, ``pypy3.10-7.3.12``), or None."""
    if text.lower() in _ONLY_NAMES:
        return ByVersion(text=text, specifier=SpecifierSet(), implementation=_ONLY_NAMES[text.lower()])
    found = _VERSION.fullmatch(text)
    if found is None or (found["rest"] and (found["name"] or "").lower() != "pypy"):
        return None
    release, pre = found["release"], found["pre"] or ""
    exact = release.count(".") == 2 or pre
    flags, variants = found["flags"].lower(), re.split("[-+]", found["variants"].lower())
    return ByVersion(
        text=text,
        specifier=SpecifierSet(f"=={release}{pre}" if exact else f"=={release}.*"),
        implementation=_ONLY_NAMES[(found["name"] or "python").lower()],
        free_threaded="t" in flags or "freethreaded" in variants,
        debug="d" in flags or "debug" in variants,
        prereleases=bool(pre) or "dev" in variants,
    )


def version_file(project: Path) -> Path | None:
    """Find the nearest `.python-version`, in the project's folder or above it."""
    for folder in (project, *project.parents):
        candidate = folder / ".python-version"
        if candidate.is_file():
            return candidate
    return None


def read_version_file(file: Path) -> Iterator[str]:
    """Give the lines of a `.python-version` that say something; an unreadable file says nothing."""
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        if said := line.partition("#")[0].strip():
            yield said
