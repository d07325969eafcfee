"""Dependency groups (PEP 735), includes followed.

`packaging.dependency_groups` does the same, but stops a group at its first bad include, knows no places, and
repeats a group that two others include as often as there are ways to it (exponentially often in the worst
case); so the walk is our own, and each requirement of a group is kept once, where it first stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from lockenv.manifest.entries import Entry
from lockenv.manifest.model import Group
from lockenv.manifest.requirements import Stated, check_together, package_name, stated_requirement
from lockenv.manifest.words import quoted, suggestion
from lockenv.packages import NormalizedName, Requirement
from lockenv.values import dataclass, field


@dataclass(frozen=True, slots=True)
class _Include:
    entry: Entry
    name: NormalizedName


_Item: TypeAlias = Stated | _Include
_HOW_INCLUDED = 'write { include-group = "name" }'


def read_groups(tables: Iterable[Entry | None]) -> tuple[Group, ...]:
    """Read the tables of groups, env.toml's first; their names form one space. Sorted by name."""
    declared: dict[NormalizedName, Entry] = {}
    items: dict[NormalizedName, tuple[_Item, ...]] = {}
    for table in tables:
        for entry in table.children() if table else ():
            name = package_name(entry, str(entry.path[-1]))
            if name is None:
                continue
            if name in declared:
                other = declared[name]
                place = f"{other.document.where}:{other.line}"
                entry.refuse(f"the group {quoted(name)} is given twice: {quoted(str(other.path[-1]))} ({place})")
                continue
            declared[name] = entry
            items[name] = _items(entry)
    walk = _Walk(items)
    for name in items:
        walk.group(name)
    return tuple(
        Group(name=name, requirements=tuple(walk.done[name]), includes=walk.includes[name])
        for name in sorted(items)
    )


def _items(group: Entry) -> tuple[_Item, ...]:
    read = [
        _include(item) if isinstance(item.value, dict) else stated_requirement(item)
        for item in group.items("requirements", '["pytest>=8"]')
    ]
    items = tuple(item for item in read if item is not None)
    check_together(item for item in items if isinstance(item, Stated))
    return items


def _include(entry: Entry) -> _Include | None:
    if set(entry.value) != {"include-group"}:
        entry.refuse(f"{entry.title} is a table that means nothing here", _HOW_INCLUDED)
        return None
    name = entry.child("include-group")
    text = name.text() if name else None
    normalized = package_name(entry, text)
    return _Include(entry, normalized) if normalized else None


@dataclass(frozen=True, slots=True)
class _Walk:
    """Follows includes in depth, each group once."""

    items: dict[NormalizedName, tuple[_Item, ...]]
    done: dict[NormalizedName, dict[Requirement, None]] = field(default_factory=dict)
    includes: dict[NormalizedName, frozenset[NormalizedName]] = field(default_factory=dict)
    way: list[NormalizedName] = field(default_factory=list)

    def group(self, name: NormalizedName) -> dict[Requirement, None]:
        """Return the group's requirements as an ordered set."""
        if name in self.done:
            return self.done[name]
        self.way.append(name)
        requirements: dict[Requirement, None] = {}
        inner: set[NormalizedName] = set()
        for item in self.items[name]:
            match item:
                case Stated():
                    requirements.setdefault(item.requirement)
                case _Include():
                    requirements |= self._included(item)
                    inner |= {item.name} | self.includes.get(item.name, frozenset())
        self.way.pop()
        self.done[name] = requirements
        self.includes[name] = frozenset(inner)
        return requirements

    def _included(self, include: _Include) -> dict[Requirement, None]:
        if include.name in self.way:
            circle = [*self.way[self.way.index(include.name) :], include.name]
            include.entry.refuse(
                f"groups include each other in a circle: {' -> '.join(circle)}", "remove this include"
            )
        elif include.name not in self.items:
            hint = suggestion(include.name, self.items) or "declare it under [groups]"
            include.entry.refuse(f"there is no group {quoted(include.name)}", hint)
        else:
            return self.group(include.name)
        return {}
