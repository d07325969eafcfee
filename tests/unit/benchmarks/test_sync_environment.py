"""A tool that does nothing, or something else, does not win."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.sync import disk
from benchmarks.sync.environment import installed, wrong


@pytest.fixture
def env(tmp_path: Path) -> Path:
    """An environment, as far as it is looked at, with `Menu` and a Python that can import nothing but `menu`."""
    packages = tmp_path / "lib" / "python3.12" / "site-packages"
    for name in ("Menu-1.0.dist-info", "plate_set-2.0.0.dist-info"):
        (packages / name).mkdir(parents=True)
        (packages / name / "RECORD").write_text("")
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text('#!/bin/sh\ncase "$4" in "import menu") exit 0;; *) echo "no $4" >&2; exit 1;; esac\n')
    python.chmod(0o755)
    return tmp_path


RIGHT = {"menu": "1.0", "plate-set": "2.0.0"}


def test_what_is_installed_is_named_as_a_lock_names_it(env: Path) -> None:
    assert installed(env) == RIGHT
    assert not wrong(env, RIGHT, ["menu"])


def test_an_empty_folder_of_a_package_is_no_package(env: Path) -> None:
    (env / "lib/python3.12/site-packages/Menu-1.0.dist-info/RECORD").unlink()
    assert "menu 1.0 is missing" in wrong(env, RIGHT, ["menu"])


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({**RIGHT, "soup": "1"}, "soup 1 is missing"),
        ({"menu": "1.0"}, "plate-set 2.0.0 is too much"),
        ({**RIGHT, "menu": "2.0"}, "menu is 1.0, not 2.0"),
    ],
)
def test_a_difference_is_told(env: Path, expected: dict[str, str], said: str) -> None:
    assert wrong(env, expected, ["menu"]) == f"the environment is not right: {said}"


def test_what_a_tool_needs_besides_is_not_too_much(env: Path) -> None:
    assert not wrong(env, {"menu": "1.0"}, ["menu"], besides=["plate-set"])


def test_a_package_that_cannot_be_imported_is_told(env: Path) -> None:
    assert "does not work: no import soup" in wrong(env, RIGHT, ["soup"])


def test_where_nothing_was_made_there_is_no_environment(tmp_path: Path) -> None:
    assert wrong(tmp_path, {}, ["sys"]) == "there is no environment"


def test_without_an_image_a_plain_folder_serves_and_that_is_said(tmp_path: Path) -> None:
    with disk.disk(tmp_path, 0) as (place, about):
        (place / "file").write_text("x")
        assert about == "a folder of this machine's disk (as was asked for)"
        assert place.parent == tmp_path
    assert not list(tmp_path.iterdir())


def test_an_environment_that_is_kept_elsewhere_would_be_there_already(env: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(env)
    assert "is kept elsewhere" in wrong(link, RIGHT, ["menu"])
