from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from lockenv.leftovers import half_made, is_unsettled, mark_unsettled, settle, sweep


def test_what_is_half_made_is_gone_in_the_end_unless_it_was_renamed(tmp_path: Path) -> None:
    with half_made(str(tmp_path), "menu") as made:
        assert Path(made).name.startswith(".menu-")
        (Path(made) / "file").write_text("x")
    assert list(tmp_path.iterdir()) == []
    with half_made(str(tmp_path), "menu") as made:
        Path(made).rename(tmp_path / "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_a_sweep_spares_what_somebody_is_making_and_takes_what_a_dead_process_left(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    code = (
        "import sys, time; from lockenv.leftovers import half_made\n"
        f"with half_made({str(tmp_path)!r}, 'menu') as made: print(made, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        made = Path(process.stdout.readline().strip())
        (made / "file").write_text("x")
        with half_made(str(tmp_path), "icons") as own:
            sweep(str(tmp_path))
            assert made.is_dir()
            assert Path(own).is_dir()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert made.is_dir()
    sweep(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_a_sweep_follows_no_link_and_finds_no_folder_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / ".link").symlink_to("kept")
    sweep(str(tmp_path))
    assert (tmp_path / ".link").is_symlink()
    assert (tmp_path / "kept").is_dir()
    sweep(str(tmp_path / "nowhere"))


def test_what_was_made_in_this_run_of_the_machine_is_trusted_and_what_in_another_only_once_it_was_read(
    tmp_path: Path,
) -> None:
    assert not is_unsettled(str(tmp_path))
    mark_unsettled(str(tmp_path))
    assert not is_unsettled(str(tmp_path))
    mark = tmp_path / "unsettled"
    mark.unlink()
    mark.symlink_to("another run")
    assert is_unsettled(str(tmp_path))
    settle(str(tmp_path))
    assert not is_unsettled(str(tmp_path))
    assert not os.path.lexists(mark)
