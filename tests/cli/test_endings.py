"""A run that is told to end, wherever it is: it ends, says what is true, and the old environment stays."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from lockenv.cli import interrupts
from lockenv.files import FileLock
from lockenv.operations import amendment
from lockenv.transaction import commit
from tests.cli.refusals import check_refusal, unharmed
from tests.cli.test_bad_surroundings import _Gate
from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, Ran, ScratchProject, finished
from tests.fakes.wheels import make_wheel

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
UNFINISHED = "nothing was changed that was not finished"
UNCHANGED = "the environment was not changed"


def wait_for(reached: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert process.poll() is None, "it came to its end before"
        assert time.monotonic() < deadline
        time.sleep(0.002)


def ended(
    project: ScratchProject, number: signal.Signals, reached: Callable[[], bool], *arguments: str, times: int = 1
) -> Ran:
    """Run a command, and end it once it has come to a place."""
    with project.start(*arguments, start_new_session=True) as process:
        wait_for(reached, process)
        for _ in range(times):
            process.send_signal(number)
        return finished(process, arguments, patience=40)


def check(ran: Ran, number: signal.Signals) -> None:
    assert ran.status == 128 + number
    word = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
    assert f"{word}: {UNCHANGED}" in ran.err
    assert "Traceback" not in ran.err


@pytest.fixture
def large(synced: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A project whose lock now wants a wheel of very many files."""
    files = {f"large/m{number}.py": f"number = {number}\n" for number in range(6000)}
    index.add(make_wheel("large", "1.0", files=files))
    synced.manifest(dependencies=["menu", "large"])
    synced.run("lock").ok()
    return synced


def leftovers(project: ScratchProject) -> list[str]:
    beside = [path.name for path in project.folder.iterdir() if ".lockenv-" in path.name]
    inside = [path.name for path in (project.folder / ".venv" / ".lockenv").iterdir()]
    half_made = [path.name for path in (project.cache / "wheels").iterdir() if path.name.startswith(".")]
    half_made += [path.name for path in (project.cache / "arriving").iterdir()]
    return [*beside, *half_made, *(name for name in inside if name.endswith(".tmp"))]


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_waits_for_its_turn(synced: ScratchProject, number: signal.Signals) -> None:
    synced.manifest(dependencies=["menu", "checks"])
    synced.run("lock").ok()
    with unharmed(synced):
        lock = FileLock(synced.folder / ".venv" / ".lockenv" / "lock")
        with lock, synced.start("sync", start_new_session=True) as process:
            assert process.stderr is not None
            told = process.stderr.readline()
            assert f"is being changed by process {os.getpid()}" in told
            process.send_signal(number)
            check(finished(process, ("sync",), patience=40), number)
    synced.run("sync").ok()


@pytest.mark.parametrize("number", SIGNALS)
def test_while_a_server_is_silent(synced: ScratchProject, index: FakeIndex, number: signal.Signals) -> None:
    index.add(make_wheel("banner", "1.0"))
    synced.manifest(dependencies=["menu", "banner"])
    synced.run("lock").ok()
    gate = _Gate()
    index.fail("*banner*", until=gate, times=1)
    try:
        with unharmed(synced):
            check(ended(synced, number, gate.reached.is_set, "sync", "--timeout", "3600"), number)
    finally:
        gate.set()
        index.mend()
    synced.run("sync").ok()
    assert leftovers(synced) == []


def test_a_manifest_that_is_refused_waits_for_no_server(project: ScratchProject, index: FakeIndex) -> None:
    gate = _Gate()
    index.fail("/simple/*", until=gate)
    project.manifest(dependencies=["menu"], python=">=3.99")
    try:
        with project.start("lock", "--timeout", "3600") as process:
            assert gate.reached.wait(PATIENCE)
            # The server still says nothing, for a minute.
            ran = finished(process, ("lock",), patience=40)
    finally:
        gate.set()
    check_refusal(ran, 2, "no released Python fits")


@pytest.mark.parametrize("number", SIGNALS[:2])
def test_while_it_unpacks(large: ScratchProject, number: signal.Signals) -> None:
    def unpacking() -> bool:
        return any((large.cache / "wheels").glob(".*/files/large"))

    with unharmed(large):
        check(ended(large, number, unpacking, "sync"), number)
    large.run("sync").ok()
    assert leftovers(large) == []


