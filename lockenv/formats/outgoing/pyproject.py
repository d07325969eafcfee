"""A pyproject.toml from a manifest: `[project]` (PEP 621) and `[dependency-groups]` (PEP 735)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from lockenv.formats.env_toml import written
from lockenv.formats.incoming.versions import clauses
from lockenv.formats.outgoing.requirements_txt import Given
from lockenv.lockfile import toml
from lockenv.manifest.model import GitSource, Group, IndexSource, Manifest, PathSource, Source, UrlSource
from lockenv.packages import Requirement, canonicalize_name


def pyproject(manifest: Manifest, *, name: str) -> Given:
    """Write the tables that the standards know; what they have no word for is told.

    Sources by URL and Git become direct references (PEP 508), where one source counts everywhere.
    """
    sources: dict[str, Source] = {name: source for name, source in manifest.sources if source.marker is None}
    lines = [
        "[project]",
        f"name = {toml.string(canonicalize_name(name))}",
        'version = "0"',
        f"requires-python = {toml.string(','.join(clauses(manifest.python)))}",
        f"dependencies = {toml.lines(_texts(manifest.dependencies, sources))}",
    ]
    if manifest.groups:
        lines += ["", "[dependency-groups]", *(_group(group, sources) for group in manifest.groups)]
    return Given(text="\n".join(lines) + "\n", warnings=tuple(_untold(manifest)))


def _group(group: Group, sources: dict[str, Source]) -> str:
    """A group with what it includes written out: the manifest's reader has followed it."""
    return f"{group.name} = {toml.lines(_texts(group.requirements, sources))}"


def _texts(requirements: tuple[Requirement, ...], sources: dict[str, Source]) -> list[str]:
    return [_text(requirement, sources.get(canonicalize_name(requirement.name))) for requirement in requirements]


def _text(requirement: Requirement, source: Source | None) -> str:
    match source:
        case GitSource():
            url = f"git+{source.git}" + (f"@{source.rev}" if source.rev else "")
        case UrlSource():
            url = source.url
        case _:
            return written(requirement)
    inside = f"#subdirectory={quote(source.subdirectory)}" if source.subdirectory else ""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker is not None else ""
    return f"{requirement.name}{extras} @ {url}{inside}{marker}"


def _untold(manifest: Manifest) -> Iterator[str]:
    for name, source in manifest.sources:
        if isinstance(source, PathSource | IndexSource) or source.marker is not None:
            yield f"the source of {name} is not carried over: no standard table has a word for it"
    options = manifest.resolution
    for key, said in (("constraints", options.constraints), ("overrides", options.overrides)):
        if said:
            yield f"[resolution] {key} are not carried over: no standard table has a word for them"
    if manifest.indexes:
        yield "[[index]] is not carried over: no standard table has a word for it"
    if manifest.targets is not None:
        yield "[targets] are not carried over: no standard table has a word for them"
