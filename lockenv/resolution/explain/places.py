"""Which targets are concerned, in words, given all that there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lockenv.manifest.words import listed
from lockenv.targets import Target

_MOST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is so.

    `words` are empty where there is but one target. `narrower` says how to leave the targets concerned out of
    env.toml, where others remain; `elsewhere` is a marker that holds on just these others, if a plain one does.
    """

    words: str
    narrower: str | None = None
    elsewhere: str | None = None


def place_of(concerned: Sequence[Target], targets: Sequence[Target]) -> Place:
    """Say which of all targets are concerned: ``on Python 3.13 only``, ``in all 12 environments``."""
    parts = [(_platform(each), _python(each)) for each in concerned]
    every = [(_platform(each), _python(each)) for each in targets]
    if set(every) <= set(parts):
        many = "in both environments" if len(every) == 2 else f"in all {len(every)} environments"
        return Place(words="" if len(every) == 1 else many)
    # Where nobody declared platforms, there is nothing to leave out of them.
    declared = not any(each.optional for each in targets)
    return Place(
        words=f"on {_named(parts, every)} only",
        narrower=_narrower(parts, every) if declared else None,
        elsewhere=_elsewhere(concerned, targets),
    )


def _named(parts: Sequence[tuple[str, str]], every: Collection[tuple[str, str]]) -> str:
    platforms, pythons = _split(parts)
    if set(parts) == {each for each in every if each[1] in pythons}:
        return _enumerated(pythons)
    if set(parts) == {each for each in every if each[0] in platforms}:
        return _enumerated(platforms)
    if len(parts) == len(platforms) * len(pythons):
        return f"{_enumerated(platforms)}, {_enumerated(pythons)}"
    return _enumerated([f"{platform} with {python}" for platform, python in parts])


def _narrower(parts: Sequence[tuple[str, str]], every: Collection[tuple[str, str]]) -> str:
    platforms, pythons = _split(parts)
    if set(parts) == {each for each in every if each[1] in pythons}:
        return f"leave {_enumerated(pythons)} out of `python` in env.toml"
    return f"leave {_enumerated(platforms)} out of `platforms` in [targets]"


def _split(parts: Sequence[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return list(dict.fromkeys(each[0] for each in parts)), list(dict.fromkeys(each[1] for each in parts))


def _elsewhere(concerned: Sequence[Target], targets: Sequence[Target]) -> str | None:
    """A marker that holds on the other targets, where one variable tells them apart."""
    for variable in ("sys_platform", "platform_machine", "python_version", "implementation_name"):
        here = {target.variables[variable] for target in concerned}
        others = {target.variables[variable] for target in targets if target not in concerned}
        if len(here) == 1 and not here & others:
            return f"{variable} != '{here.pop()}'"
    return None


def _enumerated(words: Sequence[str]) -> str:
    """Join words, those that begin alike with the beginning said once; the rest of many are only counted."""
    beginning = words[0].rpartition(" ")[0]
    if len(words) > 1 and beginning and all(word.rpartition(" ")[0] == beginning for word in words):
        words = [words[0], *(word.rpartition(" ")[2] for word in words[1:])]
    if len(words) > _MOST + 1:
        return f"{', '.join(words[:_MOST])} and {len(words) - _MOST} more"
    return listed(words)


def _platform(target: Target) -> str:
    return target.name.partition(", ")[0]


def _python(target: Target) -> str:
    return target.name.partition(", ")[2] or target.name
