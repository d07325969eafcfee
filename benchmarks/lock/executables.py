"""Which of the tools that lock are here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import executables
from benchmarks.lock.tools import TOOLS, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A tool that can be run."""

    tool: Tool
    path: Path
    version: str


def find(wanted: Iterable[str], peers: Path | None = None) -> tuple[list[Installed], list[str]]:
    """Find tools, as `benchmarks.executables.find` does; also say who is missing."""
    programs, missing = executables.find(wanted, {tool.name: tool.file for tool in TOOLS.values()}, peers)
    return [Installed(tool=TOOLS[each.name], path=each.path, version=each.version) for each in programs], missing


def titles(installed: Iterable[Installed]) -> Mapping[str, str]:
    """Names with versions, for tables."""
    return {each.tool.name: f"{each.tool.name} {each.version}" for each in installed}
