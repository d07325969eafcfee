"""A draft merged into an env.toml that is there: what stands stays as it stands, comments and layout too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import tomlkit
from packaging.requirements import InvalidRequirement
from tomlkit.items import AoT, Array, InlineTable, Table

from lockenv.errors import Problem
from lockenv.formats.draft import At, Draft
from lockenv.formats.env_toml import source_keys, written
from lockenv.manifest.words import quoted
from lockenv.packages import Index, Requirement, canonicalize_name, parse_requirement


@dataclass(slots=True, kw_only=True)
class Merged:
    """The text with what was added. `opposed` is what stands there otherwise, and was kept."""

    text: str = ""
    added: int = 0
    opposed: list[Problem] = field(default_factory=list)

    def keep(self, where: str, message: str) -> None:
        """Note that something stands there otherwise."""
        self.opposed.append(Problem(where=where, message=message))


def merge_into(text: str, draft: Draft) -> Merged:
    """Add a draft to the text of a valid manifest."""
    document = tomlkit.parse(text)
    merged = Merged()
    _list(merged, _table(document, "env"), "dependencies", draft.dependencies)
    for group in draft.groups:
        groups = _table(document, "groups")
        _group(merged, groups, _key(groups, group.name), group.items)
    _indexes(merged, document, draft.indexes)
    for stated in draft.sources:
        sources = _table(document, "sources")
        name, source = stated.value
        _set(merged, sources, At(stated.where, (_key(sources, name), _inline(source_keys(source)))), "[sources]")
    for option in draft.resolution:
        _set(merged, _table(document, "resolution"), option, "[resolution]")
    for key in ("constraints", "overrides"):
        items: tuple[At[Requirement], ...] = getattr(draft, key)
        if items:
            _list(merged, _table(document, "resolution"), key, items)
    merged.text = tomlkit.dumps(document)
    return merged


def _table(document: tomlkit.TOMLDocument, name: str) -> Table:
    if name not in document:
        if document.as_string().strip():
            document.add(tomlkit.nl())
        document.add(name, tomlkit.table())
    return cast("Table", document[name])


def _key(table: Table, name: str) -> str:
    """The key by which a name stands in a table, if it does, however it is spelt there."""
    return next((key for key in table if canonicalize_name(key) == name), name)


def _array(table: Table, key: str) -> Array:
    if key not in table:
        table.add(key, tomlkit.array().multiline(True))
    return cast("Array", table[key])


def _list(merged: Merged, table: Table, key: str, items: Iterable[At[Requirement]]) -> None:
    for item in items:
        _require(merged, _array(table, key), item.where, item.value)


def _group(merged: Merged, groups: Table, key: str, items: Iterable[At[Any]]) -> None:
    array = _array(groups, key)
    for item in items:
        if isinstance(item.value, Requirement):
            _require(merged, array, item.where, item.value)
        elif {"include-group": item.value} not in array.unwrap():
            _append(merged, array, _inline({"include-group": item.value}))


def _require(merged: Merged, array: Array, where: str, wanted: Requirement) -> None:
    """Add a requirement, unless its package is required there under the same marker."""
    same = [one for one in _requirements(array) if canonicalize_name(one.name) == canonicalize_name(wanted.name)]
    if wanted in same:
        return
    rival = next((one for one in same if one.marker == wanted.marker), None)
    if rival is not None:
        merged.keep(where, f"{quoted(written(wanted))}: env.toml says {quoted(str(rival))}, which is kept")
    else:
        _append(merged, array, written(wanted))


def _requirements(array: Array) -> Iterator[Requirement]:
    for item in array.unwrap():
        try:
            if isinstance(item, str):
                yield parse_requirement(item)
        except InvalidRequirement:
            continue


def _append(merged: Merged, array: Array, item: object) -> None:
    multiline = "\n" in array.as_string() or not len(array)
    if multiline:
        array.add_line(item, indent="    ")
        array.multiline(True)
    else:
        array.append(item)
    merged.added += 1


def _inline(keys: dict[str, object]) -> InlineTable:
    table = tomlkit.inline_table()
    table.update(keys)
    return table


def _indexes(merged: Merged, document: tomlkit.TOMLDocument, indexes: Iterable[At[Index]]) -> None:
    for stated in indexes:
        tables = cast("AoT", document.setdefault("index", tomlkit.aot()))
        rival = next((one for one in tables.unwrap() if one.get("name") == stated.value.name), None)
        if rival is None:
            table = tomlkit.table()
            table.update(source_keys(stated.value))
            tables.append(table)
            merged.added += 1
        elif rival.get("url") != stated.value.url:
            merged.keep(
                stated.where, f"the index {quoted(stated.value.name)} has another url in env.toml, which is kept"
            )


def _set(merged: Merged, table: Table, stated: At[tuple[str, Any]], title: str) -> None:
    key, said = stated.value
    if key not in table:
        table.add(key, said)
        merged.added += 1
    elif table[key].unwrap() != (said.unwrap() if isinstance(said, InlineTable) else said):
        merged.keep(stated.where, f"{quoted(key)} in {title} says otherwise in env.toml, which is kept")
