"""Rows of a declared universe, and the environments that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache

from packaging.markers import Marker
from packaging.version import Version

from lockenv.markers.space import Fork, Row
from lockenv.targets import Span, minor_span

#: sys_platform, platform_machine, os_name, platform_system
PLATFORMS = {
    "linux": ("linux", "x86_64", "posix", "Linux"),
    "linux-arm": ("linux", "aarch64", "posix", "Linux"),
    "macos": ("darwin", "arm64", "posix", "Darwin"),
    "macos-intel": ("darwin", "x86_64", "posix", "Darwin"),
    "windows": ("win32", "AMD64", "nt", "Windows"),
}
IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}

Environment = dict[str, str | AbstractSet[str]]


def span(text: str) -> Span:
    """``3.11`` for a minor, ``3.11.3-3.12`` for a piece, ``3.14-`` for an open end."""
    lowest, dash, beyond = text.partition("-")
    if not dash:
        major, minor = lowest.split(".")
        return minor_span(int(major), int(minor))
    return Span(lowest=Version(lowest), beyond=Version(beyond) if beyond else None)


def row(python: str, platform: str, implementation: str = "cpython", fork: Fork = ()) -> Row:
    """One row, such as ``row("3.11", "windows")``."""
    sys_platform, machine, os_name, system = PLATFORMS[platform]
    values = {
        "sys_platform": sys_platform,
        "platform_machine": machine,
        "os_name": os_name,
        "platform_system": system,
        "implementation_name": implementation,
        "platform_python_implementation": IMPLEMENTATIONS[implementation],
    }
    return Row(python=span(python), values=tuple(sorted(values.items())), fork=fork)


def rows(
    pythons: str,
    platforms: str = "linux macos windows",
    implementations: str = "cpython",
    forks: Iterable[Fork] = ((),),
) -> tuple[Row, ...]:
    """All combinations of what is named, with blanks between."""
    return tuple(
        row(python, platform, implementation, fork)
        for python in pythons.split()
        for platform in platforms.split()
        for implementation in implementations.split()
        for fork in forks
    )


def environments(cell: Row, groups: Iterable[str] = ()) -> Iterator[Environment]:
    """Environments of a row, at both ends of its Pythons; its fork is asked for, and further groups."""
    asked = frozenset(groups) | {member for _, member in cell.fork if member}
    for python in pythons(cell.python):
        yield {**dict(cell.values), **python_variables(python), "dependency_groups": asked, "extras": frozenset()}


def pythons(within: Span) -> list[str]:
    """Final releases of Python at the ends of a span, and between."""
    major, minor, patch = (*within.lowest.release, 0, 0)[:3]
    tried = [f"{major}.{minor}.{number}" for number in (patch, patch + 1, patch + 2, 40)]
    return [python for python in tried if within.holds(Version(python))]


def python_variables(full: str) -> dict[str, str]:
    """The variables that speak of Python, on CPython."""
    major, minor = Version(full).release[:2]
    return {
        "python_version": f"{major}.{minor}",
        "python_full_version": full,
        "implementation_version": full,
    }


def holds(marker: Marker | None, environment: Environment) -> bool:
    """Whether a lock's marker is true, read back from its text."""
    return marker is None or _read_back(str(marker)).evaluate(environment, "lock_file")


@lru_cache(maxsize=64)
def _read_back(text: str) -> Marker:
    return Marker(text)
