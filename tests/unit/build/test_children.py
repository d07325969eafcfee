from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from lockenv.build.children import Children
from lockenv.errors import BuildError


def run(script: str, tmp_path: Path, children: Children | None = None) -> tuple[int, str]:
    with tempfile.TemporaryFile() as output:
        status = (children or Children()).run(
            ["/bin/sh", "-c", script],
            folder=tmp_path,
            environ={"PATH": os.environ["PATH"], "X": "x"},
            output=output,
        )
        output.seek(0)
        return status, output.read().decode()


def ends(pid: int) -> bool:
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        facts = Path(f"/proc/{pid}/stat")
        if facts.exists() and facts.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_child_has_its_folder_its_variables_and_no_input(tmp_path: Path) -> None:
    status, said = run('pwd; echo "$X"; echo wrong >&2; cat; exit 3', tmp_path)
    assert (status, said) == (3, f"{tmp_path}\nx\nwrong\n")


def test_what_a_child_leaves_running_ends_with_it(tmp_path: Path) -> None:
    status, said = run("sleep 600 & echo $!", tmp_path)
    assert status == 0
    assert ends(int(said))


def test_a_child_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    _, said = run("trap '' TERM; (trap '' TERM; sleep 600) & echo $!", tmp_path)
    assert ends(int(said))


def test_nothing_starts_after_a_stop(tmp_path: Path) -> None:
    children = Children()
    children.stop()
    with pytest.raises(BuildError, match="was stopped"):
        run("touch started", tmp_path, children)
    assert not (tmp_path / "started").exists()


def test_a_program_that_is_not_there_is_the_systems_error(tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as output, pytest.raises(FileNotFoundError):
        Children().run(["/no/such/program"], folder=tmp_path, environ={}, output=output)
