"""An installed lockenv, a project that is in order, and what is run in it."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.fakes.index import FakeIndex
from tests.fakes.wheels import make_wheel

#: What lockenv imports; all of it is copied, so that nobody edits it meanwhile.
_PACKAGES = ("lockenv", "packaging", "resolvelib", "pyproject_hooks", "truststore", "platformdirs")
#: The console script that lockenv's own installs write.
_SCRIPT = """\
#!{python}
import sys
from lockenv.__main__ import main
if __name__ == '__main__':
    sys.exit(main())
"""
FLOOR = "python -c pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is run, and what it may take: so many times what the floor takes."""

    name: str
    words: tuple[str, ...]
    aim: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where commands are run, with which variables."""

    folder: Path
    environ: Mapping[str, str]
    commands: tuple[Command, ...]


def scene(folder: Path, *, packages: int = 20) -> Scene:
    """Install a copy of lockenv below a folder, and lock and sync a project beside it."""
    python = _installed(folder / "tool")
    script = python.with_name("lockenv")
    project = folder / "project"
    project.mkdir()
    environ = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "LOCKENV_CACHE_DIR": str(folder / "cache"),
    }
    with FakeIndex() as index:
        for number in range(packages):
            after = [f"pkg{number + 1}"] if number + 1 < packages else []
            index.add(make_wheel(f"pkg{number}", "1.0", requires=after))
        (project / "env.toml").write_text(_manifest(index.url), encoding="utf-8")
        for command in (["lock"], ["sync"], ["lock"], ["sync"]):
            subprocess.run([script, *command, "-q"], cwd=project, env=environ, check=True)
    return Scene(folder=project, environ=environ, commands=_commands(str(python), str(script)))


def _commands(python: str, script: str) -> tuple[Command, ...]:
    return (
        Command(name=FLOOR, words=(python, "-c", "pass")),
        Command(name="lockenv --version", words=(script, "--version"), aim=1.3),
        Command(name="lockenv --help", words=(script, "--help"), aim=3.0),
        Command(name="lockenv run true", words=(script, "run", "true"), aim=2.0),
        Command(name="lockenv sync", words=(script, "sync")),
        Command(name="lockenv lock", words=(script, "lock")),
    )


def _manifest(index: str) -> str:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f'[env]\npython = "=={minor}.*"\ndependencies = ["pkg0"]\n\n[[index]]\nname = "fake"\nurl = "{index}"\n'


def _installed(folder: Path) -> Path:
    """An environment with copies of lockenv and what it imports, and their bytecode."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in _PACKAGES:
        found = find_spec(name)
        assert found is not None
        assert found.submodule_search_locations is not None
        (source,) = found.submodule_search_locations
        shutil.copytree(source, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(site, quiet=1)
    script = folder / "bin" / "lockenv"
    script.write_text(_SCRIPT.format(python=folder / "bin" / "python"), encoding="utf-8")
    script.chmod(0o755)
    return folder / "bin" / "python"
