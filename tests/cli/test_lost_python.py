"""The Python behind an environment is gone: nothing else runs in its place, and a sync mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.project import ScratchProject


@pytest.fixture
def orphaned(synced: ScratchProject, tmp_path: Path) -> ScratchProject:
    """An environment whose links lead to a Python that was removed, and programs of its names on PATH."""
    gone = tmp_path / "gone" / "python"
    for link in (synced.env / "bin").resolve().glob("python*"):
        link.unlink()
        link.symlink_to(gone)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("python", "menu"):
        (elsewhere / name).write_text("#!/bin/sh\necho another one\n", encoding="utf-8")
        (elsewhere / name).chmod(0o755)
    synced.environ["PATH"] = f"{elsewhere}:{synced.environ['PATH']}"
    return synced


@pytest.mark.parametrize("command", ["python", "menu"])
def test_no_other_program_of_that_name_runs_in_its_place(orphaned: ScratchProject, command: str) -> None:
    ran = orphaned.spawn("run", "--", command)
    assert (ran.status, ran.out) == (2, "")
    said = "cannot be started: the Python that it was made for is gone  [usage]\nhint: run `lockenv sync`\n"
    assert ran.err == f"error: {orphaned.env}/bin/{command} {said}"


def test_what_the_environment_does_not_have_is_found_on_path(orphaned: ScratchProject) -> None:
    assert orphaned.spawn("run", "--", "env", "true").ok().out == ""


def test_a_sync_mends_it(orphaned: ScratchProject) -> None:
    orphaned.spawn("sync").ok()
    assert orphaned.spawn("run", "--", "menu").ok().out == "menu 1.0 over dropdown 1.1\n"
