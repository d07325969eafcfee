"""What is deleted is what lockenv knows: never what a RECORD, a link or a name from outside leads to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockenv.archive.record import record_line
from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, ScratchProject
from tests.fakes.wheels import make_wheel


@pytest.fixture
def project(tmp_path: Path) -> Iterator[ScratchProject]:
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0"))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"])
        made.run("lock").ok()
        (tmp_path / "precious").mkdir()
        (tmp_path / "precious" / "thesis.txt").write_text("three years")
        yield made
        assert (tmp_path / "precious" / "thesis.txt").read_text() == "three years"


def _site(project: ScratchProject) -> Path:
    return next(project.env.glob("lib/python*/site-packages"))


def _hostile_package(project: ScratchProject) -> None:
    """A package whose RECORD lists files outside, as no installer writes it, and links that lead there."""
    site, precious = _site(project), project.scratch / "precious"
    info = site / "evil-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    away = os.path.relpath(precious / "thesis.txt", site)
    lines = [record_line(path, "0f" * 32, 11) for path in (away, str(precious / "thesis.txt"), "evil/thesis.txt")]
    (info / "RECORD").write_text("\n".join(lines))
    (info / "top_level.txt").write_text("../../../../../precious\n")
    (site / "evil").symlink_to(precious)
    (site / "evil.py").symlink_to(precious / "thesis.txt")


def test_an_environment_of_others_is_replaced_without_following_its_records(project: ScratchProject) -> None:
    subprocess.run([BASE_PYTHON, "-m", "venv", "--without-pip", str(project.env)], check=True)
    _hostile_package(project)
    project.run("sync").ok()
    assert project.installed() == {"menu": "1.0"}
    assert not (_site(project) / "evil").exists()


@pytest.mark.parametrize("how", [["--verify"], []])
def test_what_was_planted_in_an_environment_of_ours_goes_without_being_followed(
    project: ScratchProject, how: list[str]
) -> None:
    project.run("sync").ok()
    _hostile_package(project)
    project.run("sync", *how).ok()
    assert project.installed() == {"menu": "1.0"}
    assert not (_site(project) / "evil").is_symlink()
    for _ in range(2):  # the generation that holds the links is swept
        project.run("sync", "--history", "0", "--verify").ok()


def test_a_link_in_the_place_of_an_old_generation_is_not_followed(project: ScratchProject) -> None:
    project.run("sync").ok()
    (project.env / ".lockenv" / "g-999").symlink_to(project.scratch / "precious")
    (project.env / ".lockenv" / "tmp-x").symlink_to(project.scratch / "precious")
    (_site(project) / "stray.py").write_text("")
    project.run("sync", "--verify").ok()


def test_a_cache_is_pruned_without_following_links(project: ScratchProject) -> None:
    project.run("sync").ok()
    for folder in ("wheels", "sources"):
        (project.cache / folder).mkdir(exist_ok=True)
        (project.cache / folder / ("0f" * 32)).symlink_to(project.scratch / "precious")
    project.run("cache", "prune")
