"""The targets that a lock is for: Pythons times platforms, from `python`, `[targets]` and this machine.

Targets differ in what markers can tell apart. Platforms that no marker tells apart (musl beside glibc) are one
target: what is chosen for one of them is installed on the others too, so it has to fit them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import ManifestError
from lockenv.manifest.model import Targets
from lockenv.platforms import COMMON, PLATFORMS, Platform, platform_of, with_floors
from lockenv.pythons import AS_OF, CPYTHON, PYPY, PYPY_PLATFORMS, Implementation, Python, admitted, of_minor
from lockenv.targets import PlatformFacts, Span, Target, compatible_tags
from lockenv.values import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """This machine: the target of the interpreter that would be used, the facts behind its tags, and its path."""

    target: Target
    facts: PlatformFacts
    executable: str = ""


def targets_of(python: SpecifierSet, declared: Targets | None, here: Here | None) -> tuple[Target, ...]:
    """The targets of a manifest, newest Python first, the platforms of one Python side by side.

    `declared` is `[targets]`. Where it names platforms, exactly these are meant, and none is optional. Otherwise
    they are the common platforms and the one that `here` is, all of them optional but this machine's own. Raises
    `ManifestError` where no released Python is among `python`.
    """
    wanted = declared or Targets(platforms=())
    rows = list(_declared(python, wanted) if wanted.platforms else _friendly(python, wanted, here))
    if not rows:
        raise _nothing(python, wanted)
    rows.sort(key=_order)
    return tuple(_target(row) for row in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A target in the making: one Python on platforms that markers do not tell apart.

    `more` are Pythons on these platforms that markers do not tell from `python`, but that take other wheels.
    """

    python: Python
    platforms: tuple[Platform, ...]
    optional: bool = False
    more: tuple[tuple[str, PlatformFacts], ...] = ()


def _order(row: _Row) -> tuple[object, ...]:
    newest_first = [-number for number in (*row.python.minor, row.python.span.lowest.micro)]
    return (newest_first, row.python.implementation, row.platforms[0].rank)


def _target(row: _Row) -> Target:
    python, platforms = row.python, row.platforms
    accepting = [(one.name, one.facts(python.implementation, python.minor, python.abis)) for one in platforms]
    (_, first), *others = accepting = [*accepting, *row.more]
    return Target(
        name=f"{' and '.join(name for name, _ in accepting)}, {python.name}",
        environment=tuple(sorted({**platforms[0].variables, **python.variables}.items())),
        tags=compatible_tags(first),
        span=python.span,
        also=tuple((name, compatible_tags(facts)) for name, facts in others),
        optional=row.optional,
    )


def _rows(python: SpecifierSet, wanted: Targets, platforms: Iterable[Platform]) -> Iterator[_Row]:
    """The rows of all implementations; PyPy's where it exists."""
    platforms = tuple(platforms)
    if "cpython" in wanted.implementations:
        for one, group in itertools.product(admitted(python, "cpython"), _alike(platforms)):
            yield _Row(python=one, platforms=group)
    if "pypy" in wanted.implementations:
        running = _alike(platform for platform in platforms if platform.name in PYPY_PLATFORMS)
        for one, group in itertools.product(admitted(python, "pypy"), running):
            yield _Row(python=one, platforms=group)


def _alike(platforms: Iterable[Platform]) -> list[tuple[Platform, ...]]:
    """Put platforms together that markers do not tell apart."""
    groups: dict[tuple[tuple[str, str], ...], list[Platform]] = {}
    for platform in sorted(platforms, key=lambda one: one.rank):
        groups.setdefault(tuple(platform.variables.items()), []).append(platform)
    return [tuple(group) for group in groups.values()]


def _floored(platform: Platform, wanted: Targets) -> Platform:
    return with_floors(platform, glibc=wanted.glibc, musl=wanted.musl, macos=wanted.macos)


# ── platforms declared


