"""Unit: other processes answer what they are asked, and end with whoever asks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.forking import NOBODY, ROOT, run_alone

IMPORTS = "from lockenv.workers import Worker"


def run(code: str) -> str:
    """Run a script; give what it says."""
    return run_alone(IMPORTS, code)


def test_each_question_is_answered_by_the_same_other_process() -> None:
    code = "def prepare():\n    began = os.getpid()\n    return lambda asked: (asked * 2, began)\n"
    code += "first = Worker(prepare)\nsecond = Worker(prepare, [first])\n"
    code += "a, b, c = first.ask(3), first.ask('x' * 1_000_000), second.ask(4)\n"
    code += "print(a[0], len(b[0]), c[0], a[1] == b[1] != c[1] != os.getpid())\n"
    code += "first.dismiss(); second.dismiss()\n" + NOBODY
    assert run(code) == "6 2000000 8 True\nnobody is left"


def test_the_one_that_was_made_first_may_end_first() -> None:
    """It hears that nobody will ask it any more, though the other was forked when its pipes were open."""
    code = "workers = []\nfor _ in range(3): workers.append(Worker(lambda: str, workers))\n"
    code += "for worker in workers: worker.dismiss()\n" + NOBODY
    assert run(code) == "nobody is left"


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)", "1 / 0", "object()"])
def test_a_worker_that_is_no_more_is_told_at_once_and_ever_after(end: str) -> None:
    code = f"worker = Worker(lambda: lambda _: {end})\nfor _ in range(3):\n"
    code += "    try: worker.ask(1)\n    except (OSError, EOFError): print('gone')\nworker.dismiss()\n" + NOBODY
    assert run(code) == "gone\ngone\ngone\nnobody is left"


def test_one_that_fails_to_prepare_is_no_more() -> None:
    code = "worker = Worker(lambda: 1 / 0)\ntry: worker.ask(1)\nexcept (OSError, EOFError): print('gone')\n"
    assert run(code + "worker.end()\n" + NOBODY) == "gone\nnobody is left"


def test_it_can_be_ended_at_its_work() -> None:
    code = "worker = Worker(lambda: time.sleep(50))\nworker.end()\n" + NOBODY
    assert run(code) == "nobody is left"


def test_it_ends_when_the_process_that_made_it_has_been_killed(tmp_path: Path) -> None:
    """It holds one end of a pipe as long as it lives; this test reads the other to its end."""
    code = "workers = []\nfor _ in range(2): workers.append(Worker(lambda: str, workers))\n"
    code += "os.kill(os.getpid(), 9)"
    script = f"import os, sys\nsys.path.insert(0, {str(ROOT)!r})\n{IMPORTS}\n{code}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert done.returncode == -9


def test_where_no_process_can_be_made_nothing_is_left_open() -> None:
    code = "def fork(): raise BlockingIOError(11, 'no more')\n"
    code += "os.fork, before = fork, len(os.listdir('/dev/fd'))\n"
    code += "try: Worker(lambda: str)\nexcept OSError: print(len(os.listdir('/dev/fd')) - before)"
    assert run(code) == "0"
