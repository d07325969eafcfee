"""How much a generation needs, and what is said where there is less."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lockenv.errors import InstallError
from lockenv.transaction.compose import compose
from lockenv.transaction.need import check_space, needed
from tests.fakes.environments import ICONS, MENU, Project
from tests.fakes.wheels import make_wheel

BIG = make_wheel("big", "1.0", files={"big.bin": b"\0" * 3_000_000})


def test_links_need_folders_and_what_is_written_and_copies_need_all(project: Project) -> None:
    contents = compose(project.desired(MENU, ICONS, BIG), str(project.env))
    linked = needed(contents, "hardlink", str(project.folder))
    copied = needed(contents, "copy", str(project.folder))
    assert linked.files == len(contents.folders) + len(contents.texts) + len(contents.links)
    brought = sum(len(list(package.files)) for package in contents.packages)
    assert copied.files == linked.files + brought
    assert linked.bytes is not None
    assert copied.bytes is not None
    assert linked.bytes < 3_000_000 < copied.bytes < 3_000_000 + linked.bytes + brought * 4096


def test_another_disk_means_copies(project: Project) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == project.folder.stat().st_dev:
        pytest.skip("there is no second disk here")
    contents = compose(project.desired(BIG), str(project.env))
    assert needed(contents, "hardlink", str(memory)) == needed(contents, "copy", str(memory))


def test_a_shortage_is_told_before_anything_is_made(project: Project) -> None:
    contents = compose(project.desired(MENU), str(project.env))
    check_space(str(project.folder), contents, "copy")
    (package,) = contents.packages
    vast = replace(package, groups=(("", "", {"a": (1 << 60, 0, 0o100644)}, {}, ("0" * 64,)),))
    with pytest.raises(
        InstallError, match=r"no room for the new environment: .* are needed, and .* was not changed"
    ):
        check_space(str(project.folder), replace(contents, packages=(vast,)), "copy")
