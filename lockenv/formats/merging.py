"""A draft merged into an env.toml that is there: what stands stays as it stands, comments and layout too."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import InvalidRequirement

from lockenv.errors import Problem
from lockenv.formats.draft import At, Draft
from lockenv.formats.env_toml import inline_table, source_keys, written
from lockenv.lockfile import toml
from lockenv.manifest import edit
from lockenv.manifest.places import KeyPath, locate
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

    def add(self, text: str) -> None:
        """Go on with a text that holds one thing more."""
        self.text = text
        self.added += 1

    @property
    def said(self) -> dict[str, Any]:
        """What the text says by now."""
        return tomllib.loads(self.text)


def merge_into(text: str, draft: Draft) -> Merged:
    """Add a draft to the text of a valid manifest."""
    merged = Merged(text=text)
    _list(merged, ("env", "dependencies"), draft.dependencies)
    for group in draft.groups:
        _group(merged, ("groups", _key(merged, "groups", group.name)), group.items)
    for index in draft.indexes:
        _index(merged, index)
    for stated in draft.sources:
        name, source = stated.value
        _set(merged, stated.where, ("sources", _key(merged, "sources", name)), inline_table(source))
    for option in draft.resolution:
        key, said = option.value
        _set(merged, option.where, ("resolution", key), toml.value(said))
    for key in ("constraints", "overrides"):
        items: tuple[At[Requirement], ...] = getattr(draft, key)
        if items:
            _list(merged, ("resolution", key), items)
    return merged


def _key(merged: Merged, table: str, name: str) -> str:
    """The key by which a name stands in a table, if it does, however it is spelt there."""
    return next((key for key in merged.said.get(table, {}) if canonicalize_name(key) == name), name)


def _list(merged: Merged, path: KeyPath, items: Iterable[At[Requirement]]) -> None:
    for item in items:
        _require(merged, path, item.where, item.value)


def _group(merged: Merged, path: KeyPath, items: Iterable[At[Any]]) -> None:
    _make(merged, path)
    # The main dependencies are there with every group; a file for a group often includes theirs (`-r base.in`).
    main = list(_requirements(_items(merged, ("env", "dependencies"))))
    for item in items:
        if isinstance(item.value, Requirement):
            if item.value not in main:
                _require(merged, path, item.where, item.value)
        elif {"include-group": item.value} not in _items(merged, path):
            _append(merged, path, f"{{ include-group = {toml.string(item.value)} }}")


def _require(merged: Merged, path: KeyPath, where: str, wanted: Requirement) -> None:
    """Add a requirement, unless its package is required there under the same marker."""
    name = canonicalize_name(wanted.name)
    same = [one for one in _requirements(_items(merged, path)) if canonicalize_name(one.name) == name]
    if wanted in same:
        return
    rival = next((one for one in same if one.marker == wanted.marker), None)
    if rival is not None:
        merged.keep(where, f"{quoted(written(wanted))}: env.toml says {quoted(str(rival))}, which is kept")
    else:
        _append(merged, path, toml.string(written(wanted)))


def _items(merged: Merged, path: KeyPath) -> list[Any]:
    table, key = path
    items: list[Any] = merged.said.get(str(table), {}).get(key, [])
    return items


def _requirements(items: Iterable[object]) -> Iterator[Requirement]:
    for item in items:
        try:
            if isinstance(item, str):
                yield parse_requirement(item)
        except InvalidRequirement:
            continue


def _append(merged: Merged, path: KeyPath, value: str) -> None:
    _make(merged, path)
    merged.add(edit.insert_item(merged.text, path, value))


def _make(merged: Merged, path: KeyPath) -> None:
    """Have an array at a path."""
    if path not in locate(merged.text).spans:
        table, key = map(str, path)
        merged.text = edit.set_key(merged.text, table, toml.key(key), "[]")


def _index(merged: Merged, stated: At[Index]) -> None:
    index = stated.value
    rival: Mapping[str, object] | None = next(
        (one for one in merged.said.get("index", ()) if one.get("name") == index.name), None
    )
    if rival is None:
        lines = [f"{key} = {toml.value(said)}" for key, said in source_keys(index).items()]
        merged.add(edit.add_section(merged.text, "[[index]]", *lines))
    elif rival.get("url") != index.url:
        merged.keep(stated.where, f"the index {quoted(index.name)} has another url in env.toml, which is kept")


def _set(merged: Merged, where: str, path: tuple[str, str], value: str) -> None:
    table, key = path
    there = merged.said.get(table, {})
    if key not in there:
        merged.add(edit.set_key(merged.text, table, toml.key(key), value))
    elif there[key] != tomllib.loads(f"value = {value}")["value"]:
        merged.keep(where, f"{quoted(key)} in [{table}] says otherwise in env.toml, which is kept")
