"""Bounds for a requirement that names none, from the versions that were found for it (PEP 440)."""

from __future__ import annotations

from collections.abc import Collection

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.settings import Bounds

_YEARS = range(1990, 2200)


def bounds_for(versions: Collection[Version], kind: Bounds) -> SpecifierSet:
    """The specifier that admits these versions, and newer ones as far as is asked.

    ``major``: ``>=3.1,<4``, and ``>=0.28,<0.29`` below 1, where each minor version may break things. ``minor``:
    ``>=3.1.3,<3.2``. ``lower``: ``>=3.1``. ``exact``: ``==3.1.3``, or the span where targets differ. Versions that
    begin with a year say nothing of what breaks, and get no upper bound but an exact one. A local version
    (``+cpu``) is a fact of one build, and counts only where it is asked for exactly.
    """
    if kind == "none" or not versions:
        return SpecifierSet()
    low, high = min(versions), max(versions)
    if kind == "exact":
        return SpecifierSet(f"=={low}" if low == high else f">={low.public},<={high.public}")
    lower = f">={_lower(low, kind)}"
    if kind == "lower" or _is_calendar(high):
        return SpecifierSet(lower)
    return SpecifierSet(f"{lower},<{_upper(high, kind)}")


def _lower(version: Version, kind: Bounds) -> str:
    """Where it begins: in full where less would admit too little or too much."""
    if version.is_prerelease or kind == "minor" or _is_calendar(version) or version.release[:2] == (0, 0):
        return version.public
    return _spelled(version.epoch, *version.release[:2])


def _upper(version: Version, kind: Bounds) -> str:
    major, minor = (*version.release, 0)[:2]
    if kind == "minor" or (major == 0 and len(version.release) > 1):
        return _spelled(version.epoch, major, minor + 1)
    return _spelled(version.epoch, major + 1)


def _spelled(epoch: int, *release: int) -> str:
    text = ".".join(map(str, release))
    return f"{epoch}!{text}" if epoch else text


def _is_calendar(version: Version) -> bool:
    return version.major in _YEARS or (version.major > 19_000_000)
