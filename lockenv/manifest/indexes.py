"""`[[index]]`: the indexes that packages come from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lockenv.manifest.addresses import has_userinfo, is_place
from lockenv.manifest.entries import Entry
from lockenv.manifest.schema import check_keys
from lockenv.manifest.words import quoted
from lockenv.packages import Index

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PATTERN = r"[A-Za-z0-9._*?\[\]!-]+"


def read_indexes(entry: Entry | None) -> tuple[Index, ...]:
    """Read the indexes in order of declaration."""
    if entry is None:
        return ()
    if isinstance(entry.value, dict):
        entry.refuse("an index is one of several", "write [[index]] with two brackets")
        return ()
    tables = [item for item in entry.items("tables", "[[index]]") if item.is_a(dict, "a table")]
    read = [(table, _index(table)) for table in tables]
    indexes = [(table, index) for table, index in read if index is not None]
    _check_names(indexes)
    _check_ownership(indexes)
    return tuple(index for _, index in indexes)


def _index(table: Entry) -> Index | None:
    check_keys(table, "index")
    name = _index_name(table)
    url = _index_url(table, name)
    packages = table.child("packages")
    patterns = _patterns(packages) if packages else ()
    explicit, times = _flag(table, "explicit", False), _flag(table, "upload-times", True)
    if name is None or url is None:
        return None
    return Index(name=name, url=url, packages=patterns, explicit=explicit, upload_times=times)


def _flag(table: Entry, key: str, default: bool) -> bool:
    entry = table.child(key)
    return entry.flag(default) if entry else default


def _index_name(table: Entry) -> str | None:
    entry = table.child("name")
    if entry is None:
        table.refuse("this [[index]] has no `name`", 'write name = "…"')
        return None
    name = entry.text()
    if name is not None and not re.fullmatch(_NAME, name):
        entry.refuse(f"{quoted(name)} cannot name an index", "use letters, digits, `-`, `_` and `.`")
        return None
    return name


def _variable_part(name: str) -> str:
    """Write a name as it stands in LOCKENV_INDEX_<NAME>_USERNAME."""
    return re.sub(r"[._-]", "_", name).upper()


def _index_url(table: Entry, name: str | None) -> str | None:
    entry = table.child("url")
    if entry is None:
        table.refuse("this [[index]] has no `url`", 'write url = "https://…/simple/", or a folder beside env.toml')
        return None
    url = entry.text()
    if url is None:
        return None
    if has_userinfo(url):
        prefix = f"LOCKENV_INDEX_{_variable_part(name or '<name>')}"
        hint = f"set {prefix}_USERNAME and {prefix}_PASSWORD, or use netrc or the keyring"
        entry.refuse("`url` holds credentials; a manifest is committed and holds no secrets", hint)
        return None
    return url if is_place(entry, url, ("https", "http", "file")) else None


def _patterns(entry: Entry) -> tuple[str, ...]:
    """Read patterns over names (`fnmatch`), normalised as names are (PEP 503)."""
    patterns: dict[str, None] = {}
    for item in entry.items("names or patterns", '["acme-*"]'):
        text = item.text()
        if text is None:
            continue
        pattern = re.sub(r"[._-]+", "-", text).lower()
        if not re.fullmatch(_PATTERN, text):
            item.refuse(
                f"{quoted(text)} is no pattern of names", "use letters, digits, `-`, `_`, `.`, `*` and `?`"
            )
        elif pattern in patterns:
            item.refuse(f"{quoted(pattern)} stands here already")
        else:
            patterns[pattern] = None
    return tuple(patterns)


def _check_names(indexes: Sequence[tuple[Entry, Index]]) -> None:
    """Refuse two names that are the same, or would share the variables of their credentials."""
    seen: dict[str, tuple[Entry, Index]] = {}
    for table, index in indexes:
        other = seen.setdefault(_variable_part(index.name), (table, index))
        if other[1] is index:
            continue
        place = f"line {other[0].line}"
        if other[1].name == index.name:
            message = f"two indexes are called {quoted(index.name)}, the other on {place}"
        else:
            message = f"the names {quoted(index.name)} and {quoted(other[1].name)} ({place}) differ too little"
        (table.child("name") or table).refuse(message, "give each its own name")


def _check_ownership(indexes: Sequence[tuple[Entry, Index]]) -> None:
    owners: dict[str, str] = {}
    for table, index in indexes:
        for pattern in index.packages:
            owner = owners.setdefault(pattern, index.name)
            if owner != index.name:
                message = f"{quoted(pattern)} belongs to the index {quoted(owner)} already"
                (table.child("packages") or table).refuse(message, "a package comes from one index")
