"""What tests of builds share: the sdist of `core`, a manifest that requires it, and what its build saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.sourcing import entry
from tests.fakes.project import ScratchProject
from tests.fakes.sdists import source_sdist
from tests.fakes.wheels import BuiltFile

ALLOW = "[build]\nallow = ['core']\n"
PLATFORMS = "[targets]\nplatforms = ['linux-x86_64', 'macos-arm64', 'windows-x86_64']\n"


def sdist(version: str = "1.0", *, witness: Path | None = None, **options: Any) -> BuiltFile:
    """The sdist of `core`, which requires `icons` and is built with `helper`; static unless said otherwise."""
    plan = {"imports": ["helper"], **({"witness": str(witness)} if witness else {}), **options.pop("plan", {})}
    chosen = {"requires": ["icons"], "build_system_requires": ["helper"], "metadata_version": "2.2", **options}
    return source_sdist("core", version, plan=plan, **chosen)


def requires_core(project: ScratchProject, *more: str, tables: str = ALLOW) -> None:
    """Write a manifest that requires `core`, and `more`."""
    project.manifest(dependencies=["core", *more], more=tables)


def built_with(project: ScratchProject, name: str = "core") -> dict[str, Any]:
    """What the build of a package saw, as its wheel tells."""
    (path,) = project.env.glob(f"lib/python*/site-packages/{name}_built.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def build_lines(project: ScratchProject) -> list[tuple[str, str, str, str]]:
    """What `core` is built with, according to the lock: name, version, file, marker."""
    lines = entry(project, "core")["tool"]["lockenv"]["build"]
    return [
        (line["name"], line["version"], line.get("file") or line["url"].rpartition("/")[2], line.get("marker", ""))
        for line in lines
    ]
