"""What `add` and `remove` do to the text of env.toml, one requirement or source at a time: text in, text out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement

from lockenv.errors import UsageError
from lockenv.formats.env_toml import inline_table, written
from lockenv.graph import MAIN
from lockenv.lockfile import toml
from lockenv.manifest import edit
from lockenv.manifest.model import Source
from lockenv.manifest.places import KeyPath, locate
from lockenv.manifest.words import quoted
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement
from lockenv.project import MANIFEST
from lockenv.values import dataclass

#: The lists of a named environment: instead of those of [env], and beside them.
_OWN = ("dependencies", "extra-dependencies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What became of one line of env.toml: ``+``, ``-`` or ``~``, and how a person is told."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """A text of env.toml, and what was done to it so far."""

    text: str
    lines: tuple[Line, ...] = ()

    def then(self, text: str, sign: str, told: str) -> Amended:
        """The same after one more edit."""
        return Amended(text=text, lines=(*self.lines, Line(sign=sign, text=told)))


def require(
    amended: Amended, wanted: Requirement, group: str = MAIN, *, environment: str = "", sourced: bool = False
) -> Amended:
    """Put a requirement into the dependencies or a group; one of the same name and marker is replaced in place.

    That keeps its extras, and its bounds where none are given. A group that is not there is made. The dependencies
    of a named environment are its own or, where it takes those of `[env]`, its extra ones. Raises `UsageError`
    where all of it is required already, unless it is `sourced` now.
    """
    amended, path = _list_of(amended, group, environment)
    return require_in(amended, path, wanted, told=_in(group, environment), sourced=sourced)


def require_in(
    amended: Amended, path: KeyPath, wanted: Requirement, *, told: str = "", sourced: bool = False
) -> Amended:
    """Do what `require` does for the list that stands at `path`; `told` says which one it is."""
    stated = tuple(_stated(amended.text, path))
    same = next((one for one in stated if _is_same(one[1], wanted)), None)
    if same is None:
        position = _place(stated, wanted)
        text = edit.insert_item(amended.text, path, _string(wanted), position)
        return amended.then(text, "+", f"{written(wanted)}{told}")
    position, old = same
    new = _together(old, wanted)
    if new == old and sourced:
        return amended
    if new == old:
        hint = f"`lockenv upgrade {canonicalize_name(old.name)}` looks for newer versions"
        raise UsageError(f"{MANIFEST} requires {quoted(written(old))}{told} already", hint=hint)
    text = edit.replace_value(amended.text, (*path, position), _string(new))
    return amended.then(text, "~", f"{written(old)} -> {written(new)}{told}")


def states(text: str, wanted: Requirement, group: str = MAIN, *, environment: str = "") -> bool:
    """Whether there is a requirement of this name and marker."""
    path = _path(text, group, environment)
    return any(_is_same(one, wanted) for _, one in _stated(text, path))


def release(amended: Amended, name: NormalizedName, group: str = MAIN, *, environment: str = "") -> Amended:
    """Take every requirement of a package out of the dependencies or a group; nothing happens if there is none."""
    paths = [_path(amended.text, group, environment)]
    if environment and group == MAIN:
        paths = [("environments", environment, key) for key in _OWN]
    for path in paths:
        amended = release_from(amended, path, name, told=_in(group, environment))
    return amended


def release_from(amended: Amended, path: KeyPath, name: NormalizedName, *, told: str = "") -> Amended:
    """Do what `release` does for the list that stands at `path`."""
    found = [(at, one) for at, one in _stated(amended.text, path) if canonicalize_name(one.name) == name]
    for position, requirement in reversed(found):
        text = edit.remove_item(amended.text, path, position)
        amended = amended.then(text, "-", f"{written(requirement)}{told}")
    return amended


def take_from(amended: Amended, name: NormalizedName, source: Source) -> Amended:
    """Say under [sources] where a package comes from.

    Raises `UsageError` where what stands there is no inline table.
    """
    table = _sources(amended.text)
    key = next((key for key in table if canonicalize_name(key) == name), None)
    value = inline_table(source)
    if key is None:
        text = edit.set_key(amended.text, "sources", name, value)
        return amended.then(text, "+", f"{name} = {value}  [sources]")
    if table[key] == tomllib.loads(f"value = {value}")["value"]:
        return amended
    if not _is_inline(amended.text, key):
        message = f"{quoted(name)} has a source in {MANIFEST} that is not an inline table"
        raise UsageError(message, hint=f"edit it there: {name} = {value}")
    text = edit.set_key(amended.text, "sources", toml.key(key), value)
    return amended.then(text, "~", f"{name} = {value}  [sources]")


def forget_source(amended: Amended, name: NormalizedName) -> Amended:
    """Take a package's line out of [sources], if it has one."""
    key = next((key for key in _sources(amended.text) if canonicalize_name(key) == name), None)
    if key is None or not _is_inline(amended.text, key):
        return amended
    return amended.then(edit.remove_key(amended.text, ("sources", key)), "-", f"{name}  [sources]")


