"""Core metadata of what was or would be built, held against what it should be. Pure."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from lockenv.build.static import read_project
from lockenv.errors import MetadataError
from lockenv.index.metadata import read_metadata, read_static_metadata, stated
from lockenv.packages import Metadata, NormalizedName, canonicalize_name


class Misnamed(MetadataError):
    """Metadata of another project than was asked for: of `found`."""

    def __init__(self, shown: str, found: str) -> None:
        super().__init__(
            f"the metadata of {shown} is broken: it names the project {found!r}", hint="tell the package's authors"
        )
        self.found = found


def metadata_in(content: bytes, *, shown: str, name: NormalizedName | None, version: str | None) -> Metadata:
    """Read a METADATA or PKG-INFO file; a `name` or `version` of None stands for what it says itself.

    Raises `MetadataError` where it is broken or speaks of something else.
    """
    its_name, its_version = _stated(content, shown)
    _check_name(its_name, shown, name)
    return read_metadata(content, filename=shown, name=name or its_name, version=version or its_version)


def static_metadata(
    *,
    pkg_info: bytes | None,
    pyproject: bytes | None,
    shown: str,
    name: NormalizedName | None,
    version: str | None,
) -> Metadata | None:
    """Give what a source says for good: its PKG-INFO (PEP 643) or else `[project]` (PEP 621); None for neither.

    Raises `MetadataError` where that is broken or speaks of something else.
    """
    if pkg_info is not None:
        its_name, its_version = _stated(pkg_info, shown)
        _check_name(its_name, shown, name)
        found = read_static_metadata(
            pkg_info, filename=shown, name=name or its_name, version=version or its_version
        )
        if found is not None:
            return found
    found = None if pyproject is None else read_project(pyproject, shown=shown)
    if found is not None:
        _check(found, shown, name, version)
    return found


def _stated(content: bytes, shown: str) -> tuple[NormalizedName, str]:
    """Say whose metadata a file claims to be."""
    name, version = stated(content, filename=shown)
    if not name or not version:
        raise _broken(shown, "it has no Name or no Version")
    return canonicalize_name(name), version


def _check(found: Metadata, shown: str, name: NormalizedName | None, version: str | None) -> None:
    _check_name(found.name, shown, name)
    if version is not None and not _same(found.version, version):
        raise _broken(shown, f"it states the version {found.version}")


def _check_name(found: NormalizedName, shown: str, name: NormalizedName | None) -> None:
    if name is not None and found != name:
        raise Misnamed(shown, found)


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _broken(shown: str, reason: str) -> MetadataError:
    return MetadataError(f"the metadata of {shown} is broken: {reason}", hint="tell the package's authors")
