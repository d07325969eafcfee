"""Which reader a file is for: its name says it, as it does to the tools that write it."""

from __future__ import annotations

import re
from collections.abc import Callable

from lockenv.errors import UsageError
from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Surroundings
from lockenv.formats.incoming import conda, locks, pipfile, pyproject, requirements_txt
from lockenv.graph import MAIN

#: Locks: (pattern over file names, reader, the file that says what is wanted).
_LOCKS: tuple[tuple[str, Callable[..., Draft], str], ...] = (
    (r"poetry\.lock", locks.read_poetry, "pyproject.toml"),
    (r"uv\.lock", locks.read_uv, "pyproject.toml"),
    (r"pdm(\..+)?\.lock", locks.read_pdm, "pyproject.toml"),
    (r"Pipfile\.lock", locks.read_pipfile_lock, "Pipfile"),
    (r"pylock(\.[^.]+)?\.toml", locks.read_pylock, "pyproject.toml"),
)
_WISHES: tuple[tuple[str, Callable[..., Draft]], ...] = (
    (r"pyproject\.toml", pyproject.read),
    (r"Pipfile", pipfile.read),
    (r".*\.ya?ml", conda.read),
    (r".*\.(txt|in|lock)", requirements_txt.read),
)
_KNOWN = (
    "requirements.txt and .in, what `pip freeze` prints, constraints.txt, pyproject.toml, Pipfile, "
    "environment.yml, and the locks poetry.lock, uv.lock, pdm.lock, Pipfile.lock and pylock.toml"
)
#: Files that hold a program, not a list.
_PROGRAMS = ("setup.py", "setup.cfg", "noxfile.py", "tox.ini")
#: How locks begin that are no requirements: tables of TOML, keys of YAML, JSON.
_TABLES = re.compile(r"^(\[\[?[\w.-]+\]|[\w-]+:(\s|$)|\{)", re.MULTILINE)


def read(text: str, *, where: str, surroundings: Surroundings, group: str = MAIN) -> Draft:
    """Read a foreign file by the kind that its name says; `where` is its path relative to the project's folder.

    Raises `UsageError` for a kind that is not known, `ManifestError` or `LockError` for what is not of its kind.
    """
    name = where.replace("\\", "/").rpartition("/")[2]
    if lock := _lock(name):
        return lock[1](text, where=where, surroundings=surroundings)
    if re.search(r"constraints?\b", name) and name.endswith((".txt", ".in")):
        return requirements_txt.read_constraints(text, where=where, surroundings=surroundings)
    for pattern, reader in _WISHES:
        if re.fullmatch(pattern, name) and not (name.endswith(".lock") and _TABLES.search(text)):
            return reader(text, where=where, surroundings=surroundings, group=group)
    hint = f"known are {_KNOWN}"
    if name in _PROGRAMS:
        hint = "install it, and import what is there: `lockenv import --from-env .venv`"
    raise UsageError(f"{where} is of no kind that can be brought in", hint=hint)


def _lock(name: str) -> tuple[str, Callable[..., Draft], str] | None:
    return next((each for each in _LOCKS if re.fullmatch(each[0], name)), None)


def companions(names: frozenset[str], present: frozenset[str]) -> tuple[str, ...]:
    """The locks in a folder that hold versions for files brought in from it, and are not brought in themselves."""
    found = []
    for pattern, _, wish in _LOCKS:
        # A pylock.toml may be our own.
        if wish in names and not pattern.startswith("pylock"):
            found += [name for name in sorted(present - names) if re.fullmatch(pattern, name)]
    return tuple(found)


def wishes_for(name: str) -> str | None:
    """The file that says what is wanted, where this one is a lock that does not; None where it is none."""
    lock = _lock(name)
    return lock[2] if lock is not None else None
