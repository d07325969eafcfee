"""The command line: wheels are unpacked by other processes, and nobody can tell by what comes of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import Ran, ScratchProject, finished
from tests.fakes.wheels import make_wheel

ROOT = Path(__file__).resolve().parents[2]

#: The command line, in which `Store.add` is another one in the processes that are forked.
SPOILT = """
import os, signal, sys, time
sys.path.insert(0, {root!r})
from lockenv.__main__ import main
from lockenv.leftovers import half_made
from lockenv.store import Store
real, parent = Store.add, os.getpid()
def add(store, *given, **named):
    if os.getpid() == parent: print("added here", file=sys.stderr)
    else: {spoilt}
    return real(store, *given, **named)
Store.add = add
sys.argv = ["lockenv", "sync"]
sys.exit(main())
"""

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="this machine has one processor, or does not say how many",
)


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with enough to unpack: what cannot be compressed."""
    with FakeIndex() as made:
        for name in ("ant", "bee", "cat"):
            made.add(
                make_wheel(name, "1.0", files={f"{name}/__init__.py": "", f"{name}/data": os.urandom(300_000)})
            )
        yield made


@pytest.fixture
def project(index: FakeIndex, tmp_path: Path) -> ScratchProject:
    """A project that is locked and was never synced."""
    made = ScratchProject(tmp_path, index_url=index.url)
    made.manifest(dependencies=["ant", "bee", "cat"])
    made.run("lock").ok()
    return made


def started(project: ScratchProject, how: str) -> subprocess.Popen[str]:
    """Begin a sync whose other processes do something of the test's before they unpack a wheel."""
    code = SPOILT.format(root=str(ROOT), spoilt=how)
    return project.start(program=(sys.executable, "-c", code), start_new_session=True)


def spoilt(project: ScratchProject, how: str) -> Ran:
    """Do such a sync."""
    with started(project, how) as process:
        return finished(process, ("sync",))


def left_over(project: ScratchProject) -> list[str]:
    return [path.name for path in (project.cache / "wheels").iterdir() if path.name.startswith(".")]


def test_other_processes_unpack(project: ScratchProject) -> None:
    assert "added here" not in spoilt(project, "pass").ok().err
    project.run("verify").ok()


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), 9)", "os._exit(0)", "raise MemoryError", "1 / 0"])
def test_what_they_cannot_do_is_done_by_the_first(how: str, project: ScratchProject) -> None:
    done = spoilt(project, how).ok()
    assert done.err.count("added here") == 3
    assert "Traceback" not in done.err
    project.run("verify").ok()


def test_who_says_that_it_has_done_what_it_has_not_is_not_believed(project: ScratchProject) -> None:
    assert spoilt(project, "return None").ok().err.count("added here") == 3
    project.run("verify").ok()


def test_a_bad_wheel_is_refused_in_the_same_words(index: FakeIndex, project: ScratchProject) -> None:
    files = {f"bad/{number}\x07": os.urandom(100_000) for number in range(3)}
    index.add(make_wheel("bad", "1.0", files=files))
    project.manifest(dependencies=["ant", "bad", "bee"])
    project.run("lock").ok()
    by_one = project.run("sync")
    by_several = project.spawn("sync")
    assert (by_one.status, by_one.err) == (by_several.status, by_several.err)
    assert "U+0007" in by_several.err
    assert not project.env.exists()
    assert left_over(project) == []


#: Make a folder as the store does, tell of it, and go on for long; whoever does so second sends signals as well.
_HALF_MADE = """
        store._wheels.mkdir(exist_ok=True)
        half = half_made(str(store._wheels), "x")
        half.__enter__()
        try: os.mkdir({flag!r})
        except FileExistsError: {signals}
        time.sleep(300)
"""


@pytest.mark.parametrize("chosen", ["signal.SIG_DFL", "signal.SIG_IGN"])
def test_nothing_is_left_of_what_one_was_killed_at_while_the_first_went_on(
    chosen: str, project: ScratchProject
) -> None:
    # Whoever does so second is killed when the first process has begun to unpack, and has swept before.
    wait = """
            while all(one.name.startswith(".") for one in store._wheels.iterdir()): time.sleep(0.01)"""
    how = _HALF_MADE.format(flag=str(project.folder / "flag"), signals=wait)
    code = SPOILT.format(root=str(ROOT), spoilt=how.replace("time.sleep(300)", "os.kill(os.getpid(), 9)"))
    code = code.replace("Store.add = add", f"Store.add = add\nsignal.signal(signal.SIGCHLD, {chosen})")
    with project.start(program=(sys.executable, "-c", code)) as process:
        finished(process, ("sync",)).ok()
    assert left_over(project) == []
    project.run("verify").ok()


def test_nothing_is_left_of_who_was_killed_when_all_had_arrived(project: ScratchProject) -> None:
    project.run("sync").ok()
    shutil.rmtree(project.env)
    left = project.cache / "arriving/.fetch-1-00000000"
    left.mkdir()
    (left / "a.whl").touch()
    # No plan of an earlier sync says all: that one was killed before it could make any.
    shutil.rmtree(project.cache / "plans")
    project.run("sync").ok()
    assert list((project.cache / "arriving").iterdir()) == []


@pytest.mark.parametrize(
    "signals",
    ["os.kill(parent, 2)", "os.killpg(parent, 2)", "os.kill(parent, 2); time.sleep(0.1); os.kill(parent, 2)"],
)
def test_an_interrupt_ends_them_at_once(signals: str, project: ScratchProject) -> None:
    how = _HALF_MADE.format(flag=str(project.folder / "flag"), signals=signals)
    done = spoilt(project, how)
    assert (done.status, done.out) == (130, "")
    told = done.err.replace("added here\n", "")  # by who has lost those whom it had asked
    assert told.strip() == "interrupted: the environment was not changed"
    assert not project.env.exists()
    assert left_over(project) == []
