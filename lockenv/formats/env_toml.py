"""A draft as the text of an env.toml that `lockenv.manifest.read` takes.

The reader of manifests is the judge: what it refuses leaves the draft, with the reader's own reason and the place
in the foreign file. So whatever a foreign file holds, what is written can be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from itertools import groupby
from typing import Any, TypeVar

from packaging.specifiers import SpecifierSet

from lockenv.errors import InternalError, ManifestError, Problem
from lockenv.formats.draft import At, Draft, DraftGroup, Item
from lockenv.formats.incoming.versions import clauses
from lockenv.lockfile import toml
from lockenv.manifest.model import Manifest, Source
from lockenv.manifest.read import read
from lockenv.packages import Index, NormalizedName, Requirement, canonicalize_name
from lockenv.values import dataclass

_T = TypeVar("_T")
_I = TypeVar("_I", bound=Item)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the text, what of the draft it says, and how the draft is without that."""

    text: str
    where: str = ""
    without: Callable[[Draft], Draft] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A draft of which everything can be written; `text` says it, `manifest` is what that reads as."""

    draft: Draft
    text: str
    manifest: Manifest


def settle(draft: Draft, *, python: Callable[[], SpecifierSet], heading: str = "") -> Settled:
    """Write a draft; what no manifest can hold leaves it and is told in `left_out`.

    `python` is asked for the Pythons where the draft says none, or none that a manifest can hold. `heading`
    becomes a comment at the top.
    """
    while True:
        rows = list(_rows(draft, draft.python.value if draft.python is not None else python(), heading))
        text = "\n".join(row.text for row in rows) + "\n"
        try:
            manifest = read(text)
        except ManifestError as error:
            draft = _without(draft, rows, error)
        else:
            ordered = replace(draft, left_out=tuple(sorted(draft.left_out, key=_by_place)))
            return Settled(draft=ordered, text=text, manifest=manifest)


def _by_place(problem: Problem) -> tuple[str, int]:
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (problem.where, 0)


def _without(draft: Draft, rows: list[_Row], error: ManifestError) -> Draft:
    """Take one thing out that was refused; others may then be right. The last line first, for `rows` count."""
    refused = [(rows[line - 1], problem) for problem in error.problems if (line := _line(problem)) <= len(rows)]
    for row, problem in reversed(refused):
        if row.without is not None:
            said = Problem(where=row.where, message=_plain(problem.message), hint=problem.hint)
            left = row.without(draft)
            return replace(left, left_out=(*left.left_out, said))
    raise InternalError(f"a draft cannot be written: {error.message}", problems=error.problems)


def _line(problem: Problem) -> int:
    match = re.search(r":(\d+)", problem.where)
    return int(match[1]) if match else 1


def _plain(message: str) -> str:
    """Leave out lines of a text that nobody sees."""
    return re.sub(r",? (?:on|\()?line \d+\)?", "", message)


def _rows(draft: Draft, python: SpecifierSet, heading: str) -> Iterator[_Row]:
    for line in heading.splitlines():
        yield _Row(f"# {line}".rstrip())
    yield _Row("[env]")
    if draft.name is not None:
        name, where = draft.name.value, draft.name.where
        yield _Row(f"name = {toml.string(name)}", where, lambda one: replace(one, name=None))
    said = f"python = {toml.string(','.join(clauses(python)))}"
    if draft.python is not None:
        yield _Row(said, draft.python.where, lambda one: replace(one, python=None))
    else:
        yield _Row(said)
    yield from _list("dependencies", _requirements(draft, "dependencies"))
    if draft.groups:
        yield from (_Row(""), _Row("[groups]"))
    for number, group in enumerate(draft.groups):
        yield from _group(number, group)
    for number, index in enumerate(draft.indexes):
        yield from _index(number, index)
    yield from _sources(draft)
    yield from _resolution(draft)


def _options(draft: Draft) -> Iterator[_Row]:
    for number, option in enumerate(draft.resolution):
        key, said = option.value
        yield _Row(f"{key} = {toml.value(said)}", option.where, _dropping("resolution", number))


def _list(key: str, items: Iterable[_Row], *, heading: _Row | None = None) -> Iterator[_Row]:
    """A list with one item a line; one without items stays on its line."""
    rows = list(items)
    opening = heading or _Row("")
    if not rows:
        yield replace(opening, text=f"{toml.key(key)} = []")
        return
    yield replace(opening, text=f"{toml.key(key)} = [")
    yield from rows
    yield _Row("]")


def _requirements(draft: Draft, field: str) -> Iterator[_Row]:
    items: tuple[At[Requirement], ...] = getattr(draft, field)
    for number, item in enumerate(items):
        yield _Row(f"    {toml.string(written(item.value))},", item.where, _dropping(field, number))


def written(requirement: Requirement) -> str:
    """A requirement as people write it: ``name>=1,<2 ; marker``, bounds in their order."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker is not None else ""
    text = f"{requirement.name}{extras}{','.join(clauses(requirement.specifier))}{marker}"
    return text if "'" in text else text.replace('"', "'")


def _dropping(field: str, number: int) -> Callable[[Draft], Draft]:
    def without(draft: Draft) -> Draft:
        items = getattr(draft, field)
        fewer: dict[str, Any] = {field: (*items[:number], *items[number + 1 :])}
        return replace(draft, **fewer)

    return without


def _group(number: int, group: DraftGroup) -> Iterator[_Row]:
    rows = [
        _Row(f"    {_item(item)},", item.where, _dropping_item(number, position))
        for position, item in enumerate(group.items)
    ]
    yield from _list(group.name, rows, heading=_Row("", group.where, _dropping("groups", number)))


