"""Markers that lockenv writes: the target's, and those of dependency groups (PEP 508, PEP 751)."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from lockenv.markers.slices import Slice
from lockenv.markers.space import Row
from lockenv.targets import Target

#: The variables that tell one declared target from another.
_TELLING = ("implementation_name", "platform_machine", "python_version", "sys_platform")


def target_marker(target: Target, patches: Slice) -> Marker:
    """The marker that is true on this platform and these patch versions of Python, and nowhere else."""
    atoms = [f"{name} == {_quoted(target.variables[name])}" for name in _TELLING]
    bounds = (("==", patches.exactly), (">=", patches.lowest), ("<", patches.beyond))
    atoms += [f"python_full_version {sign} {_quoted(str(bound))}" for sign, bound in bounds if bound is not None]
    return Marker(" and ".join(atoms))


def groups_marker(groups: Iterable[str]) -> Marker:
    """The marker that is true where at least one of the groups is asked for (PEP 751 ``dependency_groups``)."""
    return Marker(" or ".join(f"{_quoted(name)} in dependency_groups" for name in sorted(groups)))


def _quoted(value: str) -> str:
    # PEP 508 strings have no escapes; a value never holds both kinds of quotes.
    return f"'{value}'" if "'" not in value else f'"{value}"'


def environments(rows: Iterable[Row], requires_python: SpecifierSet) -> tuple[Marker, ...]:
    """The environments that a lock is for (PEP 751 ``environments``): exclusive, exact, sorted.

    One marker for each platform and implementation with its Pythons, more where its Pythons have a hole. A bound
    on Python is left out only where `requires_python` implies it, pre-releases included.
    """
    raise NotImplementedError
