"""What a project says without running code: `[project]` (PEP 621) and `[build-system]` (PEP 517, 518). Pure."""

from __future__ import annotations

import tomllib
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName
from packaging.version import InvalidVersion, Version

from lockenv.archive.names import refusal
from lockenv.errors import BuildError, MetadataError
from lockenv.packages import Metadata, NormalizedName, canonicalize_name
from lockenv.values import dataclass

#: What a pyproject.toml without `build-backend` means (PEP 517, and PEP 518 for `requires`).
LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools>=40.8.0",)

#: The keys of `[project]` that resolution reads, and that a build may not change unless they are dynamic.
_DECIDING = frozenset({"name", "version", "requires-python", "dependencies", "optional-dependencies"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """`[build-system]`: what a build needs, and which object has the hooks.

    `backend_path` are folders within the tree, POSIX, that a backend is imported from.
    """

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] = ()


LEGACY = BuildSystem(requires=LEGACY_REQUIRES, backend=LEGACY_BACKEND)


class _Nonsense(Exception):
    """A key that holds something else than the standard says; the argument tells."""


def read_build_system(content: bytes | None, *, shown: str) -> BuildSystem:
    """Read `[build-system]` of a pyproject.toml; what PEP 517 and 518 lay down where there is none.

    Raises `BuildError` for what is no such table.
    """
    if content is None:
        return LEGACY
    try:
        table = _table(_parsed(content), "build-system")
        return LEGACY if table is None else _build_system(table)
    except _Nonsense as nonsense:
        raise BuildError(
            f"{shown} cannot be built: its pyproject.toml is broken: {nonsense}", hint="tell the package's authors"
        ) from None


def _build_system(table: dict[str, Any]) -> BuildSystem:
    if "requires" not in table:
        msg = "[build-system] has no `requires` (PEP 518)"
        raise _Nonsense(msg)
    requires = _texts(table, "build-system", "requires")
    for text in requires:
        _requirement(text, "build-system.requires")
    backend = table.get("build-backend", LEGACY_BACKEND)
    if not isinstance(backend, str) or not _is_object_reference(backend):
        msg = f"build-system.build-backend is {backend!r}, which names no object"
        raise _Nonsense(msg)
    paths = _texts(table, "build-system", "backend-path")
    for path in paths:
        # PEP 517: relative, and within the tree. Its own folder is written as `.`.
        if path != "." and (reason := refusal(path.removeprefix("./").removesuffix("/"))):
            msg = f"build-system.backend-path holds {path!r}, which is refused for {reason}"
            raise _Nonsense(msg)
    if paths and "build-backend" not in table:
        msg = "build-system.backend-path stands without a build-backend"
        raise _Nonsense(msg)
    return BuildSystem(requires=requires, backend=backend, backend_path=paths)


def _is_object_reference(text: str) -> bool:
    module, colon, attribute = text.partition(":")
    parts = [*module.split("."), *(attribute.split(".") if colon else ())]
    return all(part.isidentifier() for part in parts)


def read_project(content: bytes, *, shown: str) -> Metadata | None:
    """Read `[project]` as metadata; None where a build could still change any of it (PEP 621, `dynamic`).

    Raises `MetadataError` for what is no such table.
    """
    try:
        table = _table(_parsed(content), "project")
        if table is None or "version" not in table:
            return None
        return None if _DECIDING.intersection(_texts(table, "project", "dynamic")) else _metadata(table)
    except _Nonsense as nonsense:
        raise MetadataError(
            f"the metadata of {shown} is broken: pyproject.toml: {nonsense}", hint="tell the package's authors"
        ) from None


def _metadata(table: dict[str, Any]) -> Metadata | None:
    extras = _table(table, "optional-dependencies", "project.") or {}
    requirements = [
        *((text, None) for text in _texts(table, "project", "dependencies")),
        *((text, extra) for extra in extras for text in _texts(extras, "project.optional-dependencies", extra)),
    ]
    # Hatchling fills in `{root:uri}` and the like, whatever PEP 621 says.
    if any("{" in text for text, _ in requirements):
        return None
    return Metadata(
        name=_name(table),
        version=_version(table),
        requires_python=_requires_python(table),
        requires_dist=tuple(_required(text, extra) for text, extra in requirements),
        provides_extra=tuple(dict.fromkeys(canonicalize_name(extra) for extra in extras)),
    )


def _required(text: str, extra: str | None) -> str:
    """Write a requirement as core metadata does: what belongs to an extra says so in its marker."""
    where = "project.dependencies" if extra is None else f"project.optional-dependencies.{extra}"
    requirement = _requirement(text, where)
    if extra is not None:
        own = f'extra == "{canonicalize_name(extra)}"'
        requirement.marker = Marker(f"({requirement.marker}) and {own}" if requirement.marker else own)
    return str(requirement)


def _name(table: dict[str, Any]) -> NormalizedName:
    try:
        return canonicalize_name(table["name"], validate=True)
    except KeyError:
        msg = "[project] has no `name`"
    except (InvalidName, TypeError):
        msg = f"project.name is {table['name']!r}, which is no name"
    raise _Nonsense(msg)


def _version(table: dict[str, Any]) -> str:
    version = table["version"]
    try:
        return str(Version(version))
    except (InvalidVersion, TypeError):
        msg = f"project.version is {version!r}, which is no version (PEP 440)"
        raise _Nonsense(msg) from None


def _requires_python(table: dict[str, Any]) -> str | None:
    bounds = table.get("requires-python")
    if bounds is None:
        return None
    try:
        SpecifierSet(bounds)
    except (InvalidSpecifier, TypeError, AttributeError):
        msg = f"project.requires-python is {bounds!r}, which bounds nothing"
        raise _Nonsense(msg) from None
    return str(bounds)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        msg = f"it is no TOML: {str(error)[:200]}"
        raise _Nonsense(msg) from None


def _table(parent: dict[str, Any], key: str, prefix: str = "") -> dict[str, Any] | None:
    value = parent.get(key)
    if value is not None and not isinstance(value, dict):
        msg = f"{prefix}{key} must be a table"
        raise _Nonsense(msg)
    return value


def _texts(table: dict[str, Any], where: str, key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        msg = f"{where}.{key} must be a list of texts"
        raise _Nonsense(msg)
    return tuple(value)


def _requirement(text: str, where: str) -> Requirement:
    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        reason = str(error).splitlines()[0]
        msg = f"{where} holds {text[:100]!r}, which is no requirement (PEP 508): {reason}"
        raise _Nonsense(msg) from None
