"""The Pythons that are released, and which of them a specifier admits.

A lock for 'everything from 3.11 on' has to say which Pythons these are. Nobody can be asked while locking, because
the answer must not change with the machine or the day; so the answer is a table, with its date.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Literal, TypeAlias

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from lockenv.targets import Span
from lockenv.values import dataclass

Implementation: TypeAlias = Literal["cpython", "pypy"]
Minor: TypeAlias = tuple[int, int]
_Point: TypeAlias = tuple[int, int, int]

#: The day on which the tables were true. CPython 3.15.0 was released on 2026-10-09.
AS_OF = "2026-11-21"

CPYTHON: tuple[Minor, ...] = tuple((3, minor) for minor in range(8, 16))

#: Of each minor: the last release of the PyPy 7.3 series that has it (`implementation_version` in markers) and its
#: ABI tag. PyPy 8.0 of September 2026 (`pp80`) is left out: hardly a wheel is built for it, and its 3.12 is a
#: beta. Whoever runs it has it as this machine's own target.
PYPY: Mapping[Minor, tuple[str, str]] = {
    (3, 8): ("7.3.11", "pypy38_pp73"),
    (3, 9): ("7.3.16", "pypy39_pp73"),
    (3, 10): ("7.3.19", "pypy310_pp73"),
    (3, 11): ("7.3.20", "pypy311_pp73"),
}

#: The platforms that PyPy is released for, of those that a manifest can name.
PYPY_PLATFORMS = frozenset(
    {"linux-x86_64", "linux-aarch64", "linux-i686", "macos-arm64", "macos-x86_64", "windows-x86_64"}
)

_FAMILY = {"cpython": "Python", "pypy": "PyPy"}
_MARKER_NAME = {"cpython": "CPython", "pypy": "PyPy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """Versions of one minor of one implementation that a specifier admits without a gap.

    `abis` are the ABI tags that it takes, best first. `release` is PyPy's own version; CPython has none beside
    that of the language. `name` is for people.
    """

    implementation: Implementation
    minor: Minor
    span: Span
    abis: tuple[str, ...]
    release: str | None = None
    name: str

    @property
    def variables(self) -> dict[str, str]:
        """The marker variables that it decides (PEP 508): those of the lowest version in its span."""
        full = _full(self.span.lowest)
        return {
            "implementation_name": self.implementation,
            "implementation_version": self.release or full,
            "platform_python_implementation": _MARKER_NAME[self.implementation],
            "python_full_version": full,
            "python_version": "{}.{}".format(*self.minor),
        }


def admitted(python: SpecifierSet, implementation: Implementation) -> tuple[Python, ...]:
    """The released Pythons of an implementation that a specifier admits, newest first.

    What lies beyond the newest released minor of CPython belongs to that minor, as far as the specifier goes: an
    open specifier has an open last span.
    """
    minors = CPYTHON if implementation == "cpython" else tuple(PYPY)
    return tuple(
        itertools.chain.from_iterable(of_minor(python, implementation, minor) for minor in reversed(minors))
    )


def of_minor(python: SpecifierSet, implementation: Implementation, minor: Minor) -> tuple[Python, ...]:
    """The Pythons of one minor that a specifier admits, newest first: several where it leaves out some between."""
    found = spans(python, minor, open_ended=implementation == "cpython" and minor >= CPYTHON[-1])
    release, abi = PYPY.get(minor, (None, "")) if implementation == "pypy" else (None, "cp{}{}".format(*minor))
    return tuple(
        Python(
            implementation=implementation,
            minor=minor,
            span=span,
            abis=(abi,),
            release=release,
            name=_name(implementation, minor, span if len(found) > 1 else None),
        )
        for span in found
    )


def spans(python: SpecifierSet, minor: Minor, *, open_ended: bool = False) -> tuple[Span, ...]:
    """The spans of a minor's final versions that a specifier admits (PEP 440), newest first.

    With `open_ended`, the minor stands for all that follow it, too: a span that reaches its end goes on as far as
    the specifier does.
    """
    start, end = (*minor, 0), None if open_ended else (minor[0], minor[1] + 1, 0)
    points = sorted({start, *(edge for edge in _edges(python) if edge > start and (end is None or edge < end))})
    turns = [(admits, next(run)) for admits, run in itertools.groupby(points, partial(_admits, python))]
    ends = [*(point for _, point in turns[1:]), end]
    return tuple(
        Span(lowest=_version(point), beyond=_version(beyond) if beyond else None)
        for (admits, point), beyond in reversed(tuple(zip(turns, ends, strict=True)))
        if admits and point[:2] == minor
    )


def _edges(python: SpecifierSet) -> Iterator[_Point]:
    """The versions at which a specifier's answer may change: each clause's own, and what follows its prefixes."""
    for clause in python:
        try:
            release = Version(clause.version.removesuffix(".*")).release
        except InvalidVersion:  # `===` takes any text, and no Python is called so
            continue
        major, minor, micro = (*release, 0, 0)[:3]
        yield from ((major, minor, micro), (major, minor, micro + 1))
        yield from ((major, minor, 0), (major, minor + 1, 0), (major, 0, 0), (major + 1, 0, 0))


def _admits(python: SpecifierSet, point: _Point) -> bool:
    return python.contains("{}.{}.{}".format(*point), prereleases=True)


def _version(point: _Point) -> Version:
    """Write a whole minor's end or beginning without its zero: ``3.12``, but ``3.12.4``."""
    major, minor, micro = point
    return Version(f"{major}.{minor}.{micro}" if micro else f"{major}.{minor}")


def _full(version: Version) -> str:
    """Write a version as `python_full_version` does, with three numbers."""
    if version.is_prerelease:
        return str(version)
    return "{}.{}.{}".format(*version.release, *(0,) * (3 - len(version.release)))


def _name(implementation: Implementation, minor: Minor, span: Span | None) -> str:
    """Name a Python; with `span` also which part of the minor."""
    words = [_FAMILY[implementation], "{}.{}".format(*minor)]
    if span is not None and span.lowest.micro:
        words += ["from", str(span.lowest)]
    if span is not None and span.beyond is not None and span.beyond.release[:2] == minor:
        words += ["below", str(span.beyond)]
    return " ".join(words)
