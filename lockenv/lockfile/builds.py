"""What a package is built with, in its tool table: build requirements and the wheels that answer them.

The standard has no place for them, so they stand in ``packages.tool.lockenv``: `build-requires` as the source and
its backend state them, and `build`, one line an artifact. Read back, the lines are a small lock of their own, from
which an installer's algorithm chooses (PEP 751).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packaging.markers import Marker
from packaging.pylock import Package, PackageWheel, Pylock, PylockValidationError
from packaging.version import Version

from lockenv.errors import LockError
from lockenv.lockfile.pylock import tool_table
from lockenv.packages import NormalizedName


def build_table(requires: Sequence[str], answer: Pylock) -> dict[str, Any]:
    """The part of a package's tool table that says what it is built with."""
    return {
        "build-requires": list(requires),
        "build": [_line(package, wheel) for package in answer.packages for wheel in package.wheels or ()],
    }


def build_requires(package: Package) -> tuple[str, ...] | None:
    """What building a package asks for, as it was locked; None where that was not locked."""
    requires = tool_table(package).get("build-requires")
    return None if requires is None else tuple(requires)


def build_lock(package: Package) -> Pylock:
    """The wheels that a package is built with, as a lock of their own.

    Raises `LockError` where the lines are not as they were written.
    """
    entries: dict[tuple[str, ...], dict[str, Any]] = {}
    try:
        for line in tool_table(package).get("build", ()):
            wheel = dict(line)
            own = {key: wheel.pop(key) for key in ("name", "version", "marker") if key in wheel}
            wheel["name"] = wheel.pop("file", None)
            entry = entries.setdefault(tuple(own.values()), own | {"wheels": []})
            entry["wheels"].append({key: said for key, said in wheel.items() if said is not None})
        return Pylock.from_dict({"lock-version": "1.0", "created-by": "lockenv", "packages": [*entries.values()]})
    except (PylockValidationError, TypeError, ValueError, AttributeError) as error:
        msg = f"what {package.name} is built with cannot be read from the lock: {error}"
        raise LockError(msg, hint="run `lockenv lock` to make it anew from env.toml") from None


def built_with(package: Package) -> Mapping[NormalizedName, Version]:
    """The versions that a package is built with; none where the lock does not say so, or not in a readable way."""
    try:
        answer = build_lock(package)
    except LockError:
        return {}
    return {each.name: each.version for each in answer.packages if each.version is not None}


def builders_of(lock: Pylock) -> frozenset[NormalizedName]:
    """The names of all that packages of a lock are built with."""
    return frozenset(name for package in lock.packages for name in built_with(package))


def _line(package: Package, wheel: PackageWheel) -> Mapping[str, Any]:
    said: dict[str, Any] = {"name": package.name, "version": str(package.version)}
    if isinstance(package.marker, Marker):
        said["marker"] = str(package.marker)
    if wheel.url is None or wheel.url.rpartition("/")[2] != wheel.filename:
        said["file"] = wheel.filename
    for key in ("url", "path", "size", "hashes"):
        value = getattr(wheel, key)
        if value is not None:
            said[key] = dict(sorted(value.items())) if key == "hashes" else value
    return said
