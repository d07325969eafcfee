"""A `pylock.toml` for one use: one selection of groups, for one target or for all (PEP 751, 'single-use')."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.markers import Marker
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock

from lockenv.formats.outgoing.rows import Row
from lockenv.lockfile import pylock
from lockenv.targets import Target

_TOLD = ("sys_platform", "platform_machine", "implementation_name", "python_version")


def single(lock: Pylock, rows: Sequence[Row], target: Target | None) -> str:
    """Write the rows as a lock without extras and groups: whoever installs it needs to ask for nothing.

    For one target, it holds the one artifact of each package, and says which environment it is for.
    """
    made = replace(
        lock,
        environments=[_environment(target)] if target is not None else lock.environments,
        extras=[],
        dependency_groups=[],
        default_groups=None,
        packages=[_package(row) for row in rows],
        tool=None,
    )
    return pylock.write(made)


def _environment(target: Target) -> Marker:
    said = [f"{name} == '{target.variables[name]}'" for name in _TOLD]
    return Marker(" and ".join(said))


def _package(row: Row) -> Package:
    package = replace(row.package, marker=row.marker, tool=None, dependencies=None)
    match row.artifact:
        case PackageWheel():
            return replace(package, wheels=[row.artifact], sdist=None)
        case PackageSdist():
            return replace(package, wheels=None)
        case _:
            return package
