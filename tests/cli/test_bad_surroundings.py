"""A disk that is full or may not be written to, and interrupts: the old lock and the old environment stay."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lockenv.transaction import commit
from tests.cli.refusals import check_refusal, unharmed
from tests.fakes.index import FakeIndex
from tests.fakes.project import BASE_PYTHON, PATIENCE, SERIES, Ran, ScratchProject, finished
from tests.fakes.wheels import make_wheel

_MB = 1 << 20
_INTERRUPTED = "interrupted: nothing was changed that was not finished"
_UNCHANGED = "interrupted: the environment was not changed"
_AS_BEFORE = "interrupted: env.toml, the lock and the environment are as they were"


@pytest.fixture
def big(synced: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project whose manifest and lock now want 3 MB more than is installed."""
    index.add(make_wheel("big", "1.0", files={"big.bin": os.urandom(3 * _MB)}))
    synced.manifest(dependencies=["menu", "big"])
    synced.run("lock").ok()
    return synced


# -- files that may not grow: what a full disk looks like without rights


def _with_small_files(project: ScratchProject, *arguments: str, limit: int) -> Ran:
    """Run the command line in a process whose files cannot become longer than `limit` bytes."""
    code = (
        "import resource, runpy, sys; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
        "sys.argv[0] = 'lockenv'; runpy.run_module('lockenv', run_name='__main__')"
    )
    with project.start(*arguments, program=[sys.executable, "-c", code]) as process:
        return finished(process, arguments)


def test_a_wheel_that_finds_no_room_in_the_cache(big: ScratchProject) -> None:
    with unharmed(big):
        check_refusal(
            _with_small_files(big, "sync", limit=_MB), 6, "File too large", "the environment was not changed"
        )
    assert list((big.cache / "arriving").iterdir()) == []
    big.run("sync").ok()
    assert "big" in big.installed()


#: The command line, to which the system refuses something from when the first wheel is fetched.
_REFUSING = """
import sys, threading
sys.path.insert(0, {root!r})
from lockenv.__main__ import main
from lockenv.operations import fetch
real = fetch._bring
def bring(*given):
    {refused}
    return real(*given)
fetch._bring = bring
sys.argv = ["lockenv", "sync"]
sys.exit(main())
"""
_FILES = "raise OSError(24, 'Too many open files', 'a.whl')"
_THREADS = """threading.Thread.start = lambda _: (_ for _ in ()).throw(RuntimeError("can't start new thread"))
    threading.Thread().start()"""


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (_FILES, ["fetching failed: Too many open files", "was not changed", "`ulimit -n`"]),
        (_THREADS, ["the system refuses another thread", "`ulimit -u`"]),
    ],
    ids=["files", "threads"],
)
def test_a_system_that_refuses_more_files_or_threads_is_told_with_its_limit(
    refused: str, said: list[str], big: ScratchProject
) -> None:
    code = _REFUSING.format(root=str(Path(__file__).resolve().parents[2]), refused=refused)
    with unharmed(big), big.start(program=(sys.executable, "-c", code)) as process:
        check_refusal(finished(process, ("sync",)), 6, *said)


def test_a_file_that_finds_no_room_in_the_environment(big: ScratchProject) -> None:
    big.run("sync", "--env", "elsewhere").ok()  # now the store has it
    with unharmed(big):
        ran = _with_small_files(big, "sync", "--link-mode", "copy", limit=_MB)
        check_refusal(ran, 6, "File too large", "was not changed", remedy=False)
    big.run("sync").ok()


def test_a_lock_that_finds_no_room(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["menu", "checks"])
    with unharmed(synced):
        ran = _with_small_files(synced, "lock", limit=1000)
        check_refusal(ran, 6, "pylock.toml cannot be written: File too large", "the old lock")
    synced.run("lock").ok()


