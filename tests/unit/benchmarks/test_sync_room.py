"""How much room a run takes is known before it begins; and who has none is told so then."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.recording import Recording
from benchmarks.sync import disk, made, room
from benchmarks.sync.record import folder_of
from benchmarks.sync.room import Footprint
from benchmarks.sync.sets import Made, Set
from benchmarks.sync.ways import WAYS

SET = Set(name="dish", python="", dependencies=("dish-0",), held="dish-0<2", imports=())
LOCK = """
[[packages]]
name = "dish-0"
wheels = [
    {{ url = "http://127.0.0.1:1/files/dish-0/dish_0-{version}-py3-none-any.whl" }},
    {{ name = "other.whl" }},
]
"""
LARGE = Footprint(bytes=1_500_000_000, files=40_000)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    kept = Recording(tmp_path / "recording")
    made.put(kept, Made(packages=1, files=3, bytes=1000), "dish")
    for lot, version in {"new": "2.0", "held": "1.0"}.items():
        place = folder_of(kept.folder, "dish", lot) / "lockenv"
        place.mkdir(parents=True)
        (place / "pylock.toml").write_text(LOCK.format(version=version))
    return kept


def test_what_is_in_the_wheels_of_all_locks_counts(recording: Recording) -> None:
    one = room.footprint(recording, Set(name="dish", python="", dependencies=(), held="", imports=()))
    both = room.footprint(recording, SET)
    assert one.files >= 3
    assert one.bytes >= 2000
    assert (both.files, both.bytes) == (2 * one.files, 2 * one.bytes)


def test_a_set_that_is_not_recorded_takes_nothing(recording: Recording) -> None:
    unknown = Set(name="unknown", python="", dependencies=(), held="", imports=())
    assert room.footprint(recording, unknown) == Footprint(bytes=0, files=0)


def test_more_tools_take_more_and_the_largest_set_decides() -> None:
    four = [WAYS[name] for name in ("uv", "lockenv", "pip", "poetry")]
    small = Footprint(bytes=5_000_000, files=400)
    need = room.needed([small, LARGE], four, ["cold", "warm-copy"])
    assert need == room.needed([LARGE], four, ["cold", "warm-copy"])
    assert need == pytest.approx(2 * room.needed([LARGE], four[:2], ["cold", "warm-copy"]))
    assert room.disk_for(need) * (1 << 30) > need > 4 * 2 * LARGE.on_disk


def test_links_take_no_room_and_copies_do() -> None:
    links = room.needed([LARGE], [WAYS["uv"]], ["cold", "warm"])
    assert links < 1.5 * LARGE.on_disk
    assert room.needed([LARGE], [WAYS["uv"]], ["warm", "warm-copy"]) > 2 * LARGE.on_disk
    assert room.needed([LARGE], [WAYS["pip"]], ["cold", "warm"]) > 2 * LARGE.on_disk
    # lockenv with the inflater is measured with links only, whatever others do
    assert room.needed([LARGE], [WAYS["fast"]], ["cold", "warm-copy"]) == pytest.approx(links)


def test_who_has_no_room_is_told_what_helps(tmp_path: Path) -> None:
    room.refuse_if_short(5e9, tmp_path, free=5e9)
    with pytest.raises(SystemExit, match=r"need about 5\.0 GB .* 4\.0 GB are free in .*--tool, --set"):
        room.refuse_if_short(5e9, tmp_path, free=4e9)


@pytest.mark.parametrize(("kind", "is_bound"), [("tmpfs", True), ("ext4", False)])
def test_a_disk_in_memory_has_no_more_room_than_memory(tmp_path: Path, kind: str, is_bound: bool) -> None:
    mounts, memory = tmp_path / "mounts", tmp_path / "meminfo"
    mounts.write_text(f"root / ext4 rw 0 0\nit {tmp_path.resolve()} {kind} rw 0 0\n")
    memory.write_text("MemTotal: 64 kB\nMemAvailable:   16 kB\n")
    free = room.free_in(tmp_path, str(mounts), str(memory))
    assert (free == 16 * 1024) == is_bound


def test_an_image_that_cannot_be_mounted_is_done_without_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("mkfs.ext4", "mount", "umount"):
        (programs / name).write_text(f"#!/bin/sh\necho '{name} is not for you' >&2\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    work = tmp_path / "work"
    work.mkdir()
    with disk.disk(work, 1) as (place, about):
        assert about == "a folder of this machine's disk (mkfs.ext4: mkfs.ext4 is not for you)"
        assert not list(place.iterdir())
    assert not list(work.iterdir())
