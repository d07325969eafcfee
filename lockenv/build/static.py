"""What a project says without running code: `[project]` (PEP 621) and `[build-system]` (PEP 517, 518). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lockenv.packages import Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """`[build-system]`: what a build needs, and which object has the hooks.

    `backend_path` are folders within the tree, POSIX, that a backend is imported from.
    """

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...] = ()


def read_build_system(content: bytes | None, *, shown: str) -> BuildSystem:
    """Read `[build-system]` of a pyproject.toml; what PEP 517 and 518 lay down where there is none.

    Raises `BuildError` for what is no such table.
    """
    raise NotImplementedError


def read_project(content: bytes, *, shown: str) -> Metadata | None:
    """Read `[project]` as metadata; None where a build could still change any of it (PEP 621, `dynamic`).

    Raises `MetadataError` for what is no such table.
    """
    raise NotImplementedError
