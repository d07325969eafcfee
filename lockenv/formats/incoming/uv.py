"""`[tool.uv]` (uv's 'Settings' reference): sources, indexes, constraints, overrides and options of resolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from packaging.markers import InvalidMarker, Marker

from lockenv.formats.addresses import NotCarried, git_source, without_credentials
from lockenv.formats.gathering import Gathering
from lockenv.formats.incoming.packages import local_source
from lockenv.formats.incoming.tables import (
    flag_of,
    is_table,
    leave_others,
    place,
    table,
    text_of,
    texts_of,
)
from lockenv.manifest.entries import Entry
from lockenv.manifest.model import IndexSource, Source, UrlSource
from lockenv.manifest.words import quoted
from lockenv.packages import canonicalize_name

_Taker: TypeAlias = Callable[[Gathering, Entry], None]

#: What is of no consequence for an environment here.
_ABOUT = (
    *("package", "managed", "build-backend", "cache-keys", "cache-dir", "link-mode", "required-version", "pip"),
    *("python-preference", "python-downloads", "native-tls", "offline", "preview", "compile-bytecode"),
    *("concurrent-builds", "concurrent-downloads", "concurrent-installs", "publish-url", "default-groups"),
)
_PRERELEASES = {
    "allow": "allow",
    "disallow": "disallow",
    "if-necessary": "if-necessary",
    "if-necessary-or-explicit": "if-necessary",
    "explicit": "disallow",
}


def read(gathered: Gathering, tool: Entry, group: str) -> None:
    """Take what uv's table says."""
    del group  # the main dependencies stand in [project]
    leave_others(tool, (*_ABOUT, *_TAKERS, "dev-dependencies", "sources"))
    for key, taker in _TAKERS.items():
        entry = tool.child(key)
        if entry is not None:
            taker(gathered, entry)
    for item, text in texts_of(tool, "dev-dependencies"):
        gathered.group(place(item), "dev")
        gathered.require(place(item), text, "dev")
    sources = table(tool, "sources")
    for entry in sources.children() if sources is not None else ():
        for one in entry.items("sources") if isinstance(entry.value, list) else (entry,):
            if one.is_a(dict, "a table"):
                _source(gathered, one, str(entry.path[-1]))


# ── indexes


def _index_tables(gathered: Gathering, entry: Entry) -> None:
    for one in entry.items("tables"):
        if not one.is_a(dict, "a table"):
            continue
        leave_others(one, ("name", "url", "explicit", "default", "publish-url", "authenticate", "format"))
        url, name = text_of(one, "url"), text_of(one, "name")
        if one.value.get("format") == "flat" and url and url.startswith("http"):
            one.refuse(f"{quoted(url)} is a page of links, which is no index", "name the wheels under [sources]")
        elif url is not None:
            # uv asks an index before the default one; alone, it would stand in for it here.
            general = flag_of(one, "default") or any(
                item.value.get("default") is True for item in entry.items("tables") if is_table(item.value)
            )
            made = gathered.index(place(one), url, name=name, explicit=flag_of(one, "explicit") or not general)
            if made is not None and not general and not flag_of(one, "explicit"):
                _tell_owned(one, made)


def _tell_owned(entry: Entry, name: str) -> None:
    message = f"uv asks the index {quoted(name)} for every package; here it is asked only for its own"
    entry.refuse(message, f'say which: packages = ["…"] below name = "{name}"')


def _index_url(gathered: Gathering, entry: Entry) -> None:
    if url := entry.text():
        gathered.index(place(entry), url)


def _extra_index_url(gathered: Gathering, entry: Entry) -> None:
    for item in entry.items("URLs"):
        made = gathered.index(place(item), item.text() or "", explicit=True) if item.text() else None
        if made is not None:
            _tell_owned(item, made)


# ── options


def _constraints(gathered: Gathering, entry: Entry) -> None:
    for item in entry.items("requirements"):
        if text := item.text():
            gathered.constrain(place(item), text)


def _overrides(gathered: Gathering, entry: Entry) -> None:
    for item in entry.items("requirements"):
        if text := item.text():
            gathered.constrain(place(item), text, override=True)


