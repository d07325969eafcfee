"""`conflicts` in `[resolution]`: sets of groups of which no two are ever installed together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockenv.manifest.entries import Entry
from lockenv.manifest.model import Group
from lockenv.manifest.requirements import package_name
from lockenv.manifest.words import listed, quoted, suggestion
from lockenv.packages import NormalizedName

_EXAMPLE = '[["cpu", "gpu"]]'


def read_conflicts(entry: Entry | None, groups: Sequence[Group]) -> tuple[tuple[NormalizedName, ...], ...]:
    """Read the sets, each sorted, and sorted themselves; `groups` are those of the manifest."""
    declared: Mapping[str, Group] = {group.name: group for group in groups}
    sets: dict[tuple[NormalizedName, ...], Entry] = {}
    for item in entry.items("lists of groups", _EXAMPLE) if entry else ():
        members = tuple(sorted(_members(item, declared)))
        if members in sets:
            item.refuse(f"these groups conflict already, on line {sets[members].line}", "keep one of them")
        elif members:
            sets[members] = item
            _check_includes(item, members, declared)
    return tuple(sorted(sets))


def _members(entry: Entry, declared: Mapping[str, Group]) -> set[NormalizedName]:
    """Read one set; none of its members where it is not one."""
    names: set[NormalizedName] = set()
    if not entry.is_a(list, "a list of groups", _EXAMPLE):
        return names
    for item in entry.items("groups", _EXAMPLE):
        name = _group(item, declared)
        if name in names:
            item.refuse(f"the group {quoted(name)} stands here already; none conflicts with itself")
        elif name is not None:
            names.add(name)
    if len(entry.value) < 2:
        entry.refuse(f"{entry.title} names fewer than two groups: nothing to conflict", f"write {_EXAMPLE}")
    return names if len(names) > 1 else set()


def _group(item: Entry, declared: Mapping[str, Group]) -> NormalizedName | None:
    name = package_name(item, item.text('the name of a group, such as "gpu"'))
    if name is None or name in declared:
        return name
    item.refuse(f"there is no group {quoted(name)}", suggestion(name, declared) or "declare it under [groups]")
    return None


def _check_includes(item: Entry, members: Sequence[NormalizedName], declared: Mapping[str, Group]) -> None:
    """Refuse a set of which one group includes two, itself or another: it could never be installed."""
    for group in sorted(declared.values(), key=lambda group: group.name not in members):
        held = [name for name in members if name in group.includes and name != group.name]
        if group.name in members and held:
            message = (
                f"the group {quoted(group.name)} includes {listed(map(quoted, held))}, so they cannot conflict"
            )
            item.refuse(message, "remove the include, or the conflict")
            return
        if len(held) > 1:
            names = listed(map(quoted, held))
            message = (
                f"the group {quoted(group.name)} includes {names}, which conflict here: nothing could install it"
            )
            item.refuse(message, f"remove one of them from {quoted(group.name)}, or the conflict")
