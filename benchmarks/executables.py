"""Where programs are, and which versions of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that can be run."""

    name: str
    path: Path
    version: str


def find(
    wanted: Iterable[str], known: Mapping[str, str], peers: Path | None = None
) -> tuple[list[Program], list[str]]:
    """Find programs, given as `NAME` or `NAME=PATH`, or all that are known; also say who is missing.

    `known` tells what the file of each is called. A program without a path is looked for in an environment of its
    own below `peers`, then beside the Python that runs this, then on PATH.
    """
    named = dict(_named(word, known) for word in wanted) or dict.fromkeys(known, "")
    found, missing = [], []
    for name, path in named.items():
        program = shutil.which(path) if path else _looked_up(name, known[name], peers)
        if program is None:
            missing.append(f"{name}: skipped, there is no {path or known[name]}")
        else:
            # Absolute, but a link stays one: an interpreter knows its environment by the name it is called by.
            place = Path(program).absolute()
            found.append(Program(name=name, path=place, version=version_of(place)))
    return found, missing


def _looked_up(name: str, file: str, peers: Path | None) -> str | None:
    places = [Path(sys.executable).parent]
    if peers is not None:
        places.insert(0, peers / name / "bin")
    return next((found for place in places if (found := shutil.which(file, path=str(place)))), shutil.which(file))


def _named(word: str, known: Mapping[str, str]) -> tuple[str, str]:
    name, _, path = word.partition("=")
    if name not in known:
        msg = f"{name} is none of the tools that are known here: {', '.join(known)}"
        raise SystemExit(msg)
    return name, path


def version_of(program: Path) -> str:
    """Ask a program for its version. That also has Python write what bytecode it lacks for that."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False, timeout=60, env=environ
    )
    found = re.search(r"\d+(?:\.\w+)+", done.stdout)
    return found[0] if found else "?"


def interpreter(python: Path) -> Path:
    """The interpreter that a command starts: what stands before it (a shim, a link) costs time of its own."""
    question = "import sys; print(sys.executable)"
    done = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        msg = f"{python} does not start a Python; name another with --python: {done.stderr.strip()}"
        raise SystemExit(msg)
    return Path(done.stdout.strip())