@pytest.mark.parametrize("number", SIGNALS[:2])
def test_while_it_links(large: ScratchProject, number: signal.Signals) -> None:
    large.run("sync", "--env", "elsewhere").ok()  # now the store has it

    def linking() -> bool:
        return any((large.folder / ".venv" / ".lockenv" / "g-2").glob("lib/python*/site-packages/large"))

    before = large.tree()
    check(ended(large, number, linking, "sync", "--link-mode", "copy"), number)
    # To remove what was made may take longer than there is time for; the next sync does it.
    after = {name: what for name, what in large.tree().items() if not name.startswith(".lockenv/g-2")}
    assert after == before
    large.run("sync").ok()
    assert leftovers(large) == []


def test_a_second_signal_ends_it_at_once(large: ScratchProject) -> None:
    def unpacking() -> bool:
        return any((large.cache / "wheels").glob(".*/files/large"))

    with unharmed(large):
        ran = ended(large, signal.SIGTERM, unpacking, "sync", times=2)
        assert ran.status in {143, -signal.SIGTERM}
    large.run("sync").ok()
    assert leftovers(large) == []


def test_a_hang_up_that_is_ignored_is_no_end(synced: ScratchProject) -> None:
    synced.manifest(dependencies=["menu", "checks"])
    synced.run("lock").ok()
    lock = FileLock(synced.folder / ".venv" / ".lockenv" / "lock")
    lock.acquire()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does; children inherit it
    try:
        process = synced.start("sync", start_new_session=True)
    finally:
        signal.signal(signal.SIGHUP, before)
    with process as running:
        assert running.stderr is not None
        running.stderr.readline()
        running.send_signal(signal.SIGHUP)
        lock.release()
        assert finished(running, ("sync",)).status == 0
    assert "checks" in synced.installed()


def test_who_has_no_time_to_put_things_back_says_what_goes_on_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    commit.begin()
    for name in ("_said", "_unchanged"):
        monkeypatch.setattr(interrupts, name, getattr(interrupts, name))
    with interrupts.prompt_interrupts("add"):
        for begun, words in ((False, "are as they were"), (True, "`lockenv sync` goes on with env.toml")):
            interrupts._said = False
            monkeypatch.setattr(amendment, "_begun", begun)
            assert words in interrupts.last_words()


#: The program, of which one command is told to end, and unwinds at once or not at all.
TOLD = """
import os, signal, sys, time, types
sys.path.insert(0, {root!r})
from lockenv.__main__ import program
from lockenv.cli.main import COMMANDS

def told(_):
    try:
        os.kill(os.getpid(), signal.SIGHUP)
    except KeyboardInterrupt:
        {unwound}

sys.modules["told"] = types.ModuleType("told")
sys.modules["told"].main = told
COMMANDS["list"] = ("told", "")
sys.argv = ["lockenv", "list"]
program()
"""


@pytest.mark.parametrize("module", ["threading", "lockenv.transaction.commit"])
def test_an_interrupt_in_the_midst_of_an_import_is_one(module: str) -> None:
    """A module is there then, and holds nothing."""
    code = TOLD.format(root=str(Path(__file__).resolve().parents[2]), unwound="raise")
    code = code.replace("    try:", f"    sys.modules[{module!r}] = types.ModuleType({module!r})\n    try:")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=40)
    assert (done.returncode, done.stderr) == (128 + signal.SIGHUP, f"\nended by SIGHUP: {UNFINISHED}\n")


@pytest.mark.parametrize("unwound", ["raise", "time.sleep(60)"])
def test_it_ends_with_its_status_though_the_terminal_has_gone(unwound: str) -> None:
    code = TOLD.format(root=str(Path(__file__).resolve().parents[2]), unwound=unwound)
    with Path("/dev/full").open("w") as nobody:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, stdout=nobody, stderr=nobody, check=False, timeout=40)
    assert done.returncode == 128 + signal.SIGHUP


def test_an_interrupt_is_one_though_the_system_refuses_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", start)
    monkeypatch.setattr(interrupts, "_received", signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interrupts.prompt_interrupts("sync"):
        os.kill(os.getpid(), signal.SIGTERM)
    assert interrupts.status() == 128 + signal.SIGTERM


def test_who_is_told_to_end_after_the_flip_says_that_the_environment_is_the_new_one(tmp_path: Path) -> None:
    from tests.fakes.environments import MENU, MENU2, Project

    project = Project(tmp_path)
    project.sync(MENU)
    project.sync(MENU2)
    interrupts._said = False
    try:
        assert "the environment is the new one already" in interrupts.last_words()
        # It is said once, whoever comes first to the end.
        assert interrupts.last_words() == ""
    finally:
        interrupts._said = False