def _declared(python: SpecifierSet, wanted: Targets) -> Iterator[_Row]:
    return _rows(python, wanted, (_floored(PLATFORMS[name], wanted) for name in dict.fromkeys(wanted.platforms)))


# ── platforms left out


def _friendly(python: SpecifierSet, wanted: Targets, here: Here | None) -> Iterator[_Row]:
    platforms = {name: _floored(PLATFORMS[name], wanted) for name in COMMON}
    if here is None:
        yield from (replace(row, optional=True) for row in _rows(python, wanted, platforms.values()))
        return
    home = _floored(platform_of(here.target.variables, here.facts), wanted)
    platforms[home.name] = home
    rows = [replace(row, optional=True) for row in _rows(python, wanted, platforms.values())]
    if any(_is_here(row, home, here) for row in rows):
        yield from (_as_own(row, home, here) if _is_here(row, home, here) else row for row in rows)
    elif guest := _guest(python, here):
        yield from (_before(row, guest) if home in row.platforms else row for row in rows)
        yield _Row(python=guest, platforms=(home,))
    else:
        yield from rows


def _is_here(row: _Row, home: Platform, here: Here) -> bool:
    return (
        home in row.platforms
        and row.python.implementation == here.facts.implementation
        and row.python.minor == here.facts.version
        and row.python.span.holds(_final(here.target.python))
    )


def _final(python: Version) -> Version:
    """The final release that a pre-release leads to; a table of released minors speaks for both."""
    return Version(python.base_version)


def _as_own(row: _Row, home: Platform, here: Here) -> _Row:
    """The row of this machine: it must be satisfied, also for a build that takes other wheels (free-threaded)."""
    abis = here.facts.abis
    if set(row.python.abis) <= set(abis):
        return replace(row, optional=False)
    own = home.facts(here.facts.implementation, here.facts.version, abis)
    return replace(row, optional=False, more=((f"{home.name} ({abis[0]})", own),))


def _guest(python: SpecifierSet, here: Here) -> Python | None:
    """This machine's Python where no common row holds it: another implementation, or newer than the table."""
    version = here.target.python
    if not python.contains(version, prereleases=True):
        return None
    implementation: Implementation = "pypy" if here.facts.implementation == "pypy" else "cpython"
    for one in of_minor(python, implementation, here.facts.version):
        if one.span.holds(_final(version)):
            release = here.target.variables["implementation_version"] if implementation == "pypy" else None
            span = replace(one.span, lowest=Version(version.public)) if version.is_prerelease else one.span
            return replace(one, span=span, abis=here.facts.abis, release=release)
    return None


def _before(row: _Row, guest: Python) -> _Row:
    """End an open span where a newer Python of the same kind begins."""
    python, beginning = row.python, Version("{}.{}".format(*guest.minor))
    if python.implementation != guest.implementation or not python.span.holds(beginning):
        return row
    return replace(row, python=replace(python, span=Span(lowest=python.span.lowest, beyond=beginning)))


# ── nothing


def _nothing(python: SpecifierSet, wanted: Targets) -> ManifestError:
    only_pypy = "cpython" not in wanted.implementations
    minors = tuple(PYPY) if only_pypy else CPYTHON
    name = "PyPy" if only_pypy else "Python"
    oldest, newest = ("{}.{}".format(*minor) for minor in (minors[0], minors[-1]))
    details = [f"released are {name} {oldest} to {newest}, as far as this lockenv knows (of {AS_OF})"]
    if only_pypy:
        details.append(f"and PyPy runs on {', '.join(sorted(PYPY_PLATFORMS))}")
        hint = 'widen `python` in env.toml, or add "cpython" to `implementations` in [targets]'
    else:
        hint = f'widen `python` in env.toml, for example `python = ">={newest}"`; a newer lockenv may know more'
    return ManifestError(f'no released {name} fits `python = "{python}"`', details=details, hint=hint)