def _item(item: Item) -> str:
    if isinstance(item.value, Requirement):
        return toml.string(written(item.value))
    return f"{{ include-group = {toml.string(item.value)} }}"


def _dropping_item(number: int, position: int) -> Callable[[Draft], Draft]:
    def without(draft: Draft) -> Draft:
        group = draft.groups[number]
        fewer = replace(group, items=(*group.items[:position], *group.items[position + 1 :]))
        return replace(draft, groups=(*draft.groups[:number], fewer, *draft.groups[number + 1 :]))

    return without


def _index(number: int, index: At[Index]) -> Iterator[_Row]:
    drop = _dropping("indexes", number)
    yield _Row("")
    yield _Row("[[index]]", index.where, drop)
    for key, said in source_keys(index.value).items():
        yield _Row(f"{key} = {toml.value(said)}", index.where, drop)


def _sources(draft: Draft) -> Iterator[_Row]:
    if not draft.sources:
        return
    yield from (_Row(""), _Row("[sources]"))
    numbered = sorted(enumerate(draft.sources), key=lambda pair: pair[1].value[0])
    for name, each in groupby(numbered, key=lambda pair: pair[1].value[0]):
        own = [(number, stated.where, inline_table(stated.value[1])) for number, stated in each]
        if len(own) == 1:
            (number, where, text) = own[0]
            yield _Row(f"{toml.key(name)} = {text}", where, _dropping("sources", number))
            continue
        rows = [_Row(f"    {text},", where, _dropping("sources", number)) for number, where, text in own]
        yield from _list(name, rows, heading=_Row("", own[-1][1], _dropping("sources", own[-1][0])))


def inline_table(source: Source) -> str:
    """A source as [sources] has it: an inline table."""
    inside = ", ".join(f"{key} = {toml.value(said)}" for key, said in source_keys(source).items())
    return f"{{ {inside} }}"


def source_keys(value: Source | Index) -> dict[str, object]:
    """The fields of a source or index that say more than their default, under their keys in TOML."""
    said = {each.name: (getattr(value, each.name), each.default) for each in fields(value)}
    return {
        name.replace("_", "-"): list(one) if isinstance(one, tuple) else one if isinstance(one, bool) else str(one)
        for name, (one, default) in said.items()
        if one != default
    }


def _resolution(draft: Draft) -> Iterator[_Row]:
    if not (draft.resolution or draft.constraints or draft.overrides):
        return
    yield from (_Row(""), _Row("[resolution]"))
    yield from _options(draft)
    for field in ("constraints", "overrides"):
        if getattr(draft, field):
            yield from _list(field, _requirements(draft, field))


def merge(drafts: Iterable[Draft]) -> Draft:
    """Several drafts as one: lists are joined, and of single values the first counts.

    A draft with versions of its own asks for names only to hold them; where another says what is wanted of such a
    package, that counts.
    """
    known = tuple(drafts)
    wanted = frozenset(name for draft in known if not draft.pins for name in _asked(draft))
    together = Draft()
    for draft in known:
        together = _joined(together, _giving_way(draft, wanted) if draft.pins else draft)
    return together


def _asked(draft: Draft) -> Iterator[NormalizedName]:
    for items in (draft.dependencies, *(group.items for group in draft.groups)):
        yield from (canonicalize_name(item.value.name) for item in items if isinstance(item.value, Requirement))


def _giving_way(draft: Draft, wanted: frozenset[NormalizedName]) -> Draft:
    """The draft without requirements for the packages that are `wanted` by others."""
    return replace(
        draft,
        dependencies=tuple(_others(draft.dependencies, wanted)),
        groups=tuple(replace(group, items=tuple(_others(group.items, wanted))) for group in draft.groups),
    )


def _others(items: Iterable[_I], wanted: frozenset[NormalizedName]) -> Iterator[_I]:
    for item in items:
        if not (isinstance(item.value, Requirement) and canonicalize_name(item.value.name) in wanted):
            yield item


def _joined(one: Draft, other: Draft) -> Draft:
    python = one.python or other.python
    if one.python is not None and other.python is not None:
        python = At(one.python.where, one.python.value & other.python.value)
    return Draft(
        name=one.name or other.name,
        python=python,
        dependencies=_distinct((*one.dependencies, *other.dependencies)),
        groups=_joined_groups((*one.groups, *other.groups)),
        indexes=_distinct((*one.indexes, *other.indexes)),
        sources=_distinct((*one.sources, *other.sources)),
        constraints=_distinct((*one.constraints, *other.constraints)),
        overrides=_distinct((*one.overrides, *other.overrides)),
        resolution=tuple({said.value[0]: said for said in (*other.resolution, *one.resolution)}.values()),
        pins=tuple(dict.fromkeys((*one.pins, *other.pins))),
        notes=tuple(dict.fromkeys((*one.notes, *other.notes))),
        left_out=tuple(dict.fromkeys((*one.left_out, *other.left_out))),
    )


def _joined_groups(groups: Iterable[DraftGroup]) -> tuple[DraftGroup, ...]:
    """Each group once, with what all of that name hold."""
    joined: dict[str, DraftGroup] = {}
    for group in groups:
        held = joined.get(group.name, replace(group, items=()))
        joined[group.name] = replace(held, items=_distinct((*held.items, *group.items)))
    return tuple(joined.values())


def _distinct(items: Iterable[_T]) -> tuple[_T, ...]:
    """Each value once, where it first stands."""
    found: dict[object, _T] = {}
    for item in items:
        found.setdefault(item.value if isinstance(item, At) else item, item)
    return tuple(found.values())