# -- a real small disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 2 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or "/bin/mount"
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("no right to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run([shutil.which("umount") or "/bin/umount", str(folder)], check=True)


@pytest.fixture
def cramped(small_disk: Path, index: FakeIndex) -> ScratchProject:
    """A synced project on a small disk, with its cache on a large one."""
    project = ScratchProject(small_disk, index_url=index.url)
    project.environ["LOCKENV_CACHE_DIR"] = str(small_disk.parent / "cache")
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    project.run("sync").ok()
    return project


def test_a_full_disk_keeps_the_environment(cramped: ScratchProject, index: FakeIndex) -> None:
    index.add(make_wheel("big", "1.0", files={"big.bin": os.urandom(3 * _MB)}))
    cramped.manifest(dependencies=["menu", "big"])
    cramped.run("lock").ok()
    with unharmed(cramped):
        check_refusal(cramped.run("sync"), 6, "MB are needed, and", "was not changed", "free some space")
        check_refusal(cramped.run("sync", "--env", "second"), 6, "MB are needed, and", "MB are free")
    assert not (cramped.folder / "second").exists()
    cramped.manifest(dependencies=["menu", "checks"])
    cramped.run("lock").ok()
    cramped.run("sync").ok()
    assert cramped.installed().keys() == {"checks", "dropdown", "icons", "menu"}


def test_a_full_disk_keeps_the_lock(cramped: ScratchProject) -> None:
    cramped.manifest(dependencies=["menu", "checks"])
    filler = cramped.scratch / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError:
        pass
    with unharmed(cramped):
        check_refusal(cramped.run("lock"), 6, "pylock.toml cannot be written: No space left on device", "old lock")
    filler.unlink()
    cramped.run("lock").ok()


def test_a_full_cache_keeps_the_environment(synced: ScratchProject, small_disk: Path, index: FakeIndex) -> None:
    index.add(make_wheel("big", "1.0", files={"big.bin": os.urandom(3 * _MB)}))
    synced.manifest(dependencies=["menu", "big"])
    synced.run("lock").ok()
    with unharmed(synced):
        ran = synced.run("sync", "--cache-dir", str(small_disk / "cache"))
        check_refusal(ran, 6, "--cache-dir")
        # The disk says so of the file that fills it, and we of another that comes at the same time.
        assert "No space left on device" in ran.err or "there is no room to unpack" in ran.err


# -- folders that may not be written to


@contextmanager
def unwritable(project: ScratchProject) -> Iterator[None]:
    """Have nothing written into a project; root needs a mount for that."""
    if os.geteuid() != 0:
        folders = (project.folder, project.env, project.env / ".lockenv")
        for each in folders:
            each.chmod(0o555)
        yield
        for each in folders:
            each.chmod(0o755)
        return
    mount, folder = shutil.which("mount") or "/bin/mount", str(project.folder)
    made = subprocess.run([mount, "--bind", folder, folder], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("no right to mount a folder read-only")
    try:
        subprocess.run([mount, "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run([shutil.which("umount") or "/bin/umount", folder], check=True)


@pytest.fixture
def read_only(synced: ScratchProject, index: FakeIndex) -> Iterator[ScratchProject]:
    """A project in which nothing may be written."""
    index.add(make_wheel("menu", "1.1", requires=["dropdown>=1"]))
    with unwritable(synced):
        yield synced


def test_a_read_only_project_is_read_and_not_written(read_only: ScratchProject) -> None:
    reason = "Read-only" if os.geteuid() == 0 else "Permission denied"
    with unharmed(read_only):
        read_only.run("lock", "--check").ok()
        read_only.run("sync").ok()
        read_only.run("list").ok()
        check_refusal(read_only.run("lock", "--upgrade"), 6, "pylock.toml cannot be written", reason, "old lock")
        check_refusal(read_only.run("sync", "--group", "test"), 6, reason, "was not changed", remedy=False)
        check_refusal(read_only.run("sync", "--env", "new"), 6, reason, "was not changed", remedy=False)


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        (("--python", SERIES), {}),
        ((), {"LOCKENV_PYTHON": SERIES}),
        ((), {"CI": "true"}),
        (("--verify",), {}),
        (("--python", str(BASE_PYTHON), "--verify"), {"CI": "1"}),
    ],
)
def test_a_read_only_environment_that_is_right_is_up_to_date(
    read_only: ScratchProject, arguments: tuple[str, ...], environ: dict[str, str]
) -> None:
    read_only.environ.update(environ)
    with unharmed(read_only):
        assert "is already exactly pylock.toml" in read_only.run("sync", *arguments).ok().out


def test_a_read_only_environment_that_is_not_right_is_not_called_so(synced: ScratchProject) -> None:
    next(synced.env.glob("lib/python*/site-packages/icons.py")).unlink()
    with unwritable(synced):
        for arguments in ((), ("--python", SERIES), ("--verify",)):
            check_refusal(synced.run("sync", *arguments), 6, "was not changed", remedy=False)


def test_a_cache_that_cannot_be_written_costs_time_only_while_locking(synced: ScratchProject) -> None:
    blocked = synced.scratch / "blocked"
    blocked.write_text("a file where a folder should be")
    synced.run("lock", "--upgrade", "--cache-dir", str(blocked)).ok()
    with unharmed(synced):
        check_refusal(
            synced.run("sync", "--env", "new", "--cache-dir", str(blocked)), 6, str(blocked), "--cache-dir"
        )


# -- interrupts


class _Gate(threading.Event):
    """Holds an answer back, and tells that somebody asked."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.reached.set()
        return super().wait(timeout)


def _interrupted(project: ScratchProject, index: FakeIndex, path: str, *arguments: str) -> Ran:
    """Run a command, interrupt it while the server keeps it waiting at `path`, and give how it ended."""
    gate = _Gate()
    index.fail(path, until=gate, times=1)
    try:
        with project.start(*arguments, "--timeout", "3600", start_new_session=True) as process:
            assert gate.reached.wait(PATIENCE)
            process.send_signal(signal.SIGINT)
            # The server still says nothing, for a minute: whoever waits for it does not end in time.
            return finished(process, arguments, patience=40)
    finally:
        gate.set()
        index.mend()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("lock", "--upgrade"), _INTERRUPTED), (("sync",), _UNCHANGED), (("add", "banner"), _AS_BEFORE)],
)
def test_an_interrupt_ends_soon_and_changes_nothing(
    arguments: tuple[str, ...], told: str, synced: ScratchProject, index: FakeIndex
) -> None:
    index.add(make_wheel("banner", "1.0"))
    if arguments[0] != "add":
        synced.manifest(dependencies=["menu", "banner"])
    if arguments == ("sync",):
        synced.run("lock").ok()
    with unharmed(synced):
        ran = _interrupted(synced, index, "*banner*", *arguments)
        assert (ran.status, ran.out) == (130, "")
        assert ran.err.strip() == told
    synced.manifest(dependencies=["menu", "banner"])
    synced.run("lock").ok()
    synced.run("sync").ok()
    assert "banner" in synced.installed()


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_lock_that_is_no_plain_file_is_not_read(synced: ScratchProject, kind: str) -> None:
    synced.lock.unlink()
    if kind == "device":
        synced.lock.symlink_to("/dev/zero")
    else:
        os.mkfifo(synced.lock)
    ran = synced.run("sync")
    check_refusal(ran, 2, "pylock.toml is no plain file")


def test_a_wheel_that_is_no_plain_file_is_not_read(synced: ScratchProject) -> None:
    wheel = next(line for line in synced.lock.read_text().splitlines() if "menu-1.0" in line)
    url = re.search(r'url = "([^"]*)"', wheel)
    assert url is not None
    endless = synced.folder / url[1].rpartition("/")[2]
    endless.symlink_to("/dev/zero")
    text = synced.lock.read_text().replace(url[1], endless.as_uri())
    synced.lock.write_text(re.sub(r"size = \d+, ", "", text))
    shutil.rmtree(synced.cache / "wheels")
    shutil.rmtree(synced.env)
    check_refusal(synced.run("sync"), 4, "is no plain file")


def test_a_generation_under_another_name_than_its_own_is_none(synced: ScratchProject) -> None:
    """Python would follow the link to it, and lockenv would look at the first."""
    home = synced.env / ".lockenv"
    shutil.copytree(home / "g-1", home / "g-01", symlinks=True)
    (home / "current").unlink()
    (home / "current").symlink_to("g-01")
    assert synced.run("verify").status == 1
    synced.run("sync").ok()
    synced.run("verify").ok()
    assert str((home / "current").readlink()) != "g-01"


def test_an_earlier_generation_that_cannot_be_removed_is_in_nobodys_way(
    synced: ScratchProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(env: str, **_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", f"{env}/.lockenv/g-0/file")

    monkeypatch.setattr(commit, "sweep", refuse)
    synced.manifest(dependencies=["checks"])
    synced.run("lock").ok()
    ran = synced.run("sync").ok()
    assert "an earlier generation cannot be removed: Operation not permitted at" in ran.err
    assert set(synced.installed()) == {"checks"}


@pytest.mark.parametrize("command", ["verify", "check", "history", "rollback", "sync"])
def test_an_environment_that_is_a_link_to_itself_is_told(synced: ScratchProject, command: str) -> None:
    shutil.rmtree(synced.env)
    synced.env.symlink_to(synced.env.name)
    ran = synced.run(command)
    assert ran.status == (1 if command == "check" else 2)
    assert "is a link that leads in a circle" in ran.out + ran.err
    assert command == "check" or f"hint: remove it: `rm {synced.env}`" in ran.err


@pytest.mark.parametrize("place", [".", ".lockenv", ".lockenv/current"])
def test_an_environment_that_its_owner_cannot_look_into_is_told(
    synced: ScratchProject, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = (synced.env / place).resolve()
    scandir = os.scandir

    def refusing(path: object = ".") -> object:
        # Root looks into everything.
        if isinstance(path, str) and os.path.realpath(path) == str(shut):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "scandir", refusing)
    for command in ("verify", "history", "rollback"):
        check_refusal(synced.run(command), 2, "cannot be looked into: Permission denied", "chmod u+rwx")
    assert "cannot be looked into" in synced.run("check").out


@pytest.mark.parametrize(
    ("kind", "told"), [("folder", "a folder"), ("link", "a link"), ("pipe", "a special file")]
)
def test_what_stands_in_the_place_of_an_environments_lock_is_told(
    synced: ScratchProject, kind: str, told: str
) -> None:
    place = synced.env / ".lockenv" / "lock"
    place.unlink()
    if kind == "folder":
        place.mkdir()
    elif kind == "link":
        place.symlink_to("/dev/null")
    else:
        os.mkfifo(place)
    synced.lock.write_text(synced.lock.read_text() + "# another\n")
    check_refusal(synced.run("sync"), 6, f"{place} is {told}", "the environment was not changed", "rm -r")
    shutil.rmtree(place) if kind == "folder" else place.unlink()
    synced.run("sync").ok()


def test_notes_that_a_full_disk_cut_off_are_swept(synced: ScratchProject, index: FakeIndex) -> None:
    left = synced.env / ".lockenv" / "fresh.new"
    left.write_text("only the beg")
    synced.manifest(dependencies=["menu", "checks"])
    synced.run("lock").ok()
    synced.run("sync").ok()
    assert not left.exists()
