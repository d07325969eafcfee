"""`[[index]]` and `[sources]`: where packages come from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lockenv.manifest.entries import Entry
from lockenv.manifest.model import GitSource, IndexSource, PathSource, Source, UrlSource
from lockenv.manifest.requirements import package_name
from lockenv.manifest.schema import check_keys
from lockenv.manifest.words import listed, quoted, suggestion
from lockenv.packages import Index, NormalizedName

_INDEX_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_PATTERN = r"[A-Za-z0-9._*?\[\]!-]+"
_SCHEME = r"([A-Za-z][A-Za-z0-9+.-]+):(//)?"  # two letters at least: `C:` is a drive
_AUTHORITY = r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)"
_KINDS = ("index", "path", "git", "url")
_ALLOWED = {
    "index": {"index"},
    "path": {"path", "editable", "subdirectory"},
    "git": {"git", "rev", "subdirectory"},
    "url": {"url", "subdirectory"},
}
_CREDENTIALS_OF_SOURCE = "give them in netrc or the keyring"


# ── [[index]]


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
    explicit = table.child("explicit")
    patterns = _patterns(packages) if packages else ()
    flag = explicit.flag() if explicit else False
    return Index(name=name, url=url, packages=patterns, explicit=flag) if name and url else None


def _index_name(table: Entry) -> str | None:
    entry = table.child("name")
    if entry is None:
        table.refuse("this [[index]] has no `name`", 'write name = "…"')
        return None
    name = entry.text()
    if name is not None and not re.fullmatch(_INDEX_NAME, name):
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
    if _has_credentials(url):
        prefix = f"LOCKENV_INDEX_{_variable_part(name or '<name>')}"
        hint = f"set {prefix}_USERNAME and {prefix}_PASSWORD, or use netrc or the keyring"
        entry.refuse("`url` holds credentials; a manifest is committed and holds no secrets", hint)
        return None
    return url if _is_place(entry, url, ("https", "http", "file")) else None


def _has_credentials(url: str) -> bool:
    match = re.match(_AUTHORITY, url)
    return match is not None and "@" in match[1]


def _is_place(entry: Entry, text: str, schemes: Sequence[str]) -> bool:
    """Whether this is a URL of one of these schemes or a relative path; refuses it otherwise."""
    scheme = re.match(_SCHEME, text)
    if scheme is None:
        return _is_relative(entry, text)
    if scheme[1].lower() not in schemes or not scheme[2]:
        entry.refuse(f"{quoted(text)} is no URL that can be used here", f"it begins with {_beginnings(schemes)}")
    elif not text.isprintable() or " " in text:
        entry.refuse(f"{quoted(text)} is no URL: it holds a space or control character")
    elif scheme[1].lower() != "file" and not text[scheme.end() :].partition("/")[0]:
        entry.refuse(f"{quoted(text)} names no host")
    else:
        return True
    return False


def _beginnings(schemes: Sequence[str]) -> str:
    return listed((f"{scheme}://" for scheme in schemes), "or")


def _is_relative(entry: Entry, path: str) -> bool:
    """Whether this is a relative POSIX path; refuses it otherwise."""
    if path.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", path):
        entry.refuse(
            f"{quoted(path)} is a place on one machine; the manifest is for all",
            "write a path relative to env.toml",
        )
    elif "\\" in path:
        entry.refuse(f"{quoted(path)} has backslashes, which only Windows reads", f"write {quoted(_posix(path))}")
    elif not path.isprintable():
        entry.refuse(f"{quoted(path)} holds a control character")
    else:
        return True
    return False


def _posix(path: str) -> str:
    return path.replace("\\", "/")


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


# ── [sources]


def read_sources(table: Entry | None, indexes: Entry | None) -> tuple[tuple[NormalizedName, Source], ...]:
    """Read the sources, sorted by name; `indexes` are the declared ones, valid or not."""
    known = _declared_names(indexes)
    lines: dict[NormalizedName, Entry] = {}
    sources: dict[NormalizedName, Source] = {}
    for entry in table.children() if table else ():
        name = package_name(entry, str(entry.path[-1]))
        source = _source(entry, known)
        if name is None:
            continue
        if name in lines:
            entry.refuse(f"{quoted(name)} has a source already, on line {lines[name].line}", "keep one of them")
        elif source is not None:
            sources[name] = source
        lines.setdefault(name, entry)
    return tuple(sorted(sources.items(), key=lambda item: item[0]))


def _declared_names(indexes: Entry | None) -> tuple[str, ...]:
    tables = indexes.value if indexes and isinstance(indexes.value, list) else []
    names = (table.get("name") for table in tables if isinstance(table, dict))
    return tuple(name.strip() for name in names if isinstance(name, str))


def _source(entry: Entry, indexes: tuple[str, ...]) -> Source | None:
    if isinstance(entry.value, str):
        entry.refuse(
            f"the source of {quoted(str(entry.path[-1]))} must be a table, not text", 'write { index = "…" }'
        )
        return None
    if not entry.is_a(dict, "a table", '{ index = "…" }'):
        return None
    check_keys(entry, "sources")
    kinds = [kind for kind in _KINDS if kind in entry.value]
    if len(kinds) != 1:
        given = listed(map(quoted, kinds)) if kinds else "none"
        entry.refuse(f"a source has one of `index`, `path`, `git` and `url`; here {_are(kinds)} {given}")
        return None
    kind = kinds[0]
    for key in entry.value:
        owners = [other for other in _KINDS if key in _ALLOWED[other]]
        if owners and kind not in owners:
            misplaced = Entry(entry.document, (*entry.path, key), entry.value[key])
            misplaced.refuse(
                f"{quoted(key)} goes with {listed(map(quoted, owners), 'or')}, not with {quoted(kind)}"
            )
    return _read_kind(entry, kind, indexes)


def _are(kinds: Sequence[str]) -> str:
    return "are" if len(kinds) > 1 else "is"


def _read_kind(entry: Entry, kind: str, indexes: tuple[str, ...]) -> Source | None:
    place = entry.child(kind)
    text = place.text() if place else None
    subdirectory = _optional_path(entry.child("subdirectory"))
    if place is None or text is None:
        return None
    match kind:
        case "index":
            return IndexSource(index=text) if _is_known_index(place, text, indexes) else None
        case "path":
            editable = entry.child("editable")
            flag = editable.flag() if editable else False
            return (
                PathSource(path=text, editable=flag, subdirectory=subdirectory) if _is_path(place, text) else None
            )
        case "git":
            rev = entry.child("rev")
            revision = rev.text() if rev else None
            return GitSource(git=text, rev=revision, subdirectory=subdirectory) if _is_git(place, text) else None
        case _:
            return UrlSource(url=text, subdirectory=subdirectory) if _is_file_url(place, text) else None


def _optional_path(entry: Entry | None) -> str | None:
    text = entry.text() if entry else None
    return text if entry and text and _is_relative(entry, text) else None


def _is_known_index(entry: Entry, name: str, indexes: tuple[str, ...]) -> bool:
    if name in indexes:
        return True
    hint = suggestion(name, indexes) or (f"there is {listed(indexes)}" if indexes else "declare it with [[index]]")
    entry.refuse(f"there is no index {quoted(name)}", hint)
    return False


def _is_path(entry: Entry, path: str) -> bool:
    if path.startswith("file:") or "://" in path:
        entry.refuse(f"{quoted(path)} is a URL, not a path", "write a path relative to env.toml")
        return False
    return _is_relative(entry, path)


def _is_git(entry: Entry, url: str) -> bool:
    if url.startswith("git+"):
        entry.refuse(
            "`git` takes the address as git does, without `git+`", f"write {quoted(url.removeprefix('git+'))}"
        )
        return False
    if scp := re.fullmatch(r"([\w.-]+@[\w.-]+):(?!//)(.+)", url):
        entry.refuse(f"{quoted(url)} is no URL", f"write {quoted(f'ssh://{scp[1]}/{scp[2]}')}")
        return False
    authority = re.match(_AUTHORITY, url)
    user = authority[1].rpartition("@")[0] if authority else ""
    if ":" in user or (user and not url.startswith("ssh://")):
        entry.refuse(
            "`git` holds credentials; a manifest is committed and holds no secrets", _CREDENTIALS_OF_SOURCE
        )
        return False
    return _is_place(entry, url, ("https", "http", "ssh", "git", "file"))


def _is_file_url(entry: Entry, url: str) -> bool:
    if _has_credentials(url):
        entry.refuse(
            "`url` holds credentials; a manifest is committed and holds no secrets", _CREDENTIALS_OF_SOURCE
        )
        return False
    if not re.match(_SCHEME, url):
        entry.refuse(f"{quoted(url)} is no URL", 'a file or folder beside env.toml is written { path = "…" }')
        return False
    return _is_place(entry, url, ("https", "http", "file"))
