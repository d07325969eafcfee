"""Which targets are concerned, in words, given all that there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from lockenv.manifest.words import listed
from lockenv.targets import Target
from lockenv.values import dataclass

_MOST = 3

#: A few targets that are not concerned are named instead of many that are.
_FEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is so.

    `words` are empty where there is but one target. `narrower` says how to leave the targets concerned out of
    env.toml, where others remain; `elsewhere` is a marker that holds on just these others, if a plain one does.
    `python` is a bound that leaves just Pythons on which nothing is concerned; `whole_python` if one that it
    leaves out is concerned on every platform, so that no other remedy is nearer.
    """

    words: str
    narrower: str | None = None
    elsewhere: str | None = None
    python: str | None = None
    whole_python: bool = False


def place_of(concerned: Sequence[Target], targets: Sequence[Target]) -> Place:
    """Say which of all targets are concerned: ``on Python 3.13 only``, ``in all 12 environments``."""
    here = list(dict.fromkeys(map(_cell, concerned)))
    every = list(dict.fromkeys(map(_cell, targets)))
    if set(every) <= set(here):
        many = "in both environments" if len(every) == 2 else f"in all {len(every)} environments"
        return Place(words="" if len(every) == 1 else many)
    # Where nobody declared platforms, there is nothing to leave out of them.
    declared = not any(each.optional for each in targets)
    return Place(
        words=_words(here, every),
        narrower=_narrower(here, every, _bound(concerned, targets)) if declared else None,
        elsewhere=_elsewhere(concerned, targets),
        python=_bound(concerned, targets) if declared else None,
        whole_python=any(_is_row(here, every, 1, python) for _, python in here),
    )


# -- words -------------------------------------------------------------------------------------------------------

#: A platform and a Python, by name.
_Cell = tuple[str, str]


def _words(here: Sequence[_Cell], every: Sequence[_Cell]) -> str:
    rest = [cell for cell in every if cell not in here]
    plain = _plain(here, every)
    if plain is None and len(rest) <= _FEW < len(here):
        return f"everywhere but on {listed(_named(cell) for cell in rest)}"
    return f"on {plain or _in_parts(here, every)} only"


def _plain(here: Sequence[_Cell], every: Sequence[_Cell]) -> str | None:
    """The cells as whole Pythons, whole platforms, or all pairs of some of these."""
    platforms, pythons = _split(here)
    if all(_is_row(here, every, 1, python) for python in pythons):
        return _pythons(pythons)
    if all(_is_row(here, every, 0, platform) for platform in platforms):
        return _enumerated(platforms)
    if len(here) == len(platforms) * len(pythons):
        return f"{_enumerated(platforms)}, {_pythons(pythons)}"
    return None


def _in_parts(here: Sequence[_Cell], every: Sequence[_Cell]) -> str:
    """Whole Pythons and whole platforms first, then what is left, one by one."""
    platforms, pythons = _split(here)
    whole = [name for name in pythons if _is_row(here, every, 1, name)]
    whole_platforms = [name for name in platforms if _is_row(here, every, 0, name)]
    rest = [cell for cell in here if cell[1] not in whole and cell[0] not in whole_platforms]
    parts = [*([_pythons(whole)] if whole else []), *([_enumerated(whole_platforms)] if whole_platforms else [])]
    if not parts:
        return _enumerated([_named(cell) for cell in rest])
    plain = [_plain(rest, every) or _enumerated([_named(cell) for cell in rest])] if rest else []
    return " and on ".join([*parts, *plain])


def _named(cell: _Cell) -> str:
    return f"{cell[0]} with {cell[1]}"


def _is_row(here: Sequence[_Cell], every: Sequence[_Cell], part: int, name: str) -> bool:
    return {cell for cell in every if cell[part] == name} <= set(here)


def bounded(bound: str, whose: str = "") -> str:
    """Say how to bound Python."""
    if bound.startswith(">=") and "," not in bound:
        return f'raise `python` in env.toml to "{bound}"'
    return f'bound `python` in env.toml{whose} with "{bound}"'


def _narrower(here: Sequence[_Cell], every: Sequence[_Cell], bound: str | None) -> str | None:
    """What to leave out of env.toml, where something remains."""
    platforms, pythons = _split(here)
    if all(_is_row(here, every, 1, python) for python in pythons):
        if all(python.startswith("PyPy") for python in pythons):
            return "leave PyPy out of `implementations` in [targets]"
        return f"leave {_pythons(pythons)} out of `python` in env.toml"
    if bound is not None and not any(_is_row(here, every, 0, platform) for platform in platforms):
        return bounded(bound)
    if {platform for platform, _ in every} <= set(platforms):
        return None
    return f"leave {_enumerated(platforms)} out of `platforms` in [targets]"


