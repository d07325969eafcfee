"""The real PyPI and real packages, with this machine's own configuration: `pytest -m online -s tests/online`."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

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
