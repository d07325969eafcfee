"""Where the tools are, and which versions of them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lock.tools import TOOLS, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A tool that can be run."""

    tool: Tool
    path: Path
    version: str


def find(wanted: Iterable[str], peers: Path | None = None) -> tuple[list[Installed], list[str]]:
    """Find tools, given as `NAME` or `NAME=PATH`; all that are known where none is given. Also say who is missing.

    A tool without a path is looked for in an environment of its own below `peers`, then beside the Python that
    runs this, then on PATH.
    """
    named = dict(_named(word) for word in wanted) or dict.fromkeys(TOOLS, "")
    found, missing = [], []
    for name, path in named.items():
        program = shutil.which(path) if path else _looked_up(name, peers)
        if program is None:
            missing.append(f"{name}: skipped, there is no {path or name}")
        else:
            # Absolute, but a link stays one: an interpreter knows its environment by the name it is called by.
            place = Path(program).absolute()
            found.append(Installed(tool=TOOLS[name], path=place, version=version_of(place)))
    return found, missing


def _looked_up(name: str, peers: Path | None) -> str | None:
    places = [Path(sys.executable).parent]
    if peers is not None:
        places.insert(0, peers / name / "bin")
    return next((found for place in places if (found := shutil.which(name, path=str(place)))), shutil.which(name))


def _named(word: str) -> tuple[str, str]:
    name, _, path = word.partition("=")
    if name not in TOOLS:
        msg = f"{name} is none of the tools that are known here: {', '.join(TOOLS)}"
        raise SystemExit(msg)
    return name, path


def version_of(program: Path) -> str:
    """Ask a program for its version. That also has Python write what bytecode it lacks."""
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r"\d+(?:\.\w+)+", done.stdout)
    return found[0] if found else "?"


def titles(installed: Iterable[Installed]) -> Mapping[str, str]:
    """Names with versions, for tables."""
    return {each.tool.name: f"{each.tool.name} {each.version}" for each in installed}
