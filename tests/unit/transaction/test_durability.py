"""Unit: who waits for the disk hears of every error, also of one that was told to an earlier request."""

from __future__ import annotations

import errno
import threading
import time
from pathlib import Path

import pytest

from lockenv.transaction import durability


class Disk:
    """A disk that lost something: like syncfs(2), it says so once."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def settle(self, folder: str) -> None:
        self.asked.append(folder)
        if len(self.asked) == 1:
            time.sleep(0.05)
            raise OSError(errno.EIO, "the disk failed", folder)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Such a disk, in the place of the system call."""
    made = Disk()
    monkeypatch.setattr(durability, "_settle", made.settle)
    monkeypatch.setattr(durability, "_begun", [])
    return made


def test_an_error_that_the_early_request_was_told_is_raised_by_who_waits(disk: Disk, tmp_path: Path) -> None:
    durability.begin_to_settle(str(tmp_path))
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))
    # It is of that change alone.
    durability.settle(str(tmp_path))
    assert len(disk.asked) == 3


def test_the_error_of_another_disk_is_none_of_this_one(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durability.begin_to_settle(str(tmp_path))
    monkeypatch.setattr(durability._begun[0], "disk", -1)
    while not disk.asked:
        time.sleep(0.001)
    durability.settle(str(tmp_path))


def test_what_is_asked_without_an_early_request_is_heard_as_well(disk: Disk, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))


def test_where_no_thread_can_be_made_the_disk_is_asked_all_the_same(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="the disk failed"):
        durability.settle(str(tmp_path))
    durability.settle(str(tmp_path))
    assert len(disk.asked) == 2