def lists_of(text: str) -> Iterator[tuple[str, tuple[Requirement, ...]]]:
    """Every list of requirements in the text itself, with the options that name it on the command line.

    The dependencies come first, then the groups as they are spelt, then what environments have of their own.
    """
    yield "", tuple(one for _, one in _stated(text, ("env", "dependencies")))
    data = tomllib.loads(text)
    for key in data.get("groups", {}):
        yield f"--group {key}", tuple(one for _, one in _stated(text, ("groups", key)))
    for name in data.get("environments", {}):
        stated = [_stated(text, ("environments", name, key)) for key in _OWN]
        yield f"-e {name}", tuple(one for found in stated for _, one in found)


# ── places


def _list_of(amended: Amended, group: str, environment: str) -> tuple[Amended, KeyPath]:
    """The list that is meant; made, where it is not there."""
    path = _path(amended.text, group, environment)
    if path in locate(amended.text).spans:
        return amended, path
    *table, key = path
    text = edit.set_key(amended.text, tuple(table), toml.key(key), "[]")
    told = amended.then(text, "+", f"group {key}") if group != MAIN else Amended(text=text, lines=amended.lines)
    return told, path


def _path(text: str, group: str, environment: str) -> tuple[str, ...]:
    """Where the requirements stand, or are to stand, that are meant."""
    if group != MAIN:
        return ("groups", _group_key(text, group))
    if not environment:
        return ("env", "dependencies")
    own, extra = _OWN
    stated = tomllib.loads(text).get("environments", {}).get(environment, {})
    return ("environments", environment, own if own in stated else extra)


def _group_key(text: str, group: str) -> str:
    """How a group is spelt in the text, else its normal spelling (PEP 735)."""
    name = canonicalize_name(group)
    groups = tomllib.loads(text).get("groups", {})
    return next((key for key in groups if canonicalize_name(key) == name), name)


def _sources(text: str) -> dict[str, Any]:
    sources: dict[str, Any] = tomllib.loads(text).get("sources", {})
    return sources


def _is_inline(text: str, key: str) -> bool:
    spans = locate(text).spans
    return ("sources", key) in spans


def _stated(text: str, path: Sequence[str | int]) -> Iterator[tuple[int, Requirement]]:
    """The requirements of a list, with their positions."""
    items: Any = tomllib.loads(text)
    for key in path:
        items = items.get(key, {})
    for position, item in enumerate(items):
        try:
            if isinstance(item, str):
                yield position, parse_requirement(item)
        except InvalidRequirement:
            continue


def _place(stated: Sequence[tuple[int, Requirement]], wanted: Requirement) -> int | None:
    """Where in a list that is sorted by name a new one belongs; None where it is not."""
    names = [canonicalize_name(one.name) for _, one in stated]
    if len(names) < 2 or names != sorted(names):
        return None
    new = canonicalize_name(wanted.name)
    return next((stated[rank][0] for rank, name in enumerate(names) if name > new), None)


# ── requirements


def _is_same(one: Requirement, other: Requirement) -> bool:
    return canonicalize_name(one.name) == canonicalize_name(other.name) and one.marker == other.marker


def _together(old: Requirement, wanted: Requirement) -> Requirement:
    extras = f"[{','.join(sorted(old.extras | wanted.extras))}]" if old.extras | wanted.extras else ""
    marker = f" ; {old.marker}" if old.marker is not None else ""
    return parse_requirement(f"{old.name}{extras}{wanted.specifier or old.specifier}{marker}")


def _string(requirement: Requirement) -> str:
    return toml.string(written(requirement))


def _in(group: str, environment: str) -> str:
    if group != MAIN:
        return f" (group {canonicalize_name(group)})"
    return f" (environment {environment})" if environment else ""
