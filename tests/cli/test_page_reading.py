"""The command line: long pages are read by other processes, and nobody can tell by what comes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import Ran, ScratchProject, finished
from tests.fakes.wheels import make_wheel

ROOT = Path(__file__).resolve().parents[2]

#: The command line, in which `parse_page` is another one in the processes that are forked.
SPOILT = """
import os, signal, sys, time
sys.path.insert(0, {root!r})
from lockenv.__main__ import main
from lockenv.index import reading
real, parent = reading.parse_page, os.getpid()
def parse_page(*given):
    if os.getpid() == parent: print("read here", file=sys.stderr)
    else:
        {spoilt}
    return real(*given)
reading.parse_page = parse_page
sys.argv = ["lockenv", "lock"]
sys.exit(main())
"""

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="this machine has one processor, or does not say how many",
)


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An index with two pages that are long, and a short one."""
    with FakeIndex() as made:
        for name in ("ant", "bee"):
            for number in range(60):
                made.add(make_wheel(name, f"1.{number}", requires=["cat"]))
        made.add(make_wheel("cat", "1.0"))
        yield made


@pytest.fixture
def project(index: FakeIndex, tmp_path: Path) -> ScratchProject:
    """A project that was never locked."""
    made = ScratchProject(tmp_path, index_url=index.url)
    made.manifest(dependencies=["ant", "bee"])
    return made


def started(project: ScratchProject, how: str) -> subprocess.Popen[str]:
    """Begin a lock whose other processes do something of the test's before they read a page."""
    return project.start(program=(sys.executable, "-c", SPOILT.format(root=str(ROOT), spoilt=how)))


def spoilt(project: ScratchProject, how: str) -> Ran:
    """Make such a lock."""
    with started(project, how) as process:
        return finished(process, ("lock",))


def test_other_processes_read_long_pages_and_this_one_reads_short_ones(project: ScratchProject) -> None:
    by_several = spoilt(project, "pass").ok()
    assert by_several.err.count("read here") == 1
    made = project.lock.read_bytes()
    project.lock.unlink()
    project.run("lock", LOCKENV_CACHE_DIR=str(project.folder / "other")).ok()
    assert project.lock.read_bytes() == made


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), 9)", "os._exit(0)", "raise MemoryError", "1 / 0"])
def test_what_they_cannot_do_is_done_by_the_first(how: str, project: ScratchProject) -> None:
    done = spoilt(project, how).ok()
    assert done.err.count("read here") == 3
    assert "Traceback" not in done.err
    assert set(project.locked()) == {"ant", "bee", "cat"}


def test_a_page_that_cannot_be_kept_is_read_here(index: FakeIndex, project: ScratchProject) -> None:
    index.cache_control = "no-store"
    assert spoilt(project, "pass").ok().err.count("read here") == 3


def test_a_bad_page_is_refused_in_the_same_words(index: FakeIndex, project: ScratchProject) -> None:
    bad = b'{"meta": {"api-version": "9.0"}}' + b" " * 30_000
    index.serve("/simple/ant/", bad, "application/vnd.pypi.simple.v1+json")
    by_one = project.run("lock")
    by_several = spoilt(project, "pass")
    assert by_one.status == by_several.status != 0
    assert by_one.err == by_several.err.replace("read here\n", "")


@pytest.mark.parametrize("whom", ["os.getppid()", "0"])
def test_an_interrupt_ends_them_at_once(whom: str, project: ScratchProject) -> None:
    kill = "os.killpg(0, 2)" if whom == "0" else f"os.kill({whom}, 2)"
    code = SPOILT.format(root=str(ROOT), spoilt=f"{kill}; time.sleep(300)")
    with project.start(program=(sys.executable, "-c", code), start_new_session=True) as process:
        done = finished(process, ("lock",))
    assert done.status == 130
    told = done.err.replace("read here\n", "")  # by who has lost those whom it had asked
    assert told.strip() == "interrupted: nothing was changed that was not finished"
    assert not project.lock.exists()
