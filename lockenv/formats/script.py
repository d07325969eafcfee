"""What a script says of itself (PEP 723) as a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.specifiers import SpecifierSet

from lockenv.errors import ManifestError
from lockenv.formats.addresses import NotCarried, source_of
from lockenv.inline import Block
from lockenv.manifest.entries import Document, Entry
from lockenv.manifest.indexes import read_indexes
from lockenv.manifest.model import Manifest, Source
from lockenv.manifest.options import read_build, read_limits, read_options, read_startup, read_targets
from lockenv.manifest.requirements import plain, python_specifier, requirement_list
from lockenv.manifest.schema import check_keys
from lockenv.manifest.sources import read_sources
from lockenv.manifest.syntax import decode, parse
from lockenv.manifest.words import listed, quoted, suggestion
from lockenv.packages import NormalizedName, Requirement, canonicalize_name, parse_requirement

#: The keys of a block (PEP 723).
KEYS = ("requires-python", "dependencies", "tool")
#: The tables of env.toml that may stand under [tool.lockenv].
TABLES = ("targets", "index", "sources", "resolution", "build", "startup", "limits")
#: What of another tool's table decides what is installed.
_DECIDING = (
    "sources",
    "index",
    "extra-index-url",
    "index-url",
    "constraint-dependencies",
    "override-dependencies",
)


def read_script(block: Block, *, where: str, folder: str) -> tuple[Manifest, tuple[str, ...]]:
    """Read a block as a manifest, and say what a person should hear of it.

    `where` names the script in messages, `folder` is where it lies. Without `requires-python`, `python` admits
    every version. Raises `ManifestError` with everything that is wrong, each at its line of the script.
    """
    # Lines above the block are empty here, so that places are those of the script.
    text = decode(b"\n" * block.first + block.toml, where=where)
    document = Document(where=where, text=text, bare=frozenset(KEYS) - {"tool"})
    top = Entry(document, (), parse(text, where=where))
    _check_keys(top)
    dependencies = top.child("dependencies")
    direct = tuple(_direct(dependencies, folder))
    tables = {name: _table(top, name) for name in TABLES}
    manifest = Manifest(
        python=_python(top),
        dependencies=tuple(dict.fromkeys(plain(requirement_list(_without_addresses(dependencies))))),
        targets=read_targets(tables["targets"]),
        indexes=read_indexes(tables["index"]),
        sources=_sources(tables["sources"], tables["index"], direct),
        resolution=read_options(tables["resolution"]),
        build=read_build(tables["build"]),
        startup=read_startup(tables["startup"]),
        limits=read_limits(tables["limits"]),
    )
    problems = document.problems()
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ManifestError(f"the block of {where} has {count}", problems=problems)
    return manifest, tuple(_remarks(top, where))


def _check_keys(top: Entry) -> None:
    for key, value in top.value.items():
        if key not in KEYS:
            hint = suggestion(key, KEYS) or f"a script knows {listed(KEYS)} (PEP 723)"
            Entry(top.document, (key,), value).refuse(f"unknown key {quoted(key)}", hint)
    own = _own(top)
    for entry in own.children() if own else ():
        key = str(entry.path[-1])
        if key not in TABLES:
            hint = suggestion(key, TABLES) or f"a script may have {listed(TABLES)}"
            entry.refuse(f"unknown key {quoted(key)} in [tool.lockenv]", hint)


def _own(top: Entry) -> Entry | None:
    tool = top.child("tool")
    return tool.child("lockenv") if tool else None


def _table(top: Entry, name: str) -> Entry | None:
    own = _own(top)
    table = own.child(name) if own else None
    if table is None or name in {"index", "sources"}:
        return table  # whoever reads them looks at the keys of each item
    if not table.is_a(dict, "a table"):
        return None
    check_keys(table, name, f"[tool.lockenv.{name}]")
    return table


def _python(top: Entry) -> SpecifierSet:
    entry = top.child("requires-python")
    return (python_specifier(entry) if entry else None) or SpecifierSet()


# ── direct references


def _direct(entry: Entry | None, folder: str) -> Iterator[tuple[NormalizedName, Source]]:
    """The sources that requirements name themselves: ``name @ git+https://…`` (PEP 508)."""
    for item in entry.items("requirements") if entry else ():
        requirement = _addressed(item.value)
        if requirement is None or requirement.url is None:
            continue
        try:
            source = source_of(requirement.url, folder=folder, marker=requirement.marker)
            yield canonicalize_name(requirement.name), source
        except NotCarried as error:
            item.refuse(error.message, error.hint)


def _without_addresses(entry: Entry | None) -> Entry | None:
    """The dependencies, with names alone where they name a source."""
    if entry is None or not isinstance(entry.value, list):
        return entry
    return Entry(entry.document, entry.path, [_named(item) for item in entry.value])


def _named(item: Any) -> Any:
    requirement = _addressed(item)
    if requirement is None:
        return item
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{f' ; {requirement.marker}' if requirement.marker else ''}"


def _addressed(item: Any) -> Requirement | None:
    """A requirement that names an address; None for everything else."""
    try:
        requirement = parse_requirement(item) if isinstance(item, str) else None
    except InvalidRequirement:
        return None
    return requirement if requirement is not None and requirement.url and ":" in requirement.url else None


def _sources(
    table: Entry | None, indexes: Entry | None, direct: Sequence[tuple[NormalizedName, Source]]
) -> tuple[tuple[NormalizedName, Source], ...]:
    stated = read_sources(table, indexes)
    for name in {name for name, _ in stated} & {name for name, _ in direct}:
        if table is not None:
            table.refuse(f"{quoted(name)} names its source in `dependencies` too", "keep one of them")
    return tuple(sorted([*stated, *direct], key=lambda item: item[0]))


def _remarks(top: Entry, where: str) -> Iterator[str]:
    tools = top.value.get("tool", {})
    for tool, table in tools.items() if isinstance(tools, dict) else ():
        deciding = [key for key in _DECIDING if isinstance(table, dict) and key in table]
        if tool != "lockenv" and deciding:
            yield f"{listed(map(quoted, deciding))} of [tool.{tool}] in {where} counts for {tool} only"
