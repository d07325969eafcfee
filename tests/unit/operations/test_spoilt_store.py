"""Unit: whatever becomes of an entry of the store, the next sync has the right tree, by a plan and without one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ScratchProject]:
    """A project that was synced by its plan, and has no environment."""
    with FakeIndex() as index:
        files = {"dish/__init__.py": "A = 1\n", "dish/data/salt.txt": "salt\n"}
        files["dish-2.0.data/scripts/serve"] = "#!python\nprint('served')\n"
        index.add(make_wheel("dish", "2.0", files=files, requires=["spoon"]))
        index.add(make_wheel("spoon", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["dish"])
        made.run("lock").ok()
        for _ in range(2):
            made.run("sync").ok()
            shutil.rmtree(made.env)
        yield made


def _gone(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _linked(path: Path) -> None:
    cache = next(parent for parent in path.parents if parent.name == "cache")
    shutil.move(path, cache.with_name("aside"))
    path.symlink_to(cache.with_name("aside"))


def _file(path: Path) -> None:
    _gone(path)
    path.write_text("A = 666\n")


def _pipe(path: Path) -> None:
    _gone(path)
    os.mkfifo(path)


def _folder(path: Path) -> None:
    _gone(path)
    path.mkdir()


SPOILT = {"gone": _gone, "a link": _linked, "a file": _file, "a pipe": _pipe, "a folder": _folder}
PLACES = (
    ".",
    "manifest",
    "files",
    "files/dish",
    "files/dish/__init__.py",
    "files/dish/data",
    "files/dish-2.0.dist-info/METADATA",
    "files/dish-2.0.data/scripts/serve",
)


@pytest.mark.parametrize("mode", ["hardlink", "copy"])
@pytest.mark.parametrize("kept", ["plan and agreement", "nothing"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_was_spoilt_is_brought_anew(
    spoil: Callable[[Path], None], place: str, kept: str, mode: str, project: ScratchProject
) -> None:
    (entry,) = (path.parents[1] for path in (project.cache / "wheels").glob("*/files/dish"))
    spoil(entry / place)
    if "plan" not in kept:
        shutil.rmtree(project.cache / "plans")
    if kept == "nothing":
        shutil.rmtree(project.cache / "agreed")
    project.run("sync", "--link-mode", mode).ok()
    assert "already" in project.run("sync", "--link-mode", mode).ok().out
    # A script that was written by the plan was not looked at in the store, and was not needed from there.
    project.run("cache", "verify")
    project.run("verify").ok()
