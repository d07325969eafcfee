"""`[tool.poetry]` (Poetry's 'The pyproject.toml file' and 'Dependency specification')."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet

from lockenv.formats.addresses import NotCarried
from lockenv.formats.gathering import Gathering
from lockenv.formats.incoming import packages
from lockenv.formats.incoming.tables import flag_of, leave_others, place, table, tables, text_of, texts_of
from lockenv.formats.incoming.versions import poetry as versions
from lockenv.graph import MAIN
from lockenv.manifest.entries import Entry
from lockenv.manifest.words import quoted
from lockenv.packages import Requirement, canonicalize_name

#: What describes the package that is published; an environment has no use for it.
_ABOUT = (
    *("name", "version", "description", "authors", "maintainers", "license", "readme", "homepage", "repository"),
    *("documentation", "keywords", "classifiers", "packages", "include", "exclude", "scripts", "plugins", "urls"),
    *("package-mode", "build", "requires-poetry", "requires-plugins", "exclude-newer"),
)
#: The Pythons that lockenv serves: what a choice says of older ones is of no consequence.
_SERVED = SpecifierSet(">=3.8")
_TAKEN = ("dependencies", "dev-dependencies", "group", "extras", "source")


def read(gathered: Gathering, tool: Entry, group: str) -> None:
    """Take what Poetry's tables say; the main dependencies go into `group`."""
    leave_others(tool, (*_ABOUT, *_TAKEN))
    gathered.call(place(tool), text_of(tool, "name"))
    _indexes(gathered, tool)
    optional = _main(gathered, table(tool, "dependencies"), group)
    _packages(gathered, table(tool, "dev-dependencies"), "dev")
    groups = table(tool, "group")
    for entry in groups.children() if groups is not None else ():
        _group(gathered, entry)
    _extras(gathered, table(tool, "extras"), optional, group)


def _indexes(gathered: Gathering, tool: Entry) -> None:
    for entry in tables(tool, "source"):
        name, url = text_of(entry, "name"), text_of(entry, "url")
        priority = (text_of(entry, "priority") or "primary").lower()
        if url is None:
            if name is not None and canonicalize_name(name) != "pypi":
                entry.refuse(f"the source {quoted(name)} has no `url`")
            continue
        gathered.index(place(entry), url, name=name, explicit=priority in {"explicit", "supplemental"})
        if priority == "supplemental":
            message = (
                f"{quoted(name or url)} is asked in Poetry for what is found nowhere else; here only for its own"
            )
            entry.refuse(message, 'say which: packages = ["…"] below its name')


def _main(gathered: Gathering, entry: Entry | None, group: str) -> dict[str, Entry]:
    """Take the main dependencies; those that are optional are kept for the extras that name them."""
    optional: dict[str, Entry] = {}
    for package in entry.children() if entry is not None else ():
        if package.path[-1] == "python":
            _python(gathered, package)
        elif isinstance(package.value, dict) and flag_of(package, "optional"):
            optional[canonicalize_name(str(package.path[-1]))] = package
        else:
            packages.take(gathered, package, group, versions)
    return optional


def _python(gathered: Gathering, entry: Entry) -> None:
    text = entry.text()
    try:
        said = versions(text, above=_SERVED) if text else None
    except NotCarried as reason:
        entry.refuse(reason.message, reason.hint)
        return
    if said is not None and gathered.python is None:
        gathered.take_python(place(entry), str(said))


def _group(gathered: Gathering, entry: Entry) -> None:
    name = gathered.group(place(entry), str(entry.path[-1]))
    if name is None or not entry.is_a(dict, "a table"):
        return
    leave_others(entry, ("dependencies", "optional", "include-groups"))
    _packages(gathered, table(entry, "dependencies"), name)
    for item, included in texts_of(entry, "include-groups"):
        gathered.include(place(item), name, canonicalize_name(included))


def _packages(gathered: Gathering, entry: Entry | None, group: str) -> None:
    if entry is None or gathered.group(place(entry), group) is None:
        return
    for package in entry.children():
        packages.take(gathered, package, group, versions)


def _extras(gathered: Gathering, extras: Entry | None, optional: dict[str, Entry], group: str) -> None:
    """An extra becomes a group of the optional packages that it names."""
    named: set[str] = set()
    for entry in extras.children() if extras is not None else ():
        into = gathered.group(place(entry), str(entry.path[-1]))
        for item in entry.items("names of packages") if into is not None else ():
            text = item.text()
            own = canonicalize_name(text.partition("[")[0]) if text else ""
            named.add(own)
            if own in optional and into is not None:
                packages.take(gathered, optional[own], into, versions)
            elif text and own not in _asked(gathered, group):
                item.refuse(f"{quoted(text)} is no optional dependency")
    for name, entry in optional.items():
        if name not in named:
            entry.refuse(f"{quoted(name)} is optional, and no extra names it: it is left out")


def _asked(gathered: Gathering, group: str) -> set[str]:
    held = (*gathered.items.get(group, ()), *gathered.items[MAIN])
    return {canonicalize_name(one.value.name) for one in held if isinstance(one.value, Requirement)}
