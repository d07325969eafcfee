"""`[tool.pdm]` (PDM's 'pyproject.toml' reference): development groups, sources, overrides."""

from __future__ import annotations

import re

from lockenv.formats.addresses import has_scheme, named_by
from lockenv.formats.gathering import Gathering
from lockenv.formats.incoming.tables import flag_of, leave_others, place, table, tables, text_of, texts_of
from lockenv.manifest.entries import Entry
from lockenv.manifest.model import IndexSource
from lockenv.manifest.words import quoted

_ABOUT = (
    "build",
    "version",
    "scripts",
    "distribution",
    "publish",
    "plugins",
    "package-type",
    "ignore_package_warnings",
)
_ROOT = re.compile(r"(?:file:)?/*\$\{PROJECT_ROOT\}/*")


def read(gathered: Gathering, tool: Entry, group: str) -> None:
    """Take what PDM's tables say."""
    del group  # the main dependencies stand in [project]
    leave_others(tool, (*_ABOUT, "dev-dependencies", "source", "resolution", "options"))
    _sources(gathered, tool)
    groups = table(tool, "dev-dependencies")
    for entry in groups.children() if groups is not None else ():
        name = gathered.group(place(entry), str(entry.path[-1]))
        for item in entry.items("requirements") if name is not None else ():
            text = item.text()
            if text is not None and name is not None:
                _requirement(gathered, item, text, name)
    _resolution(gathered, table(tool, "resolution"))
    _options(gathered, table(tool, "options"))


def _requirement(gathered: Gathering, entry: Entry, text: str, group: str) -> None:
    """A requirement, or ``-e`` and an address with ``#egg=``."""
    plain = _ROOT.sub("./", text)
    if not plain.startswith("-e"):
        gathered.require(place(entry), plain, group)
        return
    address = plain.removeprefix("-e").strip()
    said = named_by(address)
    if said is None:
        entry.refuse(f"{quoted(text)} does not say which package it is", "give it under [sources]")
        return
    gathered.require(place(entry), said[0], group)
    gathered.address(place(entry), said[0].partition("[")[0], address, editable=True)


def _sources(gathered: Gathering, tool: Entry) -> None:
    for entry in tables(tool, "source"):
        name, url = text_of(entry, "name"), text_of(entry, "url")
        own = [text for _, text in texts_of(entry, "include_packages")]
        leave_others(entry, ("name", "url", "type", "verify_ssl", "include_packages"))
        if entry.value.get("verify_ssl") is False:
            entry.refuse("`verify_ssl = false`: a host without a certificate is never trusted here")
        if url is None:
            continue
        if text_of(entry, "type") == "find_links" and has_scheme(url):
            entry.refuse(f"{quoted(url)} is a page of links, which is no index", "name the wheels under [sources]")
            continue
        declared = gathered.index(place(entry), url, name=name, explicit=bool(own))
        for package in own if declared is not None else ():
            if "*" in package:
                message = f"the names {quoted(package)} come from this index"
                entry.refuse(
                    f"{message}, which is not carried over", f'write packages = ["{package}"] below its name'
                )
            else:
                gathered.source(place(entry), package, IndexSource(index=declared or ""))


def _resolution(gathered: Gathering, entry: Entry | None) -> None:
    if entry is None:
        return
    leave_others(entry, ("allow-prereleases", "respect-source-order", "overrides"))
    if flag_of(entry, "allow-prereleases"):
        gathered.option(place(entry), "prereleases", "allow")
    overrides = table(entry, "overrides")
    for item in overrides.children() if overrides is not None else ():
        text, name = item.text(), str(item.path[-1])
        if text is None:
            continue
        if has_scheme(text):
            gathered.address(place(item), name, text)
            continue
        clause = text if re.match(r"[<>=!~]", text) or text == "*" else f"=={text}"
        gathered.constrain(
            place(item), f"{name}{clause.replace('*', '') if clause == '*' else clause}", override=True
        )


def _options(gathered: Gathering, entry: Entry | None) -> None:
    """Options that PDM's commands always get; those of the resolution are pip's."""
    for command in entry.children() if entry is not None else ():
        for item in command.items("options"):
            text = item.text() or ""
            option, _, value = text.partition("=")
            if option in {"--no-binary", "--only-binary"} and value:
                gathered.names(place(item), option.removeprefix("--"), value)
            elif text:
                item.refuse(f"{quoted(text)} is an option of PDM's own commands")
