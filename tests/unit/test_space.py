from __future__ import annotations

from pathlib import Path

import pytest

from lockenv.space import Room, free_at, shortage

_BYTES = "1.2 GB are needed, and 300.0 MB are free"
_FILES = "7 new files and folders are needed, and the disk has room for 6"


@pytest.mark.parametrize(
    ("need", "free", "said"),
    [
        (Room(bytes=10, files=1), Room(bytes=10, files=1), None),
        (Room(bytes=999, files=0), Room(bytes=10, files=0), "999 bytes are needed, and 10 bytes are free"),
        (Room(bytes=1234567890, files=0), Room(bytes=3 * 10**8, files=9), _BYTES),
        (Room(bytes=0, files=7), Room(bytes=1, files=6), _FILES),
        (Room(bytes=1 << 60, files=1 << 60), Room(bytes=None, files=None), None),
    ],
)  # fmt: skip
def test_what_is_short_is_said_in_numbers(need: Room, free: Room, said: str | None) -> None:
    assert shortage(need, free) == said


def test_a_disk_is_asked_also_for_a_folder_that_is_still_to_be_made(tmp_path: Path) -> None:
    free = free_at(str(tmp_path / "not" / "there" / "yet"))
    assert free.bytes is None or free.bytes > 0
    assert shortage(Room(bytes=1, files=1), free) is None
