"""Where a span of Pythons has to be cut: on all of a piece every marker is as true as on its lowest version.

A cut at `c` parts a span into what is below `c`, and `c` and above. Only final releases of Python are looked at:
``<= "3.11.0a6"`` cuts at 3.11.0, if anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import product

from packaging.markers import InvalidMarker, Marker, UndefinedComparison
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from lockenv.markers.releases import PYTHONS, Release, environment, near, turning_points
from lockenv.markers.syntax import Atom, atoms, parse_leniently, text_of, variables
from lockenv.targets import Span

_UNSTATED = frozenset({"platform_release", "platform_version"})
#: The releases that are tried for a value that is searched for in the version's text, `"1" in python_version`.
_MAJORS, _MINORS, _PATCHES = range(2, 5), range(40), range(100)


def cuts(markers: Iterable[str], span: Span) -> tuple[Version, ...]:
    """The full versions strictly inside the span at which some comparison of Python's version changes its truth.

    Comparisons of ``python_full_version``, ``python_version`` and ``implementation_version`` (taken for CPython's,
    which is Python's own) count, each for itself. Text that is no marker cuts nothing.
    """
    return _inside(span, (change for text in set(markers) for change in _marker_changes(text)))


def requires_python_cuts(specifiers: Iterable[str], span: Span) -> tuple[Version, ...]:
    """The full versions strictly inside the span at which some ``Requires-Python`` changes its answer.

    Text that is no specifier cuts nothing: resolution reads it as no bound at all.
    """
    return _inside(span, (change for text in set(specifiers) for change in _specifier_changes(text)))


def undecidable(marker: Marker) -> bool:
    """Whether a marker names what no declared platform states: ``platform_release``, ``platform_version``."""
    return not _UNSTATED.isdisjoint(variables(text_of(marker) or ""))


def _inside(span: Span, versions: Iterable[Version]) -> tuple[Version, ...]:
    return tuple(sorted(version for version in set(versions) if version != span.lowest and span.holds(version)))


@lru_cache(maxsize=16384)
def _marker_changes(text: str) -> tuple[Version, ...]:
    expression = parse_leniently(text)
    if expression is None:
        return ()
    found = {atom for atom in atoms(expression) if atom.variable in PYTHONS}
    return tuple(change for atom in found for change in _atom_changes(atom))


@lru_cache(maxsize=4096)
def _atom_changes(atom: Atom) -> tuple[Version, ...]:
    try:
        return _changes(_candidates(atom), _judgement(atom))
    except (InvalidMarker, UndefinedComparison):
        return ()


def _judgement(atom: Atom) -> Callable[[Release], bool]:
    if atom.mirrored and atom.operator in {"in", "not in"}:
        # Said for itself, because it is tried on thousands of releases.
        wanted = atom.operator == "in"
        length = 2 if atom.variable == "python_version" else 3
        return lambda release: (atom.value in ".".join(map(str, release[:length]))) is wanted
    marker = Marker(atom.text)
    return lambda release: marker.evaluate(environment(".".join(map(str, release))))


@lru_cache(maxsize=4096)
def _specifier_changes(text: str) -> tuple[Version, ...]:
    try:
        specifiers = SpecifierSet(text)
    except InvalidSpecifier:
        return ()
    candidates = (release for specifier in specifiers for release in near(specifier.version))
    return _changes(candidates, lambda release: specifiers.contains(_version(release), prereleases=True))


def _changes(candidates: Iterable[Release], holds: Callable[[Release], bool]) -> tuple[Version, ...]:
    """The candidates at which the answer is another than just below; between candidates it does not change."""
    found = []
    before = holds((0, 0, 0))
    for candidate in sorted(set(candidates)):
        here = holds(candidate)
        if here is not before:
            found.append(_version(candidate))
        before = here
    return tuple(found)


def _version(release: Release) -> Version:
    major, minor, patch = release
    return Version(f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}")


def _candidates(atom: Atom) -> Iterable[Release]:
    if atom.mirrored and atom.operator in {"in", "not in"}:
        return product(_MAJORS, _MINORS, (0,) if atom.variable == "python_version" else _PATCHES)
    return turning_points(atom)
