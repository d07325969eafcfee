"""An environment's Python that is called by its physical path, behind the links of the environment's root."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockenv.python.venv import bare, layout
from lockenv.transaction.apply import apply
from tests.fakes.environments import Project
from tests.fakes.wheels import make_wheel
from tests.unit.python.pythons import SERIES, installed

HERE = make_wheel("here", "1.0", files={"here.py": "place = __file__\n"})
REPORT = "import here, json, sys; print(json.dumps([sys.prefix, sys.base_prefix, here.place]))"


@pytest.fixture(params=SERIES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """An environment of each CPython, with one package."""
    interpreter = installed(request.param)
    project = Project(tmp_path.resolve())
    entries = bare(interpreter, env_dir=project.env, prompt="tests")
    apply(project.env, replace(project.desired(HERE), entries=entries, scheme=layout(interpreter)))
    project.site = project.env / layout(interpreter).purelib
    return project


def seen(*command: str | Path, cwd: Path) -> Any:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [*command, "-c", REPORT], cwd=cwd, env=environ, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_python_finds_its_packages_by_whichever_path_it_is_called(project: Project) -> None:
    env, generation = project.env, project.env / ".lockenv" / "g-1"
    library = project.site.relative_to(env)
    base = seen(env / "bin/python", cwd=project.folder)[1]
    assert base not in {str(env), str(generation)}
    place = str(generation / library / "here.py")
    asked = [str(env), base, place]
    assert seen(env / "bin/python", cwd=project.folder) == asked
    assert seen(env / "bin/python3", cwd=env / "bin") == asked
    physical = [str(generation), base, place]
    assert seen((env / "bin").resolve() / "python", cwd=project.folder) == physical
    # The kernel knows the folder that one has changed to by its physical path only.
    inside = seen("./python", cwd=env / "bin")
    assert inside[1] == base
    assert [os.path.realpath(inside[0]), os.path.realpath(inside[2])] == [physical[0], physical[2]]


def test_the_settings_of_a_generation_are_no_top_level_link(project: Project) -> None:
    settings = project.env / "pyvenv.cfg"
    assert not settings.is_symlink()
    assert (project.env / ".lockenv" / "current" / "pyvenv.cfg").read_bytes() == settings.read_bytes()
