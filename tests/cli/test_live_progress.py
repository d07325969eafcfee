"""What a person sees while it lasts: real commands on a pseudo-terminal, and an index that takes its time."""

from __future__ import annotations

import random
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import PATIENCE, ScratchProject, finished, plain
from tests.fakes.terminal import SOON_PLAIN, Terminal, drawn, laid_out
from tests.fakes.wheels import make_wheel

_SIZE = 3_000_000
#: Longer than it takes until the first line is drawn.
_WELL_AFTER = 1.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What holds an answer back until it is set."""
    made = threading.Event()
    yield made
    made.set()


@pytest.fixture
def heavy(project: ScratchProject, index: FakeIndex) -> ScratchProject:
    """A locked project with a wheel that takes a while to arrive."""
    noise = random.Random(7).randbytes(_SIZE)
    index.add(make_wheel("heavy", "1.0", files={"heavy.bin": noise}))
    project.manifest(dependencies=["heavy", "menu"])
    project.run("lock").ok()
    return project


@contextmanager
def on(terminal: Terminal, project: ScratchProject, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command on a terminal; it must go well."""
    end = terminal.end
    with project.start(*arguments, environ={"TERM": "xterm"}, stdin=end, stdout=end, stderr=end) as child:
        yield child
        assert child.wait(PATIENCE) == 0


def test_a_download_tells_what_comes_how_far_it_is_and_how_fast(
    heavy: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    index.fail("/files/heavy-*", until=gate, pause_at=_SIZE // 3, times=1)
    terminal = Terminal(columns=120)
    with on(terminal, heavy, "sync"):
        terminal.wait_for_match(
            r"Fetching  \d/4  [\d.]+ [kM]B of 3\.0 MB at [\d.]+ [kM]?B/s  heavy-1\.0-py3-none-any\.whl"
        )
        terminal.wait_for_match(r"Fetching  3/4  [\d.]+ [kM]B of 3\.0 MB, nothing for \d+ s  heavy-1\.0")
        gate.set()
    shown = terminal.close()
    lines = plain("\n".join(laid_out(shown))).splitlines()
    assert lines[:-1] == ["+ dropdown 1.1", "+ heavy 1.0", "+ icons 2.0", "+ menu 1.0"]
    assert lines[-1].startswith(".venv is exactly pylock.toml (4 packages, ")


def test_a_search_tells_its_round_and_what_it_waits_for(
    project: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    project.manifest(dependencies=["menu"])
    index.fail("/simple/icons/", until=gate)
    terminal = Terminal(columns=120)
    with on(terminal, project, "lock"):
        terminal.wait_for_match(r"Resolving  round \d+  \d of \d packages decided")
        waits = terminal.wait_for_match(r"Resolving  round \d+  waiting \d+ s for (\S+)")
        assert f"http://{waits[1]}" == f"{index.url}icons/"
        gate.set()
    lines = laid_out(terminal.close())
    assert plain(lines[0]).startswith("+ menu 1.0")
    assert not any("Resolving" in line for line in lines)


def test_a_server_that_is_silent_from_the_start_is_named(
    project: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    project.manifest(dependencies=["menu"])
    index.fail("/simple/menu/", until=gate)
    terminal = Terminal(columns=120)
    with on(terminal, project, "lock"):
        terminal.wait_for(f"Resolving  waiting 1 s for {index.url.removeprefix('http://')}menu/")
        gate.set()
    terminal.close()


def test_notes_stand_on_lines_of_their_own(heavy: ScratchProject, index: FakeIndex, gate: threading.Event) -> None:
    index.fail("/files/heavy-*", until=gate, times=1)
    terminal = Terminal()
    with on(terminal, heavy, "sync", "-vv"):
        terminal.wait_for("Fetching  3/4")
        gate.set()
    lines = [plain(line) for line in laid_out(terminal.close())]
    assert f"GET {index.url.replace('simple', 'files')}heavy-1.0-py3-none-any.whl -> 200, 3.0 MB" in lines
    assert not any("Fetching" in line for line in lines)


@pytest.mark.parametrize("columns", [20, 40])
def test_a_line_is_no_longer_than_the_terminal_is_wide(
    columns: int, heavy: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    index.fail("/files/heavy-*", until=gate, pause_at=_SIZE // 3, times=1)
    terminal = Terminal(columns)
    with on(terminal, heavy, "sync"):
        terminal.wait_for("Fetching  3/4")
        gate.set()
    lines = drawn(terminal.close())
    assert lines
    assert all(len(line) < columns for line in lines)
    assert any(line.endswith("...") for line in lines)


def test_the_width_is_that_of_stderr_where_stdout_goes_elsewhere(
    heavy: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    index.fail("/files/heavy-*", until=gate, times=1)
    terminal = Terminal(30)
    with heavy.start("sync", environ={"TERM": "xterm"}, stderr=terminal.end) as child:
        terminal.wait_for("Fetching  3/4")
        gate.set()
        ran = finished(child, ("sync",)).ok()
    shown = terminal.close()
    assert all(len(line) < 30 for line in drawn(shown))
    assert laid_out(shown) == []
    assert ran.out.startswith("+ dropdown 1.1\n")


def test_quiet_shows_nothing_however_long_it_takes(
    heavy: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    index.fail("/files/heavy-*", until=gate, times=1)
    terminal = Terminal()
    with on(terminal, heavy, "sync", "-q"):
        _wait_for_request(index, "/files/menu-*")
        time.sleep(_WELL_AFTER)
        gate.set()
    assert terminal.close() == ""


@pytest.mark.parametrize("command", ["lock", "sync"])
def test_without_a_terminal_a_plain_line_says_what_takes_long(
    command: str, heavy: ScratchProject, index: FakeIndex, gate: threading.Event
) -> None:
    path, told = {
        "lock": ("/simple/icons/", r"Resolving  round \d+  waiting \d+ s for 127\.0\.0\.1:\d+/simple/icons/\n"),
        "sync": ("/files/heavy-*", r"Fetching  3/4  [\d.]+ [kM]B of 3\.0 MB, nothing for \d+ s  heavy-1\.0-\S+\n"),
    }[command]
    pause = _SIZE // 3 if command == "sync" else None
    index.fail(path, until=gate, pause_at=pause, times=1)
    if command == "lock":
        heavy.lock.unlink()
    cold = str(heavy.scratch / "cold")
    environ = {"TERM": "xterm", "CI": "1"}
    with heavy.start(command, "--cache-dir", cold, environ=environ, program=SOON_PLAIN) as child:
        assert child.stderr is not None
        lines = [child.stderr.readline()]
        while not re.fullmatch(told, lines[-1]):
            assert lines[-1].startswith(told.split()[0])  # how long it waits is said from the first second on
            lines.append(child.stderr.readline())
        gate.set()
        ran = finished(child, (command,)).ok()
    shown = "".join([*lines, ran.out, ran.err])
    assert "\x1b" not in shown
    assert "\r" not in shown


def _wait_for_request(index: FakeIndex, path: str) -> None:
    ends = time.monotonic() + PATIENCE
    while not index.count(path):
        assert time.monotonic() < ends, f"nobody asked for {path}"
        time.sleep(0.02)
