"""Unit: which pages a lock asks for before all else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from lockenv.errors import UsageError
from lockenv.manifest.model import Manifest
from lockenv.manifest.read import read
from lockenv.operations.first_pages import ask_ahead
from lockenv.project import Project
from lockenv.session import Session

MANIFEST = """\
[env]
name = "kitchen"
python = ">=3.11"
dependencies = ["Menu", "dish[hot]>=2; sys_platform == 'win32'", "oven", "spoon"]

[groups]
test = ["taster"]

[sources]
oven = { url = "https://example.com/oven-1.0.zip" }
spoon = { path = "spoon" }
"""


class Asking:
    """A session whose client notes what it is to have ready; None stands for one that cannot be made."""

    def __init__(self, folder: Path, asked: list[str] | None) -> None:
        self.project = Project(str(folder))
        self._asked = asked

    def client(self, manifest: Manifest) -> Asking:
        del manifest
        if self._asked is None:
            raise UsageError("pip cannot say which index it is configured for")
        return self

    def prefetch_listings(self, names: Iterable[str]) -> None:
        cast("list[str]", self._asked).extend(names)


def session(folder: Path, asked: list[str] | None) -> Session:
    return cast("Session", cast("Any", Asking(folder, asked)))


@pytest.fixture
def manifest() -> Manifest:
    return read(MANIFEST, where="env.toml")


def test_what_every_target_needs_from_an_index_is_asked_for(tmp_path: Path, manifest: Manifest) -> None:
    asked: list[str] = []
    ask_ahead(session(tmp_path, asked), manifest)
    assert asked == ["menu"]


def test_a_lock_that_stands_may_be_right(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "pylock.toml").touch()
    asked: list[str] = []
    ask_ahead(session(tmp_path, asked), manifest)
    assert asked == []


def test_an_index_that_cannot_be_told_is_a_matter_for_who_needs_it(tmp_path: Path, manifest: Manifest) -> None:
    ask_ahead(session(tmp_path, None), manifest)
