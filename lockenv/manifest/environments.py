"""`[environments.NAME]`: further environments of one manifest, each with a lock and a folder of its own.

What the manifest says for one of them is a manifest again (`within`), so that whatever works with manifests need
not know that there are several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lockenv.errors import UsageError
from lockenv.manifest.entries import Entry
from lockenv.manifest.model import Environment, Group, Manifest, Options
from lockenv.manifest.options import read_options, read_targets
from lockenv.manifest.requirements import check_together, package_name, plain, python_specifier, requirement_list
from lockenv.manifest.schema import check_keys
from lockenv.manifest.words import closest, listed, quoted, suggestion
from lockenv.packages import NormalizedName, Requirement
from lockenv.project import DEFAULT, MANIFEST, folder_fault, name_fault
from lockenv.values import replace

#: What of an environment's own table stands elsewhere in the manifest that is made for it.
_MOVED = {"python": "env.python", "dependencies": "env.dependencies", "extra-dependencies": "env.dependencies"}


def within(manifest: Manifest, name: str) -> Manifest:
    """What a manifest says for its environment `name`; '' is that of `[env]`. Raises `UsageError`.

    What the environment says is instead of what stands at the top, and `extra_dependencies` and the requirements
    of its groups are beside the dependencies. One that names its groups has them always, and no others.
    """
    if not name:
        return manifest if not manifest.environments else replace(manifest, environments=())
    chosen = next((one for one in manifest.environments if one.name == name), None)
    if chosen is None:
        raise UsageError(f"there is no environment {quoted(name)} in {MANIFEST}", hint=_remedy(manifest, name))
    resolution = chosen.resolution or manifest.resolution
    named = chosen.groups is not None
    return replace(
        manifest,
        name=f"{manifest.name}-{name}" if manifest.name else None,
        python=chosen.python or manifest.python,
        dependencies=tuple(dict.fromkeys(_dependencies(manifest, chosen))),
        groups=() if named else manifest.groups,
        targets=chosen.targets or manifest.targets,
        # Sets of groups exclude each other where one can choose among them.
        resolution=replace(resolution, conflicts=()) if named else resolution,
        environments=(),
        places=tuple(_places(manifest, name)),
    )


def _dependencies(manifest: Manifest, chosen: Environment) -> Iterator[Requirement]:
    yield from manifest.dependencies if chosen.dependencies is None else chosen.dependencies
    yield from chosen.extra_dependencies
    groups = {group.name: group.requirements for group in manifest.groups}
    for name in chosen.groups or ():
        yield from groups[name]


def _remedy(manifest: Manifest, name: str) -> str:
    names = [one.name for one in manifest.environments]
    if near := closest(name, [*names, DEFAULT]):
        return f"did you mean {quoted(near)}?"
    if names:
        return f"there {'is' if len(names) == 1 else 'are'} {listed(map(quoted, names))}"
    return f"declare it there: [environments.{name}]" if name_fault(name) is None else ""


def _places(manifest: Manifest, name: str) -> Iterator[tuple[str, int]]:
    """The lines of the environment's own keys stand in for those of the tables that they replace."""
    yield from manifest.places
    own = f"environments.{name}."
    for path, line in manifest.places:
        if path.startswith(own):
            key = path.removeprefix(own)
            head = key.partition(".")[0].partition("[")[0]
            yield _MOVED.get(head, head) + key[len(head) :], line


# ── reading


def read_environments(
    table: Entry | None, groups: Sequence[Group], resolution: Options
) -> tuple[Environment, ...]:
    """Read `[environments]`, sorted by name; `groups` and `resolution` are the manifest's."""
    found: dict[str, Environment] = {}
    folders: dict[str, Entry] = {}
    spelt: dict[str, str] = {}
    for entry in table.children() if table else ():
        name = str(entry.path[-1])
        if not _is_name(entry, name, spelt) or not entry.is_a(dict, "a table"):
            continue
        check_keys(entry, "environments", f"[environments.{name}]")
        found[name] = _environment(entry, name, groups, resolution)
        _check_folder(entry.child("folder") or entry, found[name], folders)
    return tuple(found[name] for name in sorted(found))


