"""What tests of sources and builds share: a manifest of sources, and a look into lock and environment."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from tests.fakes.project import ScratchProject
from tests.fakes.sdists import source_tree


def manifest(project: ScratchProject, *sources: str, dependencies: tuple[str, ...] = (), more: str = "") -> None:
    """Write a manifest that requires each package of `sources`, lines of that table."""
    names = [line.split("=", 1)[0].strip() for line in sources]
    lines = "\n".join(["[sources]", *sources, more])
    project.manifest(dependencies=[*names, *dependencies], more=lines)


def entry(project: ScratchProject, name: str) -> dict[str, Any]:
    """The only package of a name in the lock."""
    (found,) = entries(project, name)
    return found


def entries(project: ScratchProject, name: str) -> list[dict[str, Any]]:
    """All packages of a name in the lock."""
    return [package for package in packages(project) if package["name"] == name]


def packages(project: ScratchProject) -> list[dict[str, Any]]:
    """All packages of the lock."""
    found: list[dict[str, Any]] = tomllib.loads(project.lock.read_text())["packages"]
    return found


def direct_url(project: ScratchProject, name: str) -> dict[str, Any]:
    """What the environment says of where a package came from."""
    (path,) = project.env.glob(f"lib/python*/site-packages/{name}-*.dist-info/direct_url.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def up_to_date(project: ScratchProject) -> bool:
    """Whether a sync, which must go well, has nothing to do."""
    return "already exactly" in project.run("sync").ok().out


def core_tree(project: ScratchProject, where: str = "libs/core", **options: Any) -> Path:
    """A folder with the project `core` 1.0, which requires `icons`."""
    return source_tree(project.folder / where, "core", "1.0", requires=["icons"], **options)
