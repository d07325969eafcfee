"""Interpreters for tests: those installed here, and scripts that answer as one would."""

from __future__ import annotations

import json
import os
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lockenv.python.interpreter import Interpreter, probe
from lockenv.python.places import Machine, is_shim
from lockenv.python.venv import root_files, skeleton
from lockenv.tree import Directory, Entry, Link, Text

SERIES = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

#: A machine with nothing on it but what PATH and HOME of the test say.
EMPTY = Machine()


@cache
def installed_python(series: str) -> Path:
    """Find a real interpreter of a series such as ``3.9``; skip the test where there is none."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    for folder in sorted(root.glob(f"{series}.*"), reverse=True):
        if (folder / "bin/python").is_file():
            return folder / "bin/python"
    for place in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(f"python{series}", path=place)
        if found is not None and not is_shim(Path(found)):
            return Path(found)
    pytest.skip(f"no Python {series} is installed here")


@cache
def installed(series: str) -> Interpreter:
    return _base(installed_python(series))


def _base(path: Path) -> Interpreter:
    """The interpreter at a path, as itself: not as that of an environment which leads to it."""
    found = probe(path, None)
    assert isinstance(found, Interpreter)
    return _base(found.executable) if found.is_venv else found


def running() -> Interpreter:
    """The interpreter that runs the tests, or the one behind its environment."""
    return _base(Path(sys.executable))


def script(path: Path, body: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def answer(path: Path, version: str = "3.12.1", **changes: Any) -> dict[str, Any]:
    """What an interpreter at `path` would answer."""
    release = version.rstrip("abrc0123456789") if not version.replace(".", "").isdigit() else version
    level, serial = "final", 0
    for letters, name in (("a", "alpha"), ("b", "beta"), ("rc", "candidate")):
        head, found, tail = version.partition(letters)
        if found and head[-1:].isdigit():
            release, level, serial = head, name, int(tail)
    numbers = [*map(int, release.split(".")), 0, 0][:3]
    short = "{}.{}".format(*numbers)
    made: dict[str, Any] = {
        "executable": str(path),
        "base_prefix": str(path.parent.parent),
        "foreign_prefix": "",
        "implementation": "cpython",
        "version_info": [*numbers, level, serial],
        "markers": {"sys_platform": "linux", "platform_machine": "x86_64", "python_version": short},
        "platform": "linux-x86_64",
        "mac_ver": [],
        "glibc": "glibc 2.36",
        "bits": 64,
        "abiflags": "",
        "free_threaded": False,
        "debug": False,
        "ext_suffix": f".cpython-{short.replace('.', '')}-x86_64-linux-gnu.so",
        "stdlib": str(path.parent.parent / "lib" / f"python{short}"),
        "purelib": f"lib/python{short}/site-packages",
        "platlib": f"lib/python{short}/site-packages",
        "scripts": "bin",
        "framework": "",
        "wheel_folder": "",
    }
    return made | changes


def fake_python(path: Path, version: str = "3.12.1", **changes: Any) -> Path:
    """Write a script that answers the probe as an interpreter of this version would."""
    text = json.dumps(answer(path, version, **changes)).replace("'", "'\\''")
    return script(path, f"printf '%s\\n' 'lockenv-answer:{text}'")


def write(entries: tuple[Entry, ...], root: Path) -> None:
    for entry in entries:
        path = root / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        match entry:
            case Text(content=content):
                path.write_bytes(content)
            case Link(target=target):
                path.symlink_to(target)
            case Directory():
                path.mkdir(parents=True, exist_ok=True)


def make_environment(interpreter: Interpreter, env: Path, *, prompt: str = "tests") -> Path:
    """Write an environment as the transaction lays it out: one generation, and links that lead into it."""
    generation = env / ".lockenv" / "g-1"
    generation.mkdir(parents=True)
    write(skeleton(interpreter, env_dir=env, prompt=prompt), generation)
    write(root_files(interpreter, prompt=prompt), env)
    shutil.copy(env / "pyvenv.cfg", generation)
    (env / ".lockenv" / "current").symlink_to("g-1")
    for name in ("bin", "lib", "include", "share"):
        (env / name).symlink_to(f".lockenv/current/{name}")
    return env
