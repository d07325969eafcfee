"""Markers whose truth rests on what no lock can know: the release of a kernel, the build of a system."""

from __future__ import annotations

from collections.abc import Mapping

from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName

from lockenv.markers.syntax import Atom, Every, Expression, parse_leniently

#: The variables that no declared platform states (PEP 508).
UNSTATED = ("platform_release", "platform_version")


def in_doubt(marker: Marker, environment: Mapping[str, str]) -> bool:
    """Whether a marker is true in one and false in another place that has these variables but the unstated ones.

    A comparison that cannot be made, such as ``sys_platform ~= "5"``, counts as false.
    """
    expression = parse_leniently(str(marker))
    if expression is None:
        return False
    return _holds(expression, environment, unstated=True) and not _holds(expression, environment, unstated=False)


def _holds(expression: Expression, environment: Mapping[str, str], *, unstated: bool) -> bool:
    if isinstance(expression, Atom):
        if expression.variable in UNSTATED:
            return unstated
        return _compares(expression, environment)
    parts = (_holds(part, environment, unstated=unstated) for part in expression.parts)
    return all(parts) if isinstance(expression, Every) else any(parts)


def _compares(atom: Atom, environment: Mapping[str, str]) -> bool:
    try:
        return Marker(atom.text).evaluate(dict(environment))
    except (UndefinedComparison, UndefinedEnvironmentName):
        return False
