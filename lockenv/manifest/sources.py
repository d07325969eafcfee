"""`[sources]`: where single packages come from."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from packaging.markers import InvalidMarker, Marker

from lockenv.manifest.addresses import has_userinfo, is_inside, is_place, is_relative, scheme_of, userinfo
from lockenv.manifest.entries import Entry
from lockenv.manifest.model import GitSource, IndexSource, PathSource, Source, UrlSource
from lockenv.manifest.requirements import foreign_variable, package_name
from lockenv.manifest.schema import check_keys
from lockenv.manifest.words import listed, quoted, shown, suggestion
from lockenv.packages import NormalizedName, canonicalize_name

_KINDS = ("index", "path", "git", "url")
_ALLOWED = {
    "index": {"index"},
    "path": {"path", "editable", "subdirectory"},
    "git": {"git", "rev", "subdirectory"},
    "url": {"url", "subdirectory"},
}
_CREDENTIALS_REMEDY = "give them in netrc or the keyring"
_SECRETS = "holds credentials; a manifest is committed and holds no secrets"
# git-check-ref-format(1): what no name of a tag or branch, and so no revision, holds. A dash begins an option.
_NO_REVISION = r"^-|[\s\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^/|/$|\.lock$"


def read_sources(table: Entry | None, indexes: Entry | None) -> tuple[tuple[NormalizedName, Source], ...]:
    """Read the sources, sorted by name; `indexes` are the declared ones, valid or not."""
    known = _declared_names(indexes)
    lines: dict[NormalizedName, Entry] = {}
    sources: dict[NormalizedName, tuple[Source, ...]] = {}
    for entry in table.children() if table else ():
        name = package_name(entry, str(entry.path[-1]))
        own = tuple(_sources(entry, name, known))
        if name is None:
            continue
        if name in lines:
            entry.refuse(f"{quoted(name)} has a source already, on line {lines[name].line}", "keep one of them")
        lines.setdefault(name, entry)
        sources.setdefault(name, own)
    return tuple((name, source) for name in sorted(sources) for source in sources[name])


def _declared_names(indexes: Entry | None) -> tuple[str, ...]:
    tables = indexes.value if indexes and isinstance(indexes.value, list) else []
    names = (table.get("name") for table in tables if isinstance(table, dict))
    return tuple(name.strip() for name in names if isinstance(name, str))


# ── one name


def _sources(entry: Entry, name: NormalizedName | None, indexes: tuple[str, ...]) -> Iterator[Source]:
    """Read the source of one name, or several that markers tell apart, in the order of their markers."""
    if not isinstance(entry.value, list):
        source = _source(entry, name, indexes)
        if source is not None:
            yield source
        return
    if not entry.value:
        entry.refuse(f"{entry.title} is empty", 'write { index = "…" }')
    read = [(item, _source(item, name, indexes)) for item in entry.items("sources")]
    stated = [(item, source) for item, source in read if source is not None]
    _check_apart(stated)
    yield from sorted((source for _, source in stated), key=lambda source: str(source.marker))


def _check_apart(stated: Sequence[tuple[Entry, Source]]) -> None:
    """Refuse sources of one package of which two could be meant at once."""
    if len(stated) < 2:
        return
    bare = [entry for entry, source in stated if source.marker is None]
    for entry in bare:
        if "marker" not in entry.value:
            entry.refuse(
                "where a package has several sources, each has a marker",
                "write marker = \"sys_platform == 'linux'\"",
            )
    if bare:
        return
    from lockenv.markers.disjoint import disjoint  # few manifests have several sources of one package

    for (first, one), (second, other) in itertools.combinations(stated, 2):
        if not disjoint(one.marker, other.marker):
            message = f"{quoted(str(one.marker))} (line {first.line}) and {quoted(str(other.marker))}"
            second.refuse(
                f"two sources may be meant at once: {message} can both be true", "let one exclude the other"
            )


def _source(entry: Entry, name: NormalizedName | None, indexes: tuple[str, ...]) -> Source | None:
    if isinstance(entry.value, str):
        of = name or str(entry.path[-1])
        entry.refuse(f"the source of {quoted(of)} must be a table, not text", 'write { index = "…" }')
        return None
    if not entry.is_a(dict, "a table", '{ index = "…" }'):
        return None
    check_keys(entry, "sources")
    kinds = [kind for kind in _KINDS if kind in entry.value]
    if len(kinds) != 1:
        given = f"are {listed(map(quoted, kinds))}" if kinds else "is none"
        entry.refuse(f"a source has one of `index`, `path`, `git` and `url`; here {given}")
        return None
    _check_company(entry, kinds[0])
    return _read_kind(entry, kinds[0], name, indexes)


def _check_company(entry: Entry, kind: str) -> None:
    """Refuse keys that belong to sources of another kind."""
    for key in entry.value:
        owners = [other for other in _KINDS if key in _ALLOWED[other]]
        if owners and kind not in owners:
            misplaced = Entry(entry.document, (*entry.path, key), entry.value[key])
            misplaced.refuse(
                f"{quoted(key)} goes with {listed(map(quoted, owners), 'or')}, not with {quoted(kind)}"
            )


def _read_kind(entry: Entry, kind: str, name: NormalizedName | None, indexes: tuple[str, ...]) -> Source | None:
    """Read every key, so that each is judged, and make the source if its address is one."""
    place, subdirectory, marker = entry.child(kind), _subdirectory(entry), _marker(entry)
    text = place.text() if place else None
    revision, editable = _revision(entry), _editable(entry)
    if place is None or text is None or not _is_address(entry, place, text, name, indexes):
        return None
    match kind:
        case "index":
            return IndexSource(index=text, marker=marker)
        case "path":
            return PathSource(path=text, editable=editable, subdirectory=subdirectory, marker=marker)
        case "git":
            return GitSource(git=text, rev=revision, subdirectory=subdirectory, marker=marker)
        case _:
            return UrlSource(url=text, subdirectory=subdirectory, marker=marker)


def _is_address(
    entry: Entry, place: Entry, text: str, name: NormalizedName | None, indexes: tuple[str, ...]
) -> bool:
    """Whether the text is what a source of its kind takes; refuses it otherwise."""
    match place.path[-1]:
        case "index":
            return _is_known_index(place, text, indexes)
        case "path":
            return _is_path(place, text) and _is_right_file(entry, place, text, name)
        case "git":
            return _is_git(place, text)
        case _:
            return _is_file_url(place, text) and _is_right_file(entry, place, text.partition("?")[0], name)


# ── the keys of a source


def _subdirectory(entry: Entry) -> str | None:
    child = entry.child("subdirectory")
    text = child.text() if child else None
    return text if child and text and is_inside(child, text) else None


def _marker(entry: Entry) -> Marker | None:
    child = entry.child("marker")
    text = child.text("\"sys_platform == 'linux'\"") if child else None
    if child is None or text is None:
        return None
    try:
        marker = Marker(text)
    except InvalidMarker:
        from lockenv.manifest.slips import why_no_marker  # only a mistake needs its many patterns

        reason, hint = why_no_marker(text)
        child.refuse(f"{quoted(text)} is not a marker: {reason}", hint)
        return None
    if variable := foreign_variable(marker):
        child.refuse(f"{quoted(text)}: the marker variable `{variable}` means nothing in a manifest")
        return None
    return marker


def _revision(entry: Entry) -> str | None:
    child = entry.child("rev")
    text = child.text() if child else None
    if child and text and re.search(_NO_REVISION, text):
        child.refuse(f"{quoted(text)} is no revision", "write a tag, a branch or a commit")
        return None
    return text


def _editable(entry: Entry) -> bool:
    child = entry.child("editable")
    return child.flag() if child else False


def _is_right_file(entry: Entry, place: Entry, address: str, name: NormalizedName | None) -> bool:
    """Whether this is no wheel, or a wheel of the package; refuses what goes only with what is built, too."""
    file = unquote(address.rpartition("/")[2])
    if not file.endswith(".whl"):
        return True
    for key in ("editable", "subdirectory"):
        if child := entry.child(key):
            child.refuse(f"{quoted(key)} does not go with a wheel, which is installed as it is")
    project = canonicalize_name(file.partition("-")[0])
    if name is not None and project != name:
        place.refuse(f"{quoted(file)} is a wheel of {quoted(project)}, not of {quoted(name)}")
        return False
    return True


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
    return is_relative(entry, path)


def _is_git(entry: Entry, url: str) -> bool:
    scp = re.fullmatch(r"([\w.-]+@[\w.-]+):(?!//)(.+)", url)
    user = userinfo(url)
    address, at, revision = url.rpartition("@")
    if url.startswith("git+"):
        plain = url.removeprefix("git+")
        entry.refuse("`git` takes the address as git does, without `git+`", f"write {quoted(plain)}")
    elif scp:
        entry.refuse(f"{quoted(url)} is no URL", f"write {quoted(f'ssh://{scp[1]}/{scp[2]}')}")
    elif ":" in user or (user and scheme_of(url) != "ssh"):
        entry.refuse(f"`git` {_SECRETS}", _CREDENTIALS_REMEDY)
    elif "#" in url:
        entry.refuse("`git` takes an address without `#`", 'write subdirectory = "…" for a folder inside')
    elif at and scheme_of(url) and "/" in address.partition("://")[2] and "/" not in revision:
        entry.refuse("`git` takes an address without a revision", _as_git(address, revision))
    else:
        return is_place(entry, url, ("https", "ssh", "file"))
    return False


def _as_git(address: str, revision: str = "") -> str:
    rev = f', rev = "{shown(revision)}"' if revision else ""
    return f'write git = "{shown(address)}"{rev}'


def _is_file_url(entry: Entry, url: str) -> bool:
    if has_userinfo(url):
        entry.refuse(f"`url` {_SECRETS}", _CREDENTIALS_REMEDY)
    elif scheme_of(url) is None:
        entry.refuse(f"{quoted(url)} is no URL", 'a file or folder beside env.toml is written { path = "…" }')
    elif url.startswith("git+") or url.endswith(".git"):
        entry.refuse(f"{quoted(url)} is no file", _as_git(url.removeprefix("git+")))
    elif "#" in url:
        entry.refuse("`url` takes an address without `#`", _of_fragment(url))
    else:
        return is_place(entry, url, ("https", "http", "file"))
    return False


def _of_fragment(url: str) -> str:
    """Say where goes what pip takes behind `#`."""
    if match := re.search(r"[#&]subdirectory=([^&]+)", url):
        return f'write subdirectory = "{shown(match[1])}"'
    return "leave it out; the lock holds the hash"
