from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lockenv.errors import InstallError
from lockenv.files import FileLock, hash_file, remove_tree, write_atomically


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_written_file_holds_the_content_and_nothing_stands_beside_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "pylock.toml", b"new", durable=True)
    assert (tmp_path / "pylock.toml").read_bytes() == b"new"
    assert names(tmp_path) == ["pylock.toml"]


def test_an_existing_files_mode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "env.toml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_is_replaced_and_what_it_points_to_is_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"theirs")
    path = tmp_path / "pylock.toml"
    path.symlink_to(elsewhere)
    write_atomically(path, b"ours")
    assert elsewhere.read_bytes() == b"theirs"
    assert not path.is_symlink()
    assert path.read_bytes() == b"ours"


def test_a_failed_write_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_bytes(b"old")
    script = (
        "import resource, pathlib\n"
        "from lockenv.files import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"write_atomically(pathlib.Path({str(path)!r}), b'x' * 5000)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["pylock.toml"]


def test_a_file_is_hashed_for_several_algorithms_at_once(tmp_path: Path) -> None:
    content = b"0123456789" * 300_000
    path = tmp_path / "wheel"
    path.write_bytes(content)
    assert hash_file(path, ("sha256", "md5")) == {
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }


def test_removing_a_tree_never_follows_links(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "precious").write_bytes(b"")
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "link").symlink_to(kept)
    (tree / "file").symlink_to(kept / "precious")
    remove_tree(tree)
    assert not tree.exists()
    assert (kept / "precious").exists()


def test_removing_a_link_to_a_folder_removes_the_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")
    remove_tree(tmp_path / "link")
    assert names(tmp_path) == ["kept"]


def test_a_tree_with_read_only_folders_is_removed(tmp_path: Path) -> None:
    inner = tmp_path / "tree" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").write_bytes(b"")
    inner.chmod(0o500)
    (tmp_path / "tree").chmod(0o500)
    remove_tree(tmp_path / "tree")
    assert not (tmp_path / "tree").exists()


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")
    assert names(tmp_path) == []


def test_a_lock_that_is_held_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        FileLock(path),
        pytest.raises(InstallError, match=rf"\.venv is being changed by process {os.getpid()} \("),
        FileLock(path, subject=".venv", wait=0),
    ):
        pass


@pytest.mark.parametrize(
    ("program", "told"),
    [("/usr/bin/lockenv", "lockenv sync"), ("/x/lockenv/__main__.py", "lockenv sync"), ("", "python sync")],
)
def test_a_holder_is_named_as_people_know_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "sync"])
    with FileLock(tmp_path / "lock") as lock:
        assert lock.holder() == f"process {os.getpid()} ({told})"


def test_who_waits_is_told_once_and_then_gets_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = FileLock(path)
    first.acquire()
    told: list[str] = []
    waiting = threading.Event()

    def tell(holder: str) -> None:
        told.append(holder)
        waiting.set()

    def wait() -> None:
        with FileLock(path, on_wait=tell):
            told.append("got it")

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(10)
    first.release()
    thread.join(10)
    assert len(told) == 2
    assert told[0].startswith(f"process {os.getpid()}")
    assert told[1] == "got it"


def test_a_transient_locks_file_goes_with_it_and_its_waiters_take_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = FileLock(path, transient=True), FileLock(path, transient=True, wait=10)
    first.acquire()
    thread = threading.Thread(target=second.acquire)
    thread.start()
    first.release()
    thread.join(10)
    assert path.exists()
    with pytest.raises(InstallError):
        FileLock(path, wait=0).acquire()
    second.release()
    assert not path.exists()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = (
        "import os, pathlib\nfrom lockenv.files import FileLock\n"
        f"FileLock(pathlib.Path({str(path)!r})).acquire()\nos._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    with FileLock(path, wait=0):
        assert path.read_text().startswith(str(os.getpid()))


def test_a_lock_is_not_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "lock").symlink_to("theirs")
    with pytest.raises(OSError, match="symbolic links"):
        FileLock(tmp_path / "lock").acquire()
    assert (tmp_path / "theirs").read_text() == "theirs"
