"""The same manifest and the same index give the same bytes, whatever the cache, the order and the day."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import BuiltFile, make_wheel

_WHEELS = [
    make_wheel("app", "1.0", requires=["b[x]>=1", "a", "c ; python_version >= '3'"]),
    make_wheel("a", "1.0", requires=["d<3"]),
    make_wheel("a", "1.1", requires=["d<2", "c>=1"]),
    make_wheel("b", "1.0", requires=["d ; extra == 'x'"], extras=["x"]),
    make_wheel("b", "1.0", requires=["d ; extra == 'x'"], extras=["x"], tag="py2.py3-none-any"),
    make_wheel("c", "1.0", requires=["a"]),
    *(make_wheel("d", version) for version in ("1.0", "1.5", "2.0", "3.0")),
    make_wheel("checks", "3.1", requires=["d"]),
]
_REQUIREMENTS = ["app", "b", "d>=1", "checks"]


def _lock(index: FakeIndex, scratch: Path, wheels: list[BuiltFile], requirements: list[str]) -> ScratchProject:
    for wheel in wheels:
        index.add(wheel)
    scratch.mkdir()
    project = ScratchProject(scratch, index_url=index.url)
    project.manifest(dependencies=requirements, groups={"test": ["checks>=3"], "dev": ["a"]})
    project.run("lock").ok()
    return project


def _bytes(project: ScratchProject, index: FakeIndex) -> bytes:
    """The lock, without the port, which is the machine's."""
    return project.lock.read_bytes().replace(index.origin.encode(), b"<index>")


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_things_does_not_show(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    wheels = dice.sample(_WHEELS, len(_WHEELS))
    requirements = dice.sample(_REQUIREMENTS, len(_REQUIREMENTS))
    with FakeIndex() as plain:
        expected = _bytes(_lock(plain, tmp_path / "plain", _WHEELS, _REQUIREMENTS), plain)
    with FakeIndex(formats=("html",) if seed % 2 else ("json",), relative=bool(seed % 2)) as shuffled:
        got = _bytes(_lock(shuffled, tmp_path / "shuffled", wheels, requirements), shuffled)
    if seed % 2:  # HTML pages say neither size nor time
        assert [line for line in got.splitlines() if line.startswith((b"name", b"version", b"marker"))] == [
            line for line in expected.splitlines() if line.startswith((b"name", b"version", b"marker"))
        ]
    else:
        assert got == expected


def test_cold_warm_and_offline_give_the_same_bytes(tmp_path: Path) -> None:
    with FakeIndex() as index:
        project = _lock(index, tmp_path / "scratch", _WHEELS, _REQUIREMENTS)
        cold = project.lock.read_bytes()
        for arguments in (("--upgrade",), ("--upgrade", "--offline"), ("--cache-dir", str(tmp_path / "another"))):
            project.lock.unlink()
            project.run("lock", *arguments).ok()
            assert project.lock.read_bytes() == cold


def test_locking_again_over_the_old_lock_gives_the_same_bytes(tmp_path: Path) -> None:
    with FakeIndex() as index:
        project = _lock(index, tmp_path / "scratch", _WHEELS, _REQUIREMENTS)
        text, time = project.lock.read_bytes(), project.lock.stat().st_mtime_ns
        project.run("lock", "--upgrade").ok()
        project.run("lock", "--upgrade-package", "d").ok()
        assert (project.lock.read_bytes(), project.lock.stat().st_mtime_ns) == (text, time)


def test_an_environment_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    trees = []
    with FakeIndex() as index:
        for name in ("one", "two"):
            project = _lock(index, tmp_path / name, _WHEELS if name == "one" else [], _REQUIREMENTS)
            project.run("sync").ok()
            found = project.tree()
            here = str(project.folder).encode()
            trees.append(
                {
                    path: content.replace(here, b"<project>") if isinstance(content, bytes) else content
                    for path, content in found.items()
                    if not path.endswith("/.state")  # holds the path of the project, behind a checksum
                }
            )
    assert len(trees[0]) > 10
    # RECORD holds the hashes of scripts, whose first line is the path of the environment; there is none here.
    assert trees[0] == trees[1]


def test_a_lock_does_not_remember_how_the_manifest_came_to_be(tmp_path: Path) -> None:
    with FakeIndex() as index:
        fresh = _lock(index, tmp_path / "fresh", _WHEELS, [*_REQUIREMENTS, "c"])
        grown = _lock(index, tmp_path / "grown", _WHEELS, _REQUIREMENTS)
        before = _bytes(grown, index)
        # `c` was there already, for `app`; now the manifest names it.
        grown.manifest(dependencies=[*_REQUIREMENTS, "c"], groups={"test": ["checks>=3"], "dev": ["a"]})
        assert "up to date" not in grown.run("lock").ok().out
        assert _bytes(grown, index) == _bytes(fresh, index) != before
        grown.manifest(dependencies=_REQUIREMENTS, groups={"test": ["checks>=3"], "dev": ["a"]})
        grown.run("lock").ok()
        assert _bytes(grown, index) == before
