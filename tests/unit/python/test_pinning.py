"""A program stays with the generation with which it began: real environments, every CPython here, a real pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lockenv.files import hash_file
from lockenv.packages import canonicalize_name
from lockenv.plan import Wanted
from lockenv.python.venv import bare, bundled_pip, layout
from lockenv.transaction.apply import apply
from lockenv.transaction.compose import Desired
from lockenv.wheels import PIN_NAME
from tests.fakes.environments import Project
from tests.fakes.wheels import BuiltFile, make_wheel
from tests.unit.python.pythons import SERIES, installed

OLD = make_wheel("menu", "1", files={"menu.py": "number = 1\n", "late.py": "number = 1\n"})
NEW = make_wheel("menu", "2", files={"menu.py": "number = 2\n", "late.py": "number = 2\n"})


class Pinned(Project):
    """A project whose environment is a whole one, of an interpreter of this series."""

    def __init__(self, folder: Path, series: str) -> None:
        super().__init__(folder.resolve())
        self.interpreter = installed(series)
        self.site = self.env / layout(self.interpreter).purelib

    def desired(self, *wheels: BuiltFile, requested: tuple[str, ...] = ()) -> Desired:
        entries = bare(self.interpreter, env_dir=self.env, prompt="tests")
        made = super().desired(*wheels, requested=requested)
        return replace(made, entries=entries, scheme=layout(self.interpreter))

    def python(self, *arguments: str, program: Path | None = None, more: Mapping[str, str] | None = None) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
        done = subprocess.run(
            [program or self.env / "bin/python", *arguments],
            env={**clean, **(more or {})},
            capture_output=True,
            text=True,
            check=True,
        )
        # Nothing is ever said of it, be it a warning.
        assert done.stderr == ""
        return done.stdout

    def path(self, *flags: str, program: Path | None = None) -> Any:
        said = self.python(*flags, "-c", "import json, sys; print(json.dumps(sys.path))", program=program)
        return json.loads(said)

    def pinned(self, number: int = 1) -> str:
        return str(self.env / ".lockenv" / f"g-{number}" / self.site.relative_to(self.env))


@pytest.fixture(params=SERIES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Pinned:
    return Pinned(tmp_path, request.param)


@pytest.fixture
def running(tmp_path: Path) -> Pinned:
    return Pinned(tmp_path, f"{sys.version_info.major}.{sys.version_info.minor}")


def test_a_running_program_keeps_its_generation_and_the_next_has_the_new_one(project: Pinned) -> None:
    project.sync(OLD)
    program = "import menu; print(flush=True); input(); import late; print(menu.number, late.number)"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(
        [project.env / "bin/python", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clean,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        project.sync(NEW)
        said, _ = process.communicate("\n")
    assert said == "1 1\n"
    assert project.python("-c", "import menu, late; print(menu.number, late.number)") == "2 2\n"


@pytest.mark.parametrize("flags", [(), ("-I",), ("-E",), ("-s",), ("-O",), ("-X", "dev"), ("-W", "error")])
def test_the_path_names_the_generation_whatever_the_flags(running: Pinned, flags: tuple[str, ...]) -> None:
    running.sync(OLD)
    assert [place for place in running.path(*flags) if place.endswith("site-packages")] == [running.pinned()]


def test_every_python_is_pinned_silently(project: Pinned) -> None:
    project.sync(OLD)
    for flags in ((), ("-I",), ("-W", "error", "-X", "dev")):
        places = project.path(*flags)
        assert places.count(project.pinned()) == 1
        assert str(project.site) not in places
    # Without `site` there are no packages at all.
    assert project.pinned() not in project.path("-S")


def test_it_comes_before_the_start_up_files_of_packages(running: Pinned) -> None:
    names = ["__editable__.menu.pth", "_virtualenv.pth", "distutils-precedence.pth", "A.pth", "1.pth"]
    assert min([PIN_NAME, *names]) == PIN_NAME


def test_a_called_link_a_relative_path_and_a_physical_one_are_pinned(running: Pinned, tmp_path: Path) -> None:
    running.sync(OLD)
    (tmp_path / "elsewhere").symlink_to(running.env)
    through_link = running.path(program=tmp_path / "elsewhere" / "bin" / "python")
    assert str(tmp_path / "elsewhere" / ".lockenv" / "g-1" / running.site.relative_to(running.env)) in through_link
    assert running.pinned() in running.path(program=(running.env / "bin").resolve() / "python")


def test_an_environment_without_links_or_of_others_is_left_as_it_is(running: Pinned, tmp_path: Path) -> None:
    running.sync(OLD)
    # As `COPY` into an image may do it, or an archive without links.
    shutil.copytree(running.env, tmp_path / "copy", symlinks=False)
    copied = running.path(program=tmp_path / "copy" / "bin" / "python")
    assert str(tmp_path / "copy" / running.site.relative_to(running.env)) in copied
    shutil.copytree(running.env, tmp_path / "moved", symlinks=True)
    moved = running.path(program=tmp_path / "moved" / "bin" / "python")
    assert str(tmp_path / "moved" / ".lockenv" / "g-1" / running.site.relative_to(running.env)) in moved
    others = tmp_path / "others"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(others)], check=True)
    library = others / running.site.relative_to(running.env)
    shutil.copy(running.site / PIN_NAME, library)
    assert str(library) in running.path(program=others / "bin" / "python")


def test_environments_made_from_it_and_children_find_their_own(project: Pinned, tmp_path: Path) -> None:
    project.sync(OLD)
    project.python("-m", "venv", "--without-pip", str(tmp_path / "inner"))
    inner = project.path(program=tmp_path / "inner" / "bin" / "python")
    assert str(tmp_path / "inner" / project.site.relative_to(project.env)) in inner
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import menu; print(menu.__file__)'])"
    assert project.python("-c", child) == f"{project.pinned()}/menu.py\n"


def test_metadata_is_found_once_and_where_it_stands(project: Pinned) -> None:
    project.sync(OLD)
    look = (
        "from importlib.metadata import distributions\n"
        "print([(d.metadata['Name'], d.version, str(d.locate_file('menu.py'))) for d in distributions()])"
    )
    assert project.python("-c", look) == f"[('menu', '1', '{project.pinned()}/menu.py')]\n"


@pytest.mark.parametrize("project", ["3.8", "3.11", "3.13"], indirect=True)
def test_pip_lists_and_uninstalls(project: Pinned) -> None:
    wheel = bundled_pip(project.interpreter)
    assert wheel is not None
    want = project.desired(OLD)
    version = wheel.name.split("-")[1]
    sha256 = hash_file(wheel)["sha256"]
    stored = project.store.add(sha256, wheel, name="pip", version=version, filename=wheel.name)
    pip = Wanted(name=canonicalize_name("pip"), version=version, sha256=sha256, filename=wheel.name)
    apply(project.env, replace(want, packages=(*want.packages, (pip, stored))))
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CONFIG_FILE": os.devnull}
    listed = json.loads(project.python("-m", "pip", "list", "--format", "json", more=quiet))
    assert {(one["name"], one["version"]) for one in listed} == {("menu", "1"), ("pip", version)}
    assert "Location:" in project.python("-m", "pip", "show", "-f", "menu", more=quiet)
    removed = project.python("-m", "pip", "uninstall", "-y", "menu", "--root-user-action", "ignore", more=quiet)
    assert "Successfully uninstalled menu-1" in removed
    assert not (project.site / "menu.py").exists()
    assert not (project.site / "menu-1.dist-info").exists()
    assert project.why_not(OLD) is not None
