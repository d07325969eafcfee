"""The real PyPI and real packages, with this machine's own configuration: `pytest -m online -s tests/online`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conformance.installers import pip_reads_locks, tool, uv
from tests.fakes.project import Ran, ScratchProject
from tests.unit.python.pythons import installed_python

pytestmark = pytest.mark.online

_SET = ("flask", "requests", "pandas[performance]", "sqlalchemy", "celery[redis]", "jupyterlab")
_IMPORTS = "flask, requests, pandas, numba, numexpr, bottleneck, sqlalchemy, celery, redis, jupyterlab"
#: What goes when jupyterlab does, whatever else is there, and what stays.
_GOES = frozenset({"jupyterlab", "jupyter_server", "notebook_shim", "nbconvert", "ipykernel", "tornado"})
_STAYS = frozenset({"flask", "requests", "pandas", "sqlalchemy", "celery", "jinja2", "certifi"})


def _timed(project: ScratchProject, what: str, *arguments: str) -> Ran:
    began = time.perf_counter()
    ran = project.spawn(*arguments).ok()
    last = ran.out.splitlines()[-1]
    print(f"  {what:<28}{time.perf_counter() - began:6.2f} s   {last}")  # noqa: T201 - the times are what one runs it for
    return ran


def _check(project: ScratchProject) -> None:
    """Ask the pip that belongs to this Python: the newest pip does not work for old ones."""
    seeded = project.scratch / "seeded"
    project.spawn("sync", "--seed", "--env", str(seeded)).ok()
    done = subprocess.run(
        [seeded / "bin/python", "-m", "pip", "check"], capture_output=True, text=True, check=False
    )
    assert "No broken requirements found" in done.stdout, done.stdout + done.stderr


def _imports(project: ScratchProject, modules: str) -> None:
    # One process for each: what one of them imports must not help the next.
    for module in modules.split(", "):
        project.python(f"import {module}")


@pytest.mark.parametrize("series", ["3.9", "3.11", "3.13"])
def test_a_real_set_is_locked_synced_imported_and_shrunk(series: str, tmp_path: Path) -> None:
    python = str(installed_python(series))
    project = ScratchProject(tmp_path)
    project.environ = {**os.environ, "LOCKENV_CACHE_DIR": str(project.cache)}
    project.manifest(dependencies=_SET, python=f"=={series}.*")
    print(f"\nPython {series}")  # noqa: T201
    _timed(project, "lock, cold", "lock", "--python", python)
    _timed(project, "lock, up to date", "lock")
    _timed(project, "lock --upgrade, warm", "lock", "--upgrade")
    _timed(project, "sync, cold", "sync")
    _timed(project, "sync, nothing to do", "sync")
    _timed(project, "sync, warm, new environment", "sync", "--env", str(tmp_path / "second"))
    _imports(project, _IMPORTS)
    _check(project)

    before = set(project.installed())
    project.manifest(dependencies=[each for each in _SET if each != "jupyterlab"], python=f"=={series}.*")
    assert project.spawn("sync").status == 2
    _timed(project, "lock without jupyterlab", "lock")
    _timed(project, "sync without jupyterlab", "sync")
    after = set(project.installed())
    assert after < before
    assert {name.lower() for name in before} >= _GOES | _STAYS
    assert not {name.lower() for name in after} & _GOES
    assert {name.lower() for name in after} >= _STAYS
    _imports(project, _IMPORTS.removesuffix(", jupyterlab"))
    _check(project)
    assert "is already exactly" in project.spawn("sync").ok().out


# -- one lock for many machines ----------------------------------------

_UNIVERSAL = (
    "flask",
    "requests",
    "pandas[performance]",
    "scikit-learn",
    "sqlalchemy",
    "rich",
    "uvicorn[standard]",
)
_TARGETS = '[targets]\nplatforms = ["linux-x86_64", "macos-arm64", "windows-x86_64"]\n'


@pytest.fixture(scope="module")
def universal(tmp_path_factory: pytest.TempPathFactory) -> ScratchProject:
    """A real set, locked for three platforms with three Pythons each."""
    project = ScratchProject(tmp_path_factory.mktemp("universal"))
    project.environ = {**os.environ, "LOCKENV_CACHE_DIR": str(project.cache)}
    project.manifest(dependencies=_UNIVERSAL, python=">=3.11,<3.14", groups={"test": ["pytest"]}, more=_TARGETS)
    print("\nlinux, macos, windows; Python 3.11 to 3.13")  # noqa: T201
    _timed(project, "lock, cold", "lock")
    return project


def test_a_universal_lock_is_the_same_whenever_it_is_made(universal: ScratchProject) -> None:
    content = universal.lock.read_bytes()
    _timed(universal, "lock, up to date", "lock")
    _timed(universal, "upgrade, warm", "upgrade")
    assert universal.lock.read_bytes() == content
    universal.lock.unlink()
    _timed(universal, "lock, warm, from nothing", "lock")
    assert universal.lock.read_bytes() == content
    universal.lock.unlink()
    _timed(universal, "lock, another cache", "lock", "--cache-dir", str(universal.scratch / "another"))
    assert universal.lock.read_bytes() == content


def test_a_universal_lock_reads_well(universal: ScratchProject) -> None:
    text = universal.lock.read_text(encoding="utf-8")
    markers = re.findall(r"^marker = (.*)$", text, re.MULTILINE)
    # uvloop and colorama are for some platforms, numpy and pandas have versions for some Pythons.
    assert len(markers) > 3
    assert sum(map(len, markers)) / len(markers) < 60
    assert 'sys_platform == "win32"' in "".join(markers)


@pytest.mark.parametrize("series", ["3.11", "3.12", "3.13"])
def test_a_universal_lock_is_installed_alike_by_lockenv_pip_and_uv(universal: ScratchProject, series: str) -> None:
    pip_reads_locks()
    python = str(installed_python(series))
    ours = universal.scratch / f"ours-{series}"
    _timed(universal, f"sync, Python {series}", "sync", "--env", str(ours), "--python", python)
    installed = {"ours": _names_and_versions(ours)}
    for name in ("pip", "uv"):
        env = universal.scratch / f"{name}-{series}"
        tool(universal, [python, "-m", "venv", "--without-pip", str(env)])
        into = [sys.executable, "-m", "pip", "--python", str(env), "install", "-q", "-r", "pylock.toml"]
        if name == "uv":
            into = [uv(), "pip", "install", "-q", "--preview-features", "pylock", "--python", str(env)]
            into += ["-r", "pylock.toml"]
        tool(universal, into, os.environ)
        installed[name] = _names_and_versions(env)
    assert len(installed["ours"]) > 30
    assert installed["pip"] == installed["uv"] == installed["ours"]


def _names_and_versions(env: Path) -> set[str]:
    folders = env.glob("lib/python*/site-packages/*.dist-info")
    return {folder.name.removesuffix(".dist-info").lower() for folder in folders}
