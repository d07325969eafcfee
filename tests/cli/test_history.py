"""`history` and `rollback`, as a person uses them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from lockenv.files import FileLock
from tests.cli.refusals import check_refusal, unharmed
from tests.cli.screens import check_screen
from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, ScratchProject


@pytest.fixture
def moved(synced: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project that was synced, and once more with other packages."""
    synced.manifest(dependencies=["menu", "dropdown<1.1", "checks"])
    synced.run("lock").ok()
    synced.run("sync").ok()
    return synced


def generation(project: ScratchProject, number: int) -> Path:
    return project.folder / ".venv" / ".lockenv" / f"g-{number}"


def test_one_goes_back_and_forward_and_a_sync_goes_to_the_lock_again(moved: ScratchProject) -> None:
    runs = [
        moved.run("rollback"),
        moved.run("list"),
        moved.run("rollback"),
        moved.run("rollback", "1"),
        moved.run("sync"),
        moved.run("sync"),
    ]
    check_screen("rollback", moved, runs)


def test_what_is_kept_is_listed(moved: ScratchProject) -> None:
    told = json.loads(moved.run("history", "--json").ok().out)
    (new, old) = told["generations"]
    assert (new["number"], new["current"], old["number"], old["current"]) == (2, True, 1, False)
    assert [package["name"] for package in old["packages"]] == ["dropdown", "icons", "menu"]
    assert (old["whole"], old["problem"], old["python"]) == (True, None, str(BASE_PYTHON))
    assert 0 <= new["made"] - old["made"] < 120
    lines = moved.run("history").ok().out.splitlines()
    assert lines[0].startswith("*  2  ")
    assert "4 packages" in lines[0]
    assert lines[1].endswith("  whole")


def test_a_damaged_generation_is_shown_and_refused(moved: ScratchProject) -> None:
    (damaged,) = generation(moved, 1).glob("lib/python*/site-packages/menu.py")
    damaged.unlink()
    assert "damaged: lib/" in moved.run("history").ok().out
    with unharmed(moved):
        check_refusal(
            moved.run("rollback"), 6, "generation 1 is not what it was", "menu.py was deleted", "was not changed"
        )
    (generation(moved, 1) / ".state").write_bytes(b"")
    assert "its record is missing or damaged" in moved.run("history").ok().out
    check_refusal(moved.run("rollback", "1"), 6, "its record is missing or damaged")


def test_a_generation_whose_interpreter_is_gone_is_refused(moved: ScratchProject, tmp_path: Path) -> None:
    python = tmp_path / "python"
    shutil.copy(BASE_PYTHON, python)
    os.utime(python, (1, 1))
    elsewhere = moved.folder / ".venv" / ".lockenv"
    for number in (1, 2):
        state = elsewhere / f"g-{number}" / ".state"
        assert str(BASE_PYTHON).encode() in state.read_bytes()
    from lockenv.transaction import state as records

    record = records.read(str(elsewhere / "g-1"))
    assert record is not None
    record.interpreter_id = f"{python}\0{1}\0{1}"
    (elsewhere / "g-1" / ".state").write_bytes(record.pack())
    with unharmed(moved):
        told = f"its interpreter, {python}, is gone or is another now"
        check_refusal(moved.run("rollback"), 6, told, "take the earlier pylock.toml out of your version control")


def test_there_is_nothing_to_go_back_to(synced: ScratchProject) -> None:
    with unharmed(synced):
        check_refusal(synced.run("rollback"), 2, "has no earlier generation to go back to")
        check_refusal(synced.run("rollback", "1"), 2, "generation 1 is the current one")
        check_refusal(synced.run("rollback", "7"), 2, "has no generation 7", "lockenv history")
        check_refusal(synced.run("rollback", "x"), 2, "invalid int value")
    shutil.rmtree(synced.folder / ".venv")
    check_refusal(synced.run("rollback"), 2, "there is no environment at")
    check_refusal(synced.run("history"), 2, "there is no environment at .venv that lockenv made")
    assert not (synced.folder / ".venv").exists()


def test_history_says_how_many_are_kept(synced: ScratchProject) -> None:
    def turn(*arguments: str) -> list[int]:
        synced.run("sync", *arguments).ok()
        # What was retired a moment ago stays for a while, for the programs that began with it.
        for folder in (synced.folder / ".venv" / ".lockenv").glob("g-*"):
            os.utime(folder, (folder.stat().st_mtime - 60,) * 2)
        return [one["number"] for one in json.loads(synced.run("history", "--json").ok().out)["generations"]]

    assert turn("--group", "test", "--history", "3") == [2, 1]
    assert turn("--history", "3") == [3, 2, 1]
    assert turn("--group", "test", "--history", "3") == [4, 3, 2, 1]
    assert turn("--history", "0")[:1] == [5]
    assert turn("--group", "test", "--history", "0") == [6, 5]


def test_a_rollback_waits_no_longer_than_it_is_told(moved: ScratchProject) -> None:
    moved.manifest(dependencies=["menu", "icons<2"])
    moved.run("lock").ok()
    with FileLock(moved.folder / ".venv" / ".lockenv" / "lock"), unharmed(moved):
        check_refusal(moved.run("rollback", "--wait", "0"), 6, f"is being changed by process {os.getpid()}")
        check_refusal(moved.run("sync", "--wait", "0.1"), 6, "--wait SECONDS")
    moved.run("rollback", "--wait", "0").ok()


def test_a_swap_that_was_cut_between_its_renames_is_set_right_by_whoever_reads(synced: ScratchProject) -> None:
    for arguments in (("list",), ("history",), ("run", "menu"), ("verify",), ("check",), ("rollback",)):
        (synced.folder / ".venv").rename(synced.folder / ".venv.lockenv-old")
        ran = synced.spawn(*arguments)
        assert ran.status == (2 if arguments == ("rollback",) else 0), ran.err
        assert (synced.folder / ".venv" / "bin" / "menu").exists()
        assert not (synced.folder / ".venv.lockenv-old").exists()
