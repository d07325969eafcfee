"""Markers that lockenv writes besides those of packages: a lock's environments, and plain groups (PEP 751)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.markers.axes import single_python
from lockenv.markers.space import Row
from lockenv.markers.terms import (
    Term,
    comparison,
    conjunction,
    disjunction,
    group_asked,
    is_minor,
    minor_text,
    python_comparison,
)
from lockenv.targets import Span

#: The variables that tell one declared platform from another.
_TELLING = ("sys_platform", "platform_machine", "implementation_name")


def groups_marker(groups: Iterable[str]) -> Marker:
    """The marker that is true where at least one of the groups is asked for (PEP 751 ``dependency_groups``)."""
    return Marker(disjunction(map(group_asked, sorted(groups))).text)


def environments(rows: Iterable[Row], requires_python: SpecifierSet) -> tuple[Marker, ...]:
    """The environments that a lock is for (PEP 751 ``environments``): exclusive, exact, sorted.

    One marker for each platform and implementation with its Pythons, more where its Pythons have a hole. A bound
    on Python is left out only where `requires_python` implies it, pre-releases included.
    """
    platforms: defaultdict[tuple[str, ...], set[Span]] = defaultdict(set)
    for row in rows:
        values = dict(row.values)
        platforms[tuple(values[name] for name in _TELLING)].add(row.python)
    return tuple(
        Marker(conjunction([*_python(span, requires_python), *_platform(platform)]).text)
        for platform, spans in sorted(platforms.items())
        for span in _merged(spans)
    )


def _platform(values: Iterable[str]) -> Iterator[Term]:
    return (comparison(name, "==", value) for name, value in zip(_TELLING, values, strict=True))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in their order, neighbours made one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.lowest):
        last = merged[-1] if merged else None
        if last is None or (last.beyond is not None and last.beyond < span.lowest):
            merged.append(span)
        elif last.beyond is not None and (span.beyond is None or last.beyond < span.beyond):
            merged[-1] = Span(lowest=last.lowest, beyond=span.beyond)
    return merged


def _python(span: Span, requires_python: SpecifierSet) -> list[Term]:
    """The bounds of a span that `requires_python` does not imply."""
    bounds = [(">=", span.lowest)] + ([("<", span.beyond)] if span.beyond is not None else [])
    needed = [(operator, bound) for operator, bound in bounds if not _implied(operator, bound, requires_python)]
    single = single_python(span)
    if len(needed) > 1 and single is not None:
        variable, value = single
        return [comparison(variable, "==", value)]
    return [python_comparison(operator, bound) for operator, bound in needed]


def _implied(operator: str, bound: Version, requires_python: SpecifierSet) -> bool:
    # `python_version` puts the pre-releases of a minor into it.
    edge = f"{minor_text(bound)}.dev0" if is_minor(bound) else str(bound)
    return requires_python.to_range().is_subset(SpecifierSet(f"{operator}{edge}").to_range())