def _is_name(entry: Entry, name: str, spelt: dict[str, str]) -> bool:
    if name == DEFAULT:
        entry.refuse(f"{quoted(name)} is what the environment of [env] is called", "choose another name")
    elif (fault := name_fault(name) if name else "it is empty") is not None:
        hint = f"write [environments.{name.replace('.', '-')}]" if "." in name else None
        entry.refuse(f"{quoted(name)} cannot be the name of an environment: {fault}", hint)
    elif (other := spelt.setdefault(name.lower(), name)) != name:
        entry.refuse(f"{quoted(name)} and {quoted(other)} would be one file where case does not count")
    else:
        return True
    return False


def _environment(entry: Entry, name: str, groups: Sequence[Group], resolution: Options) -> Environment:
    python, folder = entry.child("python"), entry.child("folder")
    own, extra = entry.child("dependencies"), entry.child("extra-dependencies")
    dependencies, more = requirement_list(own), requirement_list(extra)
    if own and extra:
        check_together((*dependencies, *more))
    return Environment(
        name=name,
        python=python_specifier(python) if python else None,
        dependencies=plain(dependencies) if own else None,
        extra_dependencies=plain(more),
        groups=_groups(entry, {group.name: group for group in groups}, resolution),
        targets=read_targets(_table(entry, "targets")),
        resolution=_resolution(_table(entry, "resolution"), resolution),
        folder=_folder(folder) if folder else None,
    )


def _table(entry: Entry, key: str) -> Entry | None:
    """A table of the manifest that stands again within the environment's own."""
    table = entry.child(key)
    if table is None or not table.is_a(dict, "a table"):
        return None
    check_keys(table, key, f"[environments.{entry.path[-1]}.{key}]")
    return table


def _groups(entry: Entry, declared: Mapping[str, Group], resolution: Options) -> tuple[NormalizedName, ...] | None:
    listing = entry.child("groups")
    if listing is None:
        return None
    names: dict[NormalizedName, None] = {}
    for item in listing.items("groups", '["test"]'):
        name = package_name(item, item.text('the name of a group, such as "test"'))
        if name in names:
            item.refuse(f"the group {quoted(name)} stands here already")
        elif name is not None and name not in declared:
            item.refuse(
                f"there is no group {quoted(name)}", suggestion(name, declared) or "declare it under [groups]"
            )
        elif name is not None:
            names[name] = None
    _check_conflicts(listing, [declared[name] for name in names], resolution)
    return tuple(names)


def _check_conflicts(listing: Entry, taken: Sequence[Group], resolution: Options) -> None:
    everything = {name for group in taken for name in (group.name, *group.includes)}
    for conflict in resolution.conflicts:
        both = [name for name in conflict if name in everything]
        if len(both) > 1:
            listing.refuse(
                f"{listing.title} takes {listed(map(quoted, both))}, which conflict", "make an environment of each"
            )


def _resolution(table: Entry | None, top: Options) -> Options | None:
    """What the manifest says, with what the environment says instead, key by key."""
    if table is None:
        return None
    if conflicts := table.child("conflicts"):
        conflicts.refuse("`conflicts` counts for the whole manifest", "write it under [resolution]")
    # Sets of groups were read at the top, and are none of an environment's own business.
    own = read_options(Entry(table.document, table.path, {**table.value, "conflicts": []}))
    said = {key.replace("-", "_") for key in table.value} - {"conflicts"}
    together = replace(top, **{name: getattr(own, name) for name in said if hasattr(top, name)})
    both = together.only_binary & together.no_binary
    if both and not own.only_binary & own.no_binary:
        message = f"{listed(map(quoted, sorted(both)))} in `only-binary` and `no-binary`: no file is left"
        table.refuse(message, "what is not said here is that of [resolution]")
    return together


def _folder(entry: Entry) -> str | None:
    text = entry.text('".venv-docs"')
    fault = folder_fault(text) if text else None
    if fault is not None:
        entry.refuse(f"{entry.title} cannot be {quoted(text or '')}: {fault}", 'write for example ".venv-docs"')
        return None
    return text.rstrip("/") if text else None


def _check_folder(entry: Entry, environment: Environment, folders: dict[str, Entry]) -> None:
    """Refuse a folder that another environment has, or that lies within it."""
    folder = environment.folder or f".venv-{environment.name}"
    for other, owner in folders.items():
        if f"{folder}/".startswith(f"{other}/") or f"{other}/".startswith(f"{folder}/"):
            place = f"line {owner.line}"
            entry.refuse(f"{quoted(folder)} and {quoted(other)} ({place}) are in each other's way")
            return
    folders[folder] = entry
