"""Unit: who waits for the disk hears of every error, also of one that was told to an earlier request."""

from __future__ import annotations

import _thread
import errno
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lockenv.errors import InstallError
from lockenv.transaction import apply as applying
from lockenv.transaction import durability
from lockenv.transaction.apply import apply
from tests.fakes.environments import MENU, Project


class Disk:
    """A disk that lost something: like syncfs(2), it says so once."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.told = 1  #: how many requests are told

    def settle(self, folder: str) -> None:
        self.asked.append(folder)
        if len(self.asked) <= self.told:
            time.sleep(0.05)
            raise OSError(errno.EIO, "the disk failed", folder)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Such a disk, in the place of the system call."""
    made = Disk()
    monkeypatch.setattr(durability, "_settle", made.settle)
    monkeypatch.setattr(durability, "_begun", {})
    return made


def test_an_error_that_the_early_request_was_told_is_raised_by_who_waits(disk: Disk, tmp_path: Path) -> None:
    durability.begin_to_settle(str(tmp_path))
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))
    # It is of that change alone.
    durability.settle(str(tmp_path))
    assert len(disk.asked) == 3


def test_of_two_early_requests_that_failed_none_is_forgotten(disk: Disk, tmp_path: Path) -> None:
    disk.told = 2
    for _ in range(2):
        durability.begin_to_settle(str(tmp_path))
    while len(disk.asked) < 2:
        time.sleep(0.001)
    for _ in range(2):
        with pytest.raises(OSError, match="the disk failed"):
            durability.settle(str(tmp_path))
    durability.settle(str(tmp_path))
    assert not durability._begun


def test_the_error_of_another_disk_is_none_of_this_one(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durability.begin_to_settle(str(tmp_path))
    monkeypatch.setattr(durability._begun[_thread.get_ident()][0], "disk", -1)
    while not disk.asked:
        time.sleep(0.001)
    durability.settle(str(tmp_path))


def test_of_two_changes_at_once_each_hears_of_its_own(disk: Disk, tmp_path: Path) -> None:
    durability.begin_to_settle(str(tmp_path))
    while not disk.asked:
        time.sleep(0.001)
    with ThreadPoolExecutor(6) as others:
        # Nobody else is told of it, nor takes it away, however many ask at once.
        list(others.map(durability.settle, [str(tmp_path)] * 24))
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))


def test_many_changes_at_once_wait_for_the_disk(tmp_path: Path) -> None:
    def change(_: int) -> None:
        durability.begin_to_settle(str(tmp_path))
        durability.settle(str(tmp_path))

    with ThreadPoolExecutor(6) as changes:
        list(changes.map(change, range(200)))
    assert not durability._begun


def test_what_is_asked_without_an_early_request_is_heard_as_well(disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))


def test_where_no_thread_can_be_made_the_disk_is_asked_all_the_same(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))
    durability.settle(str(tmp_path))
    assert len(disk.asked) == 2


def test_what_the_disk_lost_before_the_record_was_written_keeps_a_change_from_being_made(
    disk: Disk, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "_MANY_FOLDERS", 1)
    with pytest.raises(InstallError, match="the disk failed"):
        apply(project.env, project.desired(MENU), durable="power")
    assert not project.env.exists()
    # One request while the record was put together, and one for all.
    assert len(disk.asked) == 2


def test_a_few_folders_are_asked_for_once(disk: Disk, project: Project) -> None:
    disk.asked.append("before")
    apply(project.env, project.desired(MENU), durable="power")
    assert len(disk.asked) == 2


def test_a_refusal_of_the_system_call_comes_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        durability._settle(str(tmp_path / "none"))
    assert durability._syncfs(-1) in {errno.EBADF, None}