def _prerelease(gathered: Gathering, entry: Entry) -> None:
    text = entry.text()
    if text in _PRERELEASES:
        gathered.option(place(entry), "prereleases", _PRERELEASES[text])
    elif text is not None:
        entry.refuse(f"{quoted(text)} is not known for pre-releases")


def _plain_option(key: str) -> _Taker:
    def take(gathered: Gathering, entry: Entry) -> None:
        gathered.option(place(entry), key, entry.value)

    return take


def _all(key: str) -> _Taker:
    def take(gathered: Gathering, entry: Entry) -> None:
        if entry.flag():
            gathered.names(place(entry), key, ":all:")

    return take


def _named(key: str) -> _Taker:
    def take(gathered: Gathering, entry: Entry) -> None:
        for item in entry.items("names of packages"):
            if text := item.text():
                gathered.names(place(item), key, text)

    return take


def _conflicts(gathered: Gathering, entry: Entry) -> None:
    """Sets of extras and groups, which are all groups here."""
    sets: list[list[str]] = []
    for item in entry.items("lists"):
        names: list[str] = [
            canonicalize_name(name)
            for member in item.items("tables")
            if is_table(member.value) and (name := text_of(member, "group") or text_of(member, "extra"))
        ]
        if len(names) == len(item.value):
            sets.append(names)
        else:
            item.refuse("this set of conflicts names something other than extras and groups")
    if sets:
        gathered.option(place(entry), "conflicts", sets)


def _environments(_: Gathering, entry: Entry) -> None:
    hint = 'name them: [targets] platforms = ["linux-x86_64", …]; the Pythons stand in [env] python'
    entry.refuse(f"{entry.title} are markers; a manifest names platforms", hint)


_TAKERS: dict[str, _Taker] = {
    "index": _index_tables,
    "index-url": _index_url,
    "extra-index-url": _extra_index_url,
    "constraint-dependencies": _constraints,
    "override-dependencies": _overrides,
    "prerelease": _prerelease,
    "resolution": _plain_option("strategy"),
    "exclude-newer": _plain_option("exclude-newer"),
    "exclude-newer-package": _plain_option("exclude-newer-package"),
    "no-build": _all("only-binary"),
    "no-build-package": _named("only-binary"),
    "no-binary": _all("no-binary"),
    "no-binary-package": _named("no-binary"),
    "conflicts": _conflicts,
    "environments": _environments,
    "required-environments": _environments,
}


# ── sources


def _source(gathered: Gathering, entry: Entry, name: str) -> None:
    leave_others(
        entry,
        ("index", "git", "rev", "tag", "branch", "subdirectory", "url", "path", "editable", "marker", "workspace"),
        "the source counts everywhere",
    )
    try:
        said = text_of(entry, "marker")
        source = _kind(gathered, entry, Marker(said) if said else None)
    except InvalidMarker:
        entry.refuse(f"the source of {quoted(name)} has a marker that is none (PEP 508)")
    except NotCarried as reason:
        entry.refuse(f"the source of {quoted(name)} is not carried over: {reason.message}", reason.hint)
    else:
        if source is not None:
            gathered.source(place(entry), name, source)


def _kind(gathered: Gathering, entry: Entry, marker: Marker | None) -> Source | None:
    """The source that a table says; None where it is the default index. Raises `NotCarried`."""
    subdirectory = text_of(entry, "subdirectory")
    if index := text_of(entry, "index"):
        known = any(one.value.name == index for one in gathered.indexes)
        return IndexSource(index=index, marker=marker) if known else None
    if address := text_of(entry, "git"):
        rev = next(filter(None, (text_of(entry, key) for key in ("rev", "tag", "branch"))), None)
        return git_source(address, rev=rev, subdirectory=subdirectory, marker=marker)
    if url := text_of(entry, "url"):
        return UrlSource(
            url=without_credentials(url)[0].partition("#")[0], subdirectory=subdirectory, marker=marker
        )
    if path := text_of(entry, "path"):
        editable = flag_of(entry, "editable")
        return local_source(gathered, entry, path, editable=editable, subdirectory=subdirectory, marker=marker)
    if flag_of(entry, "workspace"):
        raise NotCarried(
            "it is a member of the workspace", 'write { path = "…", editable = true } under [sources]'
        )
    raise NotCarried("it says no place", None)