def _split(cells: Sequence[_Cell]) -> tuple[list[str], list[str]]:
    return list(dict.fromkeys(each[0] for each in cells)), list(dict.fromkeys(each[1] for each in cells))


def _enumerated(words: Sequence[str]) -> str:
    """Join words, those that begin alike with the beginning said once; the rest of many are only counted."""
    beginning = words[0].rpartition(" ")[0]
    if len(words) > 1 and beginning and all(word.rpartition(" ")[0] == beginning for word in words):
        words = [words[0], *(word.rpartition(" ")[2] for word in words[1:])]
    if len(words) > _MOST + 1:
        return f"{', '.join(words[:_MOST])} and {len(words) - _MOST} more"
    return listed(words)


def _pythons(names: Sequence[str]) -> str:
    """``Python 3.9 and 3.10``, ``Python 3.9 to 3.12``: oldest first, where they are plain."""
    found = [re.fullmatch(r"(\w+) (\d+)\.(\d+)", name) for name in names]
    plain = sorted((one[1], int(one[2]), int(one[3])) for one in found if one is not None)
    if len(plain) < len(names):
        return _enumerated(names)
    (name, major, first), (_, _, last) = plain[0], plain[-1]
    if len(names) > 2 and plain == [(name, major, minor) for minor in range(first, last + 1)]:
        return f"{name} {major}.{first} to {major}.{last}"
    return _enumerated([f"{name} {major}.{minor}" for name, major, minor in plain])


def _cell(target: Target) -> _Cell:
    platform, _, python = target.name.partition(", ")
    return platform, python or target.name


# -- markers and bounds ------------------------------------------------------------------------------------------


#: What tells targets apart, in the order in which a person would name it.
_TELLING = ("sys_platform", "platform_machine", "python_version", "implementation_name")


def _elsewhere(concerned: Sequence[Target], targets: Sequence[Target]) -> str | None:
    """A marker that holds on the other targets and on none concerned, if a plain one does."""
    others = [target for target in targets if target not in concerned]
    for variable in _TELLING:
        here, there = _values(concerned, variable), _values(others, variable)
        if not here & there:
            if variable == "python_version" and (bound := _bound(concerned, targets)):
                return " and ".join(map(_clause, bound.split(",")))
            if len(there) == 1 < len(here):
                return f"{variable} == '{there.pop()}'"
            return " and ".join(f"{variable} != '{one}'" for one in sorted(here))
    return _product(others, targets, "==", " and ") or _product(concerned, targets, "!=", " or ")


def _product(some: Sequence[Target], targets: Sequence[Target], operator: str, joint: str) -> str | None:
    """The one value of each variable that tells these from all others, if they have but one."""
    said = {variable: _values(some, variable) for variable in _TELLING}
    for variable in reversed(_TELLING):
        # As few as will do: where the system tells targets apart, nobody wants to read of its machine.
        fewer = {other: values for other, values in said.items() if other != variable}
        if _selected(fewer, targets) == set(some):
            said = fewer
    if not said or any(len(values) > 1 for values in said.values()) or _selected(said, targets) != set(some):
        return None
    return joint.join(f"{variable} {operator} '{values.pop()}'" for variable, values in said.items())


def _selected(said: Mapping[str, set[str]], targets: Iterable[Target]) -> set[Target]:
    return {each for each in targets if all(each.variables[name] in values for name, values in said.items())}


def _values(targets: Iterable[Target], variable: str) -> set[str]:
    return {target.variables[variable] for target in targets}


def _clause(bound: str) -> str:
    operator = bound.rstrip("0123456789.")
    python = bound.removeprefix(operator)
    variable = "python_version" if python.count(".") == 1 else "python_full_version"
    return f"{variable} {operator} '{python}'"


def _bound(concerned: Iterable[Target], targets: Iterable[Target]) -> str | None:
    """A bound on Python that leaves out all Pythons concerned and no other; None where they lie in between."""
    out = {target.span.lowest for target in concerned}
    left = {target.span.lowest for target in targets} - out
    if not left or any(min(left) < python < max(left) for python in out):
        return None
    clauses = [f">={min(left)}"] if min(out) < min(left) else []
    above = [python for python in out if python > max(left)]
    return ",".join([*clauses, *([f"<{min(above)}"] if above else [])])
