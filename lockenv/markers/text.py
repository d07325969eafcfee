"""Markers that lockenv writes: the target's, and those of dependency groups (PEP 508, PEP 751)."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import Marker

from lockenv.targets import Target

#: The variables that tell one declared target from another.
_TELLING = ("implementation_name", "platform_machine", "python_version", "sys_platform")


def target_marker(target: Target) -> Marker:
    """The marker that is true on this platform and Python minor, and on no other that can be declared."""
    return Marker(" and ".join(f"{name} == {_quoted(target.variables[name])}" for name in _TELLING))


def groups_marker(groups: Iterable[str]) -> Marker:
    """The marker that is true where at least one of the groups is asked for (PEP 751 ``dependency_groups``)."""
    return Marker(" or ".join(f"{_quoted(name)} in dependency_groups" for name in sorted(groups)))


def _quoted(value: str) -> str:
    # PEP 508 strings have no escapes; a value never holds both kinds of quotes.
    return f"'{value}'" if "'" not in value else f'"{value}"'
