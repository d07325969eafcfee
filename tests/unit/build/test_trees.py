from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lockenv.build.sources import ArchiveFile, Tree, identity, shown
from lockenv.build.trees import WheelFile, declaration_digest, local_source, tree_digest
from lockenv.errors import UsageError
from lockenv.packages import canonicalize_name
from tests.fakes.sdists import source_sdist, source_tree
from tests.fakes.wheels import make_wheel


@pytest.fixture
def menu(tmp_path: Path) -> Path:
    return source_tree(tmp_path / "menu", "menu", "1.0")


# What stands at a path


def test_a_folder_is_a_tree(menu: Path) -> None:
    found = local_source(menu, shown="libs/menu", name=canonicalize_name("menu"))
    assert found == Tree(folder=menu, digest=tree_digest(menu), shown="libs/menu", name=canonicalize_name("menu"))


def test_a_folder_may_stand_in_another(menu: Path) -> None:
    found = local_source(menu.parent, shown="libs", subdirectory="menu")
    assert isinstance(found, Tree)
    assert found.folder == menu


def test_an_editable_folder_is_known_by_its_declarations(menu: Path) -> None:
    found = local_source(menu, shown="libs/menu", editable=True)
    assert isinstance(found, Tree)
    assert found.digest == declaration_digest(menu)


def test_a_wheel_is_a_wheel(tmp_path: Path) -> None:
    wheel = make_wheel("Menu.Bar", "1.0")
    path = wheel.write_to(tmp_path)
    assert local_source(path, shown=path.name) == WheelFile(
        path=path, filename=path.name, sha256=wheel.sha256, name=canonicalize_name("menu-bar"), version="1.0"
    )


def test_an_archive_is_an_archive(tmp_path: Path) -> None:
    sdist = source_sdist("menu", "1.0")
    path = sdist.write_to(tmp_path)
    found = local_source(path, shown=path.name, subdirectory="src")
    assert found == ArchiveFile(
        path=path, filename=path.name, sha256=sdist.sha256, subdirectory="src", is_sdist=False
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "there is no libs/x"),
        (lambda path: path.mkdir(), "libs/x holds no project"),
        (lambda path: path.touch(), "no project's folder, archive of sources or wheel"),
    ],
)
def test_what_is_nothing_of_the_kind_is_told(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path / "x")
    with pytest.raises(UsageError, match=said):
        local_source(tmp_path / "x", shown="libs/x")


def test_a_wheel_with_a_wrong_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "menu.whl").touch()
    with pytest.raises(UsageError, match="is no name of a wheel"):
        local_source(tmp_path / "menu.whl", shown="menu.whl")


def test_a_file_cannot_be_editable(tmp_path: Path) -> None:
    path = make_wheel("menu", "1.0").write_to(tmp_path)
    with pytest.raises(UsageError, match="only a folder can be editable"):
        local_source(path, shown="menu", editable=True)


@pytest.mark.parametrize("subdirectory", ["..", "../other", "/", "a/../..", "nowhere", "pyproject.toml", "link"])
def test_a_subdirectory_must_lie_within(menu: Path, subdirectory: str) -> None:
    (menu.parent / "other").mkdir()
    (menu / "link").symlink_to("../other")
    with pytest.raises(UsageError, match="has no folder"):
        local_source(menu, shown="menu", subdirectory=subdirectory)


@pytest.mark.parametrize("subdirectory", [None, "", ".", "./"])
def test_a_subdirectory_may_be_the_folder_itself(menu: Path, subdirectory: str | None) -> None:
    found = local_source(menu, shown="menu", subdirectory=subdirectory)
    assert isinstance(found, Tree)
    assert found.folder == menu


# Digests


@pytest.mark.parametrize(
    "change",
    [
        lambda menu: (menu / "src/new.py").touch(),
        lambda menu: (menu / "src/menu.py").unlink(),
        lambda menu: (menu / "src/menu.py").write_text("x = 2\n"),
        lambda menu: (menu / "src/menu.py").rename(menu / "src/menus.py"),
        lambda menu: (menu / "src/menu.py").chmod(0o755),
        lambda menu: (menu / "src/link").symlink_to("menu.py"),
        lambda menu: source_tree(menu / "src/build", "inner", "1.0"),
    ],
)
def test_what_a_build_may_read_counts(menu: Path, change: Callable[[Path], None]) -> None:
    before = tree_digest(menu)
    change(menu)
    assert tree_digest(menu) != before


@pytest.mark.parametrize(
    "path",
    [
        ".git/HEAD",
        "build/lib/menu.py",
        "dist/menu-1.0.tar.gz",
        "src/menu.egg-info/PKG-INFO",
        "src/__pycache__/menu.cpython-311.pyc",
        ".venv/bin/python",
        "own-env/pyvenv.cfg",
        "target/CACHEDIR.TAG",
        "node_modules/x.js",
    ],
)
def test_what_a_build_makes_or_passes_over_does_not_count(menu: Path, path: str) -> None:
    before = tree_digest(menu)
    place = menu / path
    place.parent.mkdir(parents=True)
    place.touch()
    (place.parent / "more").touch()
    assert tree_digest(menu) == before


def test_times_do_not_count(menu: Path) -> None:
    before = tree_digest(menu)
    os.utime(menu / "src/menu.py", (0, 0))
    assert tree_digest(menu) == before


def test_a_name_that_is_no_text_counts(menu: Path) -> None:
    before = tree_digest(menu)
    Path(os.fsdecode(os.fsencode(menu) + b"/\xff")).touch()
    assert tree_digest(menu) != before


def test_the_commit_counts_only_where_a_version_may_be_made_of_it(menu: Path) -> None:
    def digest(revision: str) -> str:
        found = local_source(menu, shown="menu", describe=lambda folder: revision)
        assert isinstance(found, Tree)
        return found.digest

    assert digest("v1-0-gabc") != digest("v1-1-gdef")
    source_tree(menu, "menu", "1.0", dynamic=[])
    assert digest("v1-0-gabc") == digest("v1-1-gdef")


def test_code_is_no_declaration(menu: Path) -> None:
    before = declaration_digest(menu)
    (menu / "src/menu.py").write_text("x = 2\n")
    assert declaration_digest(menu) == before
    (menu / "setup.cfg").touch()
    after = declaration_digest(menu)
    assert after != before
    (menu / "pyproject.toml").write_text("")
    assert declaration_digest(menu) != after


# Names for people


def test_a_source_is_called_by_its_package_where_that_is_known(menu: Path) -> None:
    plain = Tree(folder=menu, digest="0", shown="libs/menu")
    named = Tree(folder=menu, digest="0", shown="libs/menu", name=canonicalize_name("menu"), version="1.0")
    assert (shown(plain), shown(named)) == ("libs/menu", "menu 1.0")
    assert identity(plain) == identity(named)
