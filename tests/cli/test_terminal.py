"""Terminals, pipes and how much is said: colour, live progress, `-q`, `-v`, `-vv`."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, SERIES, ScratchProject, plain
from tests.fakes.terminal import Terminal

_ESCAPE = "\x1b"
_WIPE = "\r\x1b[K"


@pytest.fixture
def locked(project: ScratchProject) -> ScratchProject:
    project.manifest(dependencies=["menu"])
    project.run("lock").ok()
    return project


def test_without_a_terminal_there_is_no_colour(locked: ScratchProject) -> None:
    ran = locked.run("sync")
    assert "icons 2.0" in ran.out
    assert _ESCAPE not in ran.out + ran.err


def test_force_color_colours_results_and_errors_and_changes_no_word(locked: ScratchProject) -> None:
    before = locked.run("sync", "--env", "one").out
    ran = locked.run("sync", "--env", "two", FORCE_COLOR="1")
    assert f"{_ESCAPE}[32m+" in ran.out
    assert plain(ran.out).splitlines()[:-1] == before.splitlines()[:-1]
    wrong = locked.run("sync", "--group", "x", FORCE_COLOR="1")
    assert f"{_ESCAPE}[31merror:" in wrong.err
    assert plain(wrong.err) == locked.run("sync", "--group", "x").err


def test_quiet_says_nothing_where_all_is_well(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    for command in (("lock", "-q"), ("sync", "-q"), ("sync", "--quiet"), ("-q", "lock", "--check")):
        ran = project.run(*command)
        assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_quiet_still_gives_data_and_errors(synced: ScratchProject) -> None:
    assert synced.run("list", "-q").out == synced.run("list").out != ""
    assert synced.run("sync", "-q", "--group", "x").err.startswith("error: ")


def test_verbose_tells_decisions_and_twice_every_request(project: ScratchProject, index: FakeIndex) -> None:
    project.manifest(dependencies=["menu"])
    once = project.run("lock", "-v", "--cache-dir", str(project.scratch / "another"))
    twice = project.run("lock", "-vv", "--upgrade")
    assert f"this machine is {sys.platform}-" in once.err
    assert f"Python {SERIES}: as linux-x86_64, Python {SERIES}" in once.err
    assert "GET" not in once.err
    assert f"GET {index.url}menu/ -> 200, " in twice.err
    assert "GET" not in once.out + twice.out


def test_nothing_is_drawn_without_a_terminal(locked: ScratchProject, index: FakeIndex) -> None:
    ran = locked.spawn("sync")
    assert (ran.status, ran.err) == (0, "")
    assert "\r" not in ran.out


def _on_a_terminal(project: ScratchProject, terminal: Terminal, *arguments: str) -> subprocess.Popen[str]:
    return project.start(
        *arguments, environ={"TERM": "xterm"}, stdin=terminal.end, stdout=terminal.end, stderr=terminal.end
    )


def test_a_terminal_is_coloured_unless_no_color_says_otherwise(synced: ScratchProject) -> None:
    for environ, coloured in (({"TERM": "xterm"}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        terminal = Terminal()
        with synced.start(
            "sync", "--group", "x", environ=environ, stdout=terminal.end, stderr=terminal.end
        ) as child:
            assert child.wait(PATIENCE) == 2
        assert (_ESCAPE in terminal.close()) is coloured


def test_live_progress_shows_while_a_server_does_not_answer_and_is_wiped(
    project: ScratchProject, index: FakeIndex
) -> None:
    project.manifest(dependencies=["icons"])
    project.run("lock").ok()
    terminal, gate = Terminal(), threading.Event()
    index.fail("/files/icons-*", until=gate, times=1)
    with _on_a_terminal(project, terminal, "sync") as child:
        terminal.wait_for("Fetching  0/1")
        gate.set()
        assert child.wait(PATIENCE) == 0
    drawn, wiped, rest = terminal.close().rpartition(_WIPE)
    assert "Fetching  0/1" in drawn
    assert wiped
    assert plain(rest).splitlines()[0] == "+ icons 2.0"


def test_quiet_draws_nothing_on_a_terminal(project: ScratchProject) -> None:
    project.manifest(dependencies=["menu"])
    terminal = Terminal()
    with _on_a_terminal(project, terminal, "lock", "-q") as child:
        assert child.wait(PATIENCE) == 0
    assert terminal.close() == ""


_WORDS = [("list",), ("--version",), ("--help",), ("help", "add"), ("run", "--help"), ()]


@pytest.mark.parametrize("words", _WORDS)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_no_error(
    words: tuple[str, ...], unbuffered: str, synced: ScratchProject
) -> None:
    gone, end = os.pipe()
    os.close(gone)
    synced.environ["PYTHONUNBUFFERED"] = unbuffered
    with synced.start(*words, stdout=end) as child:
        os.close(end)
        _, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, err) == (0, "")


@pytest.mark.parametrize("words", _WORDS)
def test_a_full_device_is_an_error_without_an_echo(words: tuple[str, ...], synced: ScratchProject) -> None:
    with Path("/dev/full").open("w") as full, synced.start(*words, stdout=full) as child:
        _, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, err.splitlines()[0]) == (6, "error: No space left on device  [install]")
    assert "Exception ignored" not in err


@pytest.mark.parametrize("words", _WORDS)
def test_what_is_only_shown_needs_no_stdout(words: tuple[str, ...], synced: ScratchProject) -> None:
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "lockenv"]
    with synced.start(*words, program=shell) as child:
        out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(("closed", "status"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0)])
def test_a_closed_stream_is_written_to_by_nobody(closed: str, status: int, synced: ScratchProject) -> None:
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "lockenv"]
    with synced.start("sync", "-v", "--group", "test", program=shell) as child:
        out, err = child.communicate(timeout=PATIENCE)
    assert (child.returncode, "Traceback" in out + err) == (status, False)
    assert "checks" in synced.installed()
