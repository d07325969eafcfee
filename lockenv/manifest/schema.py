"""The keys of `env.toml`, and what to say about those that are not.

The reference (docs/reference/manifest.md) is tested against `KEYS`.
"""

from __future__ import annotations

from lockenv.manifest.entries import Document, Entry
from lockenv.manifest.words import closest, listed, quoted

#: The keys of each table. `groups` has names of groups as keys, `sources` names of packages, `environments` names
#: of environments: there, the keys are those of one item.
KEYS: dict[str, tuple[str, ...]] = {
    "env": ("name", "python", "dependencies", "include"),
    "groups": ("include-group",),
    "targets": ("platforms", "glibc", "musl", "macos", "implementations"),
    "index": ("name", "url", "packages", "explicit", "upload-times"),
    "sources": ("index", "path", "editable", "git", "rev", "url", "subdirectory", "marker"),
    "resolution": (
        "strategy",
        "across-pythons",
        "prereleases",
        "exclude-newer",
        "exclude-newer-package",
        "constraints",
        "overrides",
        "only-binary",
        "no-binary",
        "conflicts",
    ),
    "build": ("allow",),
    "startup": ("allow",),
    "limits": ("file", "unpacked", "files", "ratio"),
    "environments": (
        "python",
        "dependencies",
        "extra-dependencies",
        "groups",
        "targets",
        "resolution",
        "folder",
    ),
}

_HOW_WRITTEN = {"index": "[[index]]", "environments": "[environments.NAME]"}

# What other tools call it: the word, and what to write here.
_ELSEWHERE = {
    "project": '[env] takes its place; to read it from there, write include = "pyproject.toml" under [env]',
    "tool": "env.toml has no [tool] tables; what lockenv reads stands in [env], [groups], [sources] and so on",
    "build-system": "env.toml describes an environment, not a package; leave [build-system] in pyproject.toml",
    "dependency-groups": "the table is called [groups] here",
    "dev-dependencies": 'write them as a group: dev = ["…"] under [groups]',
    "optional-dependencies": "write them as groups under [groups]",
    "requires-python": 'write python = "…" under [env]',
    "python-version": 'write python = "…" under [env]',
    "packages": 'write dependencies = ["…"] under [env]',
    "requirements": 'write dependencies = ["…"] under [env]',
    "requires": 'write dependencies = ["…"] under [env]',
    "extra-index-url": "write an [[index]] table with name and url",
    "index-url": "write an [[index]] table with name and url",
    "tag": 'write rev = "…"; it takes a tag, a branch or a commit',
    "branch": 'write rev = "…"; it takes a tag, a branch or a commit',
}


def table_title(table: str) -> str:
    """Write the name of a table as it stands in the file: ``[env]``, ``[[index]]``, ``[environments.NAME]``."""
    return _HOW_WRITTEN.get(table, f"[{table}]")


def check_tables(document: Document, data: dict[str, object]) -> None:
    """Refuse unknown tables, and keys that stand before the first table."""
    for key, value in data.items():
        if key not in KEYS:
            hint = _remedy(key, tuple(KEYS), "")
            kind = "table" if isinstance(value, dict) else "key"
            Entry(document, (key,), value).refuse(f"unknown {kind} {quoted(key)}", hint)


def check_keys(table: Entry, name: str, title: str = "") -> None:
    """Refuse unknown keys of the table called `name`, or of one like it that is written `title`."""
    for key in table.value:
        if key not in KEYS[name]:
            entry = Entry(table.document, (*table.path, key), table.value[key])
            owner = title or table_title(name)
            entry.refuse(f"unknown key {quoted(key)} in {owner}", _remedy(key, KEYS[name], name))


def _remedy(key: str, known: tuple[str, ...], table: str) -> str:
    """Say what was probably meant: another table, another tool's word, another spelling."""
    if table and key in KEYS:
        return f"it is a table of its own: write {table_title(key)}"
    if owners := _owners(key, table):
        return f"{quoted(key)} belongs into {listed(owners, 'or')}"
    if remedy := _ELSEWHERE.get(key.lower().replace("_", "-")):
        return remedy
    return _spelling(key, known, table)


def _owners(key: str, table: str) -> list[str]:
    """The other tables that have such a key; a named environment is not the first place to think of."""
    owners = [owner for owner, keys in KEYS.items() if key in keys and owner != table]
    return [table_title(owner) for owner in owners if owner != "environments" or len(owners) == 1]


def _spelling(key: str, known: tuple[str, ...], table: str) -> str:
    if near := closest(key, known):
        return f"did you mean {quoted(near) if table else table_title(near)}?"
    if table:
        return f"{table_title(table)} knows {listed(known)}"
    if near := closest(key, [word for keys in KEYS.values() for word in keys]):
        owner = next(name for name, keys in KEYS.items() if near in keys)
        return f"did you mean {quoted(near)}? It belongs into {table_title(owner)}"
    return f"the tables are {listed(map(table_title, known))}"
