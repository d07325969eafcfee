from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lockenv.build.footprint import files, sign
from lockenv.build.trees import tree_digest
from tests.fakes.repositories import Repository
from tests.fakes.sdists import source_tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return source_tree(tmp_path / "menu", "menu", "1.0", files={"a/b.txt": "b"})


def test_what_a_build_may_read_is_listed(folder: Path) -> None:
    for path in (
        ".git/HEAD",
        "build/x",
        "dist/x",
        "a/build/y",
        "a/x.pyc",
        "env/pyvenv.cfg",
        "env/lib/x",
        "x.egg-info/y",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("")
    (folder / "link").symlink_to("a")
    os.mkfifo(folder / "pipe")
    listed = {path for path, _ in files(str(folder)) if not path.startswith(("_build", "src"))}
    assert listed == {"pyproject.toml", "a/b.txt", "a/build/y", "link"}


def _rewrite(path: Path) -> None:
    before = path.stat()
    path.write_text("c")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a/b.txt").write_text("longer"),
        lambda folder: _rewrite(folder / "a/b.txt"),
        lambda folder: (folder / "a/b.txt").unlink(),
        lambda folder: (folder / "a/b.txt").rename(folder / "b.txt"),
        lambda folder: (folder / "a/b.txt").chmod(0o755),
        lambda folder: (folder / "a/c.txt").write_text(""),
        lambda folder: (folder / "link").symlink_to("a"),
    ],
)
def test_what_changes_the_digest_of_a_tree_changes_its_sign(
    folder: Path, change: Callable[[Path], object]
) -> None:
    digest, before = tree_digest(folder), sign("tree", str(folder))
    assert sign("tree", str(folder)) == before
    change(folder)
    assert tree_digest(folder) != digest
    assert sign("tree", str(folder)) != before


def test_build_results_leave_a_tree_as_it_is(folder: Path) -> None:
    before = sign("tree", str(folder))
    (folder / "build").mkdir()
    (folder / "src/__pycache__").mkdir()
    assert sign("tree", str(folder)) == before


def test_declarations_are_three_files(folder: Path) -> None:
    before = sign("declarations", str(folder))
    (folder / "a/b.txt").write_text("x")
    assert sign("declarations", str(folder)) == before
    for name in ("setup.py", "setup.cfg"):
        (folder / name).write_text("")
        assert sign("declarations", str(folder)) != before
        (folder / name).unlink()
    (folder / "pyproject.toml").unlink()
    assert sign("declarations", str(folder)) != before


def test_what_is_not_there_looks_like_nothing_else(tmp_path: Path) -> None:
    assert sign("file", str(tmp_path / "x")) != sign("file", str(tmp_path))
    assert sign("tree", str(tmp_path / "x")) != sign("tree", str(tmp_path))
    assert sign("commit", str(tmp_path)) == ""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit({"libs/core/x": "1"})
    return made


@pytest.mark.parametrize(
    "change",
    [
        lambda repository: repository.commit({"y": "2"}),
        lambda repository: repository.git("tag", "v2"),
        lambda repository: repository.git("checkout", "-q", "-b", "other"),
        lambda repository: repository.git(
            "-c", "core.logAllRefUpdates=false", "commit", "-qm", "x", "--allow-empty"
        ),
        lambda repository: repository.git("checkout", "-q", "--detach"),
    ],
)
def test_a_commit_or_tag_changes_the_sign_of_its_folders(
    repository: Repository, change: Callable[[Repository], object]
) -> None:
    where = str(repository.folder / "libs/core")
    before = sign("commit", where)
    repository.git("status")
    assert sign("commit", where) == before
    change(repository)
    assert sign("commit", where) != before


def test_a_work_tree_beside_its_repository_counts_as_well(repository: Repository) -> None:
    repository.git("worktree", "add", "-q", "../beside", "-b", "beside")
    where = str(repository.folder.parent / "beside/libs/core")
    before = sign("commit", where)
    repository.git("-C", "../beside", "commit", "-qm", "x", "--allow-empty")
    after = sign("commit", where)
    assert after != before
    repository.git("tag", "v2")
    assert sign("commit", where) != after
