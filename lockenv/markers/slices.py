"""Where the patch version of Python matters: the slice of a minor on which all markers met give the same answers.

A lock claims a platform and a Python minor. A marker such as ``python_full_version < "3.11.3"`` cuts that minor in
two, and what was resolved on one side need not be right on the other; so the claim shrinks to the side that it was
made on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

_NAME = r"(?:python_full_version|implementation_version)"
_OPERATOR = r"(<=|>=|<|>|===|==|!=|~=|not in|in)"
_ATOM = re.compile(rf"""{_NAME}\s*{_OPERATOR}\s*["']([^"']*)["']|["']([^"']*)["']\s*{_OPERATOR}\s*{_NAME}""")
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Bounds on ``python_full_version`` within a minor: `lowest` included, `beyond` not. None: no bound."""

    lowest: Version | None = None
    beyond: Version | None = None
    exactly: Version | None = None


def slice_of(markers: Iterable[str], python: Version) -> Slice:
    """The patch versions around `python`, within its minor, on which these markers are as true as on it."""
    lowest: Version | None = None
    beyond: Version | None = None
    for operator, text in _comparisons(markers):
        bound = _version(text)
        if bound is not None and bound.release[:2] != python.release[:2]:
            continue  # the whole minor lies on one side
        if bound is None or operator not in {"<", ">="}:
            # Bounds that take in or single out one patch version: the slice is that of this very version.
            return Slice(exactly=python)
        if bound <= python:
            lowest = bound if lowest is None else max(lowest, bound)
        else:
            beyond = bound if beyond is None else min(beyond, bound)
    return Slice(lowest=lowest, beyond=beyond)


def _comparisons(markers: Iterable[str]) -> Iterable[tuple[str, str]]:
    for marker in markers:
        for operator, text, mirrored_text, mirrored in _ATOM.findall(marker):
            if operator:
                yield operator, text
            else:
                yield _MIRRORED.get(mirrored, mirrored), mirrored_text


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
