"""A tool made of a few lines goes through all phases, served by the real server in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import calls, serving
from benchmarks.launch import last_words
from benchmarks.lock.executables import Installed
from benchmarks.lock.manifests import Manifest
from benchmarks.lock.phases import PHASES, Contender, Phase
from benchmarks.lock.tools import Job, Tool
from benchmarks.recording import Recording
from benchmarks.serving import Served

MANIFEST = Manifest(
    name="lunch", python=">=3.11", platforms=(), dependencies=("menu",), upgrade="menu", held="menu<2"
)

#: Asks for a page unless it has it, and writes a lock that says what it was asked for.
LOCKER = """
import os, sys, urllib.request
cache = os.environ["CACHE"] + "/page"
if not os.path.exists(cache):
    page = urllib.request.urlopen(os.environ["PIP_INDEX_URL"] + PROJECT + "/").read()
    open(cache, "wb").write(page)
asked = open("asked.txt").read().strip()
with open("lock.toml", "w") as lock:
    lock.write(f'[[packages]]\\nname = "menu"\\nversion = "{asked}"\\n')
"""


@pytest.fixture
def served(recording: Recording) -> Iterator[Served]:
    recording.keep_asked("lunch", {"menu"})
    with serving.served(recording.folder, os.environ, manifest="lunch", server="own") as server:
        yield server


@pytest.fixture
def contender(tmp_path: Path, served: Served, program: Callable[[str], Path]) -> Callable[..., Contender]:
    def make(source: str, *, upgrade: tuple[str, ...] | None = ("upgrade",), bound: float = 60) -> Contender:
        tool = Tool(
            name="locker",
            lock="lock.toml",
            arguments=("lock",),
            upgrade=upgrade,
            variables={"CACHE": "{cache}"},
            files=lambda job: {"asked.txt": " ".join(job.dependencies)},
        )
        installed = Installed(tool=tool, path=program(source), version="1")
        job = Job(manifest=MANIFEST, dependencies=("menu",), index=served.url, python=sys.executable)
        return Contender(installed, job, tmp_path / "work", served, bound=bound)

    return make


def test_phases_begin_with_what_they_promise(contender: Callable[..., Contender]) -> None:
    locker = contender(LOCKER.replace("PROJECT", "'menu'"))
    runs = {phase: locker.run(phase) for phase in PHASES}
    assert {run.outcome for run in runs.values()} == {"done"}
    assert [run.counts.pages for run in runs.values()] == [1, 0, 0, 0, 0]
    assert all(run.packages == 1 and run.cpu > 0 and run.peak > 1 for run in runs.values())


@pytest.mark.skipif(not calls.can_count(), reason="needs strace, and to be let trace")
def test_a_traced_run_begins_as_a_timed_one_and_tells_its_calls(
    contender: Callable[..., Contender], tmp_path: Path
) -> None:
    noting = "open('../../asked', 'a').write(str((os.path.exists(cache), os.path.exists('lock.toml'))) + '\\n')\n"
    locker = contender(LOCKER.replace("PROJECT", "'menu'").replace("asked = ", f"{noting}asked = ", 1))
    phases: tuple[Phase, ...] = ("cold", "warm", "nothing")
    asked = tmp_path / "asked"
    timed = [locker.run(phase).calls for phase in phases]
    begun = asked.read_text()
    asked.unlink()
    traced = [locker.traced(phase).calls or 0 for phase in phases]
    assert timed == [None, None, None]
    assert asked.read_text() == begun
    assert min(traced) > 100


def test_what_is_new_was_never_asked_for_before_and_has_no_lock(
    contender: Callable[..., Contender], tmp_path: Path
) -> None:
    remembering = (
        "open('../../asked', 'a').write(open('asked.txt').read() + str(os.path.exists('lock.toml')) + '\\n')\n"
    )
    locker = contender(LOCKER.replace("PROJECT", "'menu'").replace("asked = ", f"{remembering}asked = ", 1))
    for phase in ("cold", "warm", "warm-new", "warm", "warm-new"):
        assert locker.run(phase).outcome == "done"
    told = (tmp_path / "asked").read_text().splitlines()
    assert told == ["menuFalse", "menuFalse", "menu>=0.0.1False", "menuFalse", "menu>=0.0.2False"]


def test_a_phase_that_needs_a_lock_makes_one_unmeasured(contender: Callable[..., Contender]) -> None:
    run = contender(LOCKER.replace("PROJECT", "'menu'")).run("nothing")
    assert (run.outcome, run.counts.requests) == ("done", 0)


def test_a_gap_in_the_recording_is_told(contender: Callable[..., Contender]) -> None:
    run = contender(LOCKER.replace("PROJECT", "'unasked'")).run("cold")
    assert (run.outcome, run.counts.unrecorded) == ("failed", ["page of unasked"])
    assert "404" in run.note


def test_a_gap_met_while_a_phase_is_made_ready_is_told(contender: Callable[..., Contender]) -> None:
    run = contender(LOCKER.replace("PROJECT", "'unasked'")).run("warm")
    assert (run.outcome, run.counts.unrecorded) == ("not run", ["page of unasked"])


def test_without_a_lock_to_start_from_other_phases_are_not_run(contender: Callable[..., Contender]) -> None:
    locker = contender("import sys; print('no way'); sys.exit(5)")
    assert locker.run("cold").note == "exit status 5: no way"
    assert locker.run("warm").outcome == "not run"


def test_what_takes_too_long_is_not_tried_again(contender: Callable[..., Contender], tmp_path: Path) -> None:
    locker = contender(
        f"import time; open({str(tmp_path / 'tries')!r}, 'a').write('x'); time.sleep(600)", bound=0.5
    )
    assert [locker.run("cold").outcome for _ in range(2)] == ["over", "over"]
    assert (tmp_path / "tries").read_text() == "x"


def test_an_upgrade_that_moves_nothing_has_failed(contender: Callable[..., Contender]) -> None:
    locker = contender(LOCKER.replace("PROJECT", "'menu'").replace("asked = ", "asked = 'menu<2' or "))
    assert locker.run("upgrade-one").note == "it left the lock as it was"


def test_who_cannot_upgrade_one_package_is_not_asked_to(contender: Callable[..., Contender]) -> None:
    run = contender(LOCKER.replace("PROJECT", "'menu'"), upgrade=None).run("upgrade-one")
    assert (run.outcome, run.note) == ("not run", "it has no such command")


def test_the_last_words_of_a_log_fit_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\n\n  three\nfour\n")
    assert last_words(log) == "two / three / four"
