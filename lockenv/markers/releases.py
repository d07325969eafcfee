"""Where along the line of Python's versions a comparison can change its truth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from lockenv.markers.syntax import Atom

#: A final release of Python: major, minor, patch.
Release = tuple[int, int, int]

#: The variables that hold a version of Python (on CPython, the implementation's is the language's).
PYTHONS = frozenset({"python_version", "python_full_version", "implementation_version"})

_SHAPE = re.compile(r"\d+\.\d+(?:\.\d+)?")


def turning_points(atom: Atom) -> Iterator[Release]:
    """Every final release at which a comparison can begin to be true, or cease to be.

    Not for values that are looked for within the version, as in ``"1" in python_version``.
    """
    yield from _listed(atom.value) if atom.operator in {"in", "not in"} else near(atom.value)


def near(text: str) -> Iterator[Release]:
    """Where a comparison with a version can change: at it, after it, and round its minor and major (`==3.*`)."""
    try:
        release = Version(text.removesuffix(".*")).release
    except InvalidVersion:
        return
    major, minor, patch = (*release, 0, 0)[:3]
    yield from ((major, minor, patch), (major, minor, patch + 1), (major, minor, 0), (major, minor + 1, 0))
    yield from ((major, 0, 0), (major + 1, 0, 0))


def _listed(text: str) -> Iterator[Release]:
    """Where `in` a text can change: PEP 508 asks for a part of the text, so '3.11.10' holds 3.11.1 and 1.1 too."""
    for start in range(len(text)):
        for end in range(start + len("3.9"), min(start + len("3.999.999"), len(text)) + 1):
            if _SHAPE.fullmatch(text, start, end):
                yield from near(text[start:end])


def environment(python: str) -> dict[str, str]:
    """The marker variables that hold Python's version, for a full version."""
    major, minor = Version(python).release[:2]
    return {
        "python_version": f"{major}.{minor}",
        "python_full_version": python,
        "implementation_version": python,
    }
