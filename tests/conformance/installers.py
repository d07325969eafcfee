"""Other installers: pip of the environment that runs the tests, and uv, if it is there."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.project import PATIENCE, ScratchProject

#: What an installer writes about itself.
_OF_THE_INSTALLER = ("INSTALLER", "REQUESTED", "RECORD", "uv_cache.json", "00_lockenv.pth")
_PIP_THAT_READS_LOCKS = (26, 1)


def pip_reads_locks() -> None:
    """Skip unless the running Python has a pip that installs from pylock.toml."""
    from importlib.metadata import version

    have = tuple(int(part) for part in version("pip").split(".")[:2])
    if have < _PIP_THAT_READS_LOCKS:
        pytest.skip(f"pip {version('pip')} does not read pylock.toml")


def uv() -> str:
    """The uv beside the running Python or on PATH; skips where there is none."""
    beside = Path(sys.executable).parent
    found = shutil.which("uv", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("there is no uv here")
    return found


def fresh_environment(project: ScratchProject, name: str) -> Path:
    """A bare environment of the same Python, made by `venv`."""
    place = project.scratch / name
    python = project.python("import sys; print(sys._base_executable)")
    tool(project, [python, "-m", "venv", "--without-pip", str(place)])
    return place


def tool(project: ScratchProject, command: list[str], environ: Mapping[str, str] | None = None) -> str:
    """Run another tool in the project's folder with nothing of this machine's configuration; it must go well."""
    done = subprocess.run(
        command,
        cwd=project.folder,
        env={
            "PATH": project.environ["PATH"],
            "HOME": str(project.home),
            "UV_CACHE_DIR": str(project.scratch / "uv"),
            "UV_NO_CONFIG": "1",
            "PIP_CACHE_DIR": str(project.scratch / "pip"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environ or {}),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def installed(env: Path) -> dict[str, bytes]:
    """The files of an environment's site-packages, without what an installer writes about itself."""
    site = next(env.glob("lib/python*/site-packages")).resolve()
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file() and path.name not in _OF_THE_INSTALLER
    }


def recorded(env: Path) -> dict[str, set[str]]:
    """What each RECORD lists, by dist-info folder: paths, without what an installer writes about itself."""
    found = {}
    for record in env.glob("lib/python*/site-packages/*.dist-info/RECORD"):
        with record.open(newline="") as file:
            paths = {row[0] for row in csv.reader(file)}
        found[record.parent.name] = {
            path for path in paths if Path(path).name not in _OF_THE_INSTALLER and not path.endswith(".pyc")
        }
    return found
