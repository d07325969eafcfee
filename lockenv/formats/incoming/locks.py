"""Other tools' locks: the versions that they hold, as preferences for the next lock of ours.

Hashes and files are not taken over: our lock takes them from the index, and the version decides which they are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lockenv.errors import LockError
from lockenv.formats.draft import Draft
from lockenv.formats.gathering import Gathering, Surroundings
from lockenv.lockfile import pylock
from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.words import quoted

_NEWER = "make it anew with the tool that wrote it"


def read_poetry(text: str, *, where: str = "poetry.lock", surroundings: Surroundings | None = None) -> Draft:
    """Read a poetry.lock. Raises `LockError` where it is none."""
    data, gathered = _toml(text, where), Gathering(surroundings=surroundings or Surroundings())
    _python(gathered, where, _table(data.get("metadata")).get("python-versions"), poetry=True)
    for package in _tables(data.get("package"), where):
        source = _table(package.get("source"))
        _pin(gathered, where, package, _poetry_marker(package), str(source.get("type", "")))
    return gathered.draft()


def _poetry_marker(package: Mapping[str, Any]) -> str | None:
    """Poetry 2 writes markers, one for all groups or one for each."""
    markers = package.get("markers")
    if isinstance(markers, dict):
        return " or ".join(f"({each})" for each in markers.values() if isinstance(each, str)) or None
    return markers if isinstance(markers, str) else None


def read_uv(text: str, *, where: str = "uv.lock", surroundings: Surroundings | None = None) -> Draft:
    """Read a uv.lock. Raises `LockError` where it is none."""
    data, gathered = _toml(text, where), Gathering(surroundings=surroundings or Surroundings())
    _python(gathered, where, data.get("requires-python"))
    for package in _tables(data.get("package"), where):
        markers = package.get("resolution-markers")
        known = [each for each in markers if isinstance(each, str)] if isinstance(markers, list) else []
        marker = " or ".join(f"({each})" for each in known) or None
        kinds = set(_table(package.get("source"))) & {"virtual", "editable", "directory", "git", "url", "path"}
        _pin(gathered, where, package, marker, next(iter(sorted(kinds)), ""))
    return gathered.draft()


def read_pdm(text: str, *, where: str = "pdm.lock", surroundings: Surroundings | None = None) -> Draft:
    """Read a pdm.lock. Raises `LockError` where it is none."""
    data, gathered = _toml(text, where), Gathering(surroundings=surroundings or Surroundings())
    targets = _table(data.get("metadata")).get("targets")
    for target in targets if isinstance(targets, list) and len(targets) == 1 else ():
        _python(gathered, where, _table(target).get("requires_python"))
    for package in _tables(data.get("package"), where):
        marker = package.get("marker")
        kinds = {"git", "url", "path"} & set(package)
        _pin(gathered, where, package, marker if isinstance(marker, str) else None, next(iter(sorted(kinds)), ""))
    return gathered.draft()


def read_pipfile_lock(
    text: str, *, where: str = "Pipfile.lock", surroundings: Surroundings | None = None
) -> Draft:
    """Read a Pipfile.lock. Raises `LockError` where it is none."""
    data, gathered = _json(text, where), Gathering(surroundings=surroundings or Surroundings())
    requires = _table(_table(data.get("_meta")).get("requires"))
    if isinstance(version := requires.get("python_version"), str):
        gathered.take_python(where, f"=={version}.*")
    for category, entries in data.items():
        for name, said in _table(entries).items() if category != "_meta" else ():
            version = _table(said).get("version")
            marker = _table(said).get("markers")
            if isinstance(version, str) and version.startswith("=="):
                own = marker if isinstance(marker, str) else None
                gathered.pin(where, name, version.removeprefix("=="), own)
            else:
                gathered.leave(where, f"{quoted(name)} has no version there that could be kept")
    return gathered.draft()


def read_pylock(text: str, *, where: str = "pylock.toml", surroundings: Surroundings | None = None) -> Draft:
    """Read anyone's pylock.toml (PEP 751). Raises `LockError` where it is none."""
    lock, gathered = pylock.read(text, where=where), Gathering(surroundings=surroundings or Surroundings())
    if lock.requires_python is not None:
        gathered.take_python(where, str(lock.requires_python))
    for package in lock.packages:
        if package.version is not None:
            marker = str(package.marker) if package.marker is not None else None
            gathered.pin(where, package.name, str(package.version), marker)
        elif not tool_table(lock):
            gathered.leave(where, f"{quoted(package.name)} has no version there that could be kept")
    return gathered.draft()


# ── what they share


def _pin(gathered: Gathering, where: str, package: Mapping[str, Any], marker: str | None, source: str) -> None:
    name, version = package.get("name"), package.get("version")
    if not isinstance(name, str):
        gathered.leave(where, "a package in it has no name")
    elif source in {"virtual", "editable", "directory"}:
        return  # the project itself, and folders beside it: what they are is no version's affair
    elif not isinstance(version, str):
        gathered.leave(where, f"{quoted(name)} has no version there that could be kept")
    else:
        gathered.pin(where, name, version, marker)


def _python(gathered: Gathering, where: str, text: object, *, poetry: bool = False) -> None:
    if not isinstance(text, str):
        return
    if poetry:
        from lockenv.formats.addresses import NotCarried
        from lockenv.formats.incoming.versions import poetry as versions

        try:
            text = str(versions(text))
        except NotCarried:
            return  # pyproject.toml says the same, and is told of it
    gathered.take_python(where, text)


def _toml(text: str, where: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise LockError(f"{where} is not valid TOML: {error}", hint=_NEWER) from None
    except (RecursionError, ValueError):
        raise LockError(
            f"{where} cannot be read: it is nested too deeply, or a number is too long", hint=_NEWER
        ) from None


def _json(text: str, where: str) -> Mapping[str, Any]:
    try:
        data = json.loads(text.removeprefix("\ufeff"))
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise LockError(f"{where} is not valid JSON: {error}", hint=_NEWER) from None
    except (RecursionError, ValueError):
        raise LockError(
            f"{where} cannot be read: it is nested too deeply, or holds what is no text", hint=_NEWER
        ) from None
    if not isinstance(data, dict):
        raise LockError(f"{where} holds no JSON object", hint=_NEWER)
    return data


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object, where: str) -> Iterator[Mapping[str, Any]]:
    if value is None:
        return
    items: Iterable[Any] = value if isinstance(value, list) else [None]
    for item in items:
        if not isinstance(item, dict):
            raise LockError(f"{where}: `package` is no list of tables, so it is no lock", hint=_NEWER)
        yield item
