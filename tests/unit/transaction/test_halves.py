"""Unit: two processes do what one would, and whatever becomes of the second is told by the first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.forking import ROOT, run_alone
from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

FEW = len(os.sched_getaffinity(0)) < 2 if hasattr(os, "sched_getaffinity") else True

IMPORTS = "from lockenv import forks\nfrom lockenv.transaction import halves\n"
IMPORTS += "from lockenv.transaction.halves import both"


def run(code: str) -> str:
    """Run a script; give what it says."""
    return run_alone(IMPORTS, code)


def test_both_results_are_given() -> None:
    code = "mine, (pid, text) = both(os.getpid, lambda: (os.getpid(), 'x' * 1_000_000))\n"
    assert run(code + "print(mine == os.getpid(), pid != mine, len(text))") == "True True 1000000"


def test_a_refusal_of_the_system_comes_as_it_was() -> None:
    code = "try: both(lambda: 1, lambda: os.mkdir('/proc/nothing/here'))\n"
    assert run(code + "except FileNotFoundError as error: print(error.filename)") == "/proc/nothing/here"


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)", "1 / 0", "object()"])
def test_whatever_else_becomes_of_the_second_is_a_failure(end: str) -> None:
    code = f"try: both(lambda: 1, lambda: {end})\nexcept halves.HalfFailedError as error: print('told')"
    assert run(code) == "told"


def test_the_second_ends_with_the_first_ones_failure() -> None:
    code = "try: both(lambda: 1 / 0, lambda: time.sleep(50))\nexcept ZeroDivisionError: print('raised')\n"
    code += "try: os.waitpid(-1, 0)\nexcept ChildProcessError: print('nobody is left')"
    assert run(code) == "raised\nnobody is left"


def test_an_interrupt_of_the_first_ends_both() -> None:
    code = "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
    code += "def mine(): os.kill(os.getpid(), signal.SIGTERM); time.sleep(50)\n"
    code += "try: both(mine, lambda: time.sleep(50))\nexcept KeyboardInterrupt: print('interrupted')\n"
    code += "try: os.waitpid(-1, 0)\nexcept ChildProcessError: print('nobody is left')"
    assert run(code) == "interrupted\nnobody is left"


@pytest.mark.parametrize("whom", ["child", "not child"])
def test_an_interrupt_in_the_instant_of_the_fork_ends_both_and_is_told_once(whom: str) -> None:
    code = "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
    code += "real = os.fork\n"
    code += "def fork():\n    child = real()\n"
    code += f"    if {whom}: os.kill(os.getpid(), signal.SIGTERM)\n    return child\n"
    code += "os.fork = fork\n"
    code += "try: both(lambda: 1, lambda: time.sleep(50))\n"
    code += "except (KeyboardInterrupt, halves.HalfFailedError) as error: print(type(error).__name__)\n"
    code += "try: os.waitpid(-1, 0)\nexcept ChildProcessError: print('nobody is left')"
    told = "KeyboardInterrupt" if whom == "child" else "HalfFailedError"
    assert run(code) == f"{told}\nnobody is left"


def test_where_the_end_of_a_child_is_told_to_nobody_its_answer_is_enough() -> None:
    code = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nprint(both(lambda: 1, lambda: 2))\n"
    code += "try: both(lambda: 1, lambda: os.kill(os.getpid(), 9))\n"
    code += "except halves.HalfFailedError: print('told')"
    assert run(code) == "(1, 2)\ntold"


def test_where_no_process_can_be_made_one_does_both() -> None:
    code = "def fork(): raise BlockingIOError(11, 'no more')\n"
    code += "os.fork, before = fork, len(os.listdir('/dev/fd'))\n"
    code += "print(both(lambda: 1, lambda: 2), len(os.listdir('/dev/fd')) - before)\n"
    assert run(code) == "(1, 2) 0"


@pytest.mark.skipif(FEW, reason="this machine has one processor, or does not say how many")
def test_only_the_command_line_forks_and_only_without_threads() -> None:
    code = "import threading\nprint(forks.can_fork())\nforks.allow()\nprint(forks.can_fork())\n"
    code += "threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\nprint(forks.can_fork())"
    assert run(code) == ("False\nTrue\nFalse" if sys.platform == "linux" else "False\nFalse\nFalse")


# ── a sync of so many files that two processes do it


@pytest.fixture(scope="module")
def index() -> object:
    """An index with two packages of many files."""
    with FakeIndex() as made:
        for name in ("ant", "bee"):
            files = {f"{name}/part{number % 40}/file{number}.txt": f"{name} {number}" for number in range(1800)}
            made.add(make_wheel(name, "1.0", files=files | {f"{name}/__init__.py": ""}))
        made.add(make_wheel("small", "1.0", requires=["ant", "bee"]))
        yield made


@pytest.fixture
def project(index: FakeIndex, tmp_path: Path) -> ScratchProject:
    """A project with these, that was synced once."""
    made = ScratchProject(tmp_path, index_url=index.url)
    made.manifest(dependencies=["small"])
    made.run("lock").ok()
    made.spawn("sync", "--link-mode", "hardlink").ok()
    return made


def test_two_processes_make_what_one_makes(project: ScratchProject) -> None:
    def tree() -> dict[str, object]:
        return {name: fact for name, fact in project.tree().items() if not name.endswith("state")}

    by_two = tree()
    (project.folder / ".venv").rename(project.folder / "aside")
    one = os.sched_getaffinity(0)
    first = f"import os; os.sched_setaffinity(0, {{{min(one)}}})"
    subprocess.run(
        [sys.executable, "-c", f"{first}; from lockenv.__main__ import main; main()", "sync", "-q"],
        cwd=project.folder,
        env={**project.environ, "LOCKENV_LINK_MODE": "hardlink", "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert tree() == by_two
    project.run("verify").ok()


@pytest.mark.parametrize("name", ["ant", "bee"])
def test_a_file_that_was_changed_in_the_store_is_noticed_in_either_half(
    name: str, project: ScratchProject
) -> None:
    file = next((project.cache / "wheels").glob(f"*/files/{name}/part7/file7.txt"))
    file.chmod(0o644)
    file.write_text("666 666")
    (project.folder / ".venv").rename(project.folder / "aside")
    project.spawn("sync", "--link-mode", "hardlink").ok()
    made = next(project.env.glob(f"lib/python*/site-packages/{name}/part7/file7.txt"))
    assert made.read_text() == f"{name} 7"
    project.run("verify").ok()


@pytest.mark.parametrize("name", ["ant", "bee"])
def test_drift_is_noticed_in_either_half(name: str, project: ScratchProject) -> None:
    assert "already" in project.spawn("sync").ok().out
    for part in ("part7", "part8"):
        next(project.env.glob(f"lib/python*/site-packages/{name}/{part}")).joinpath("more.py").write_text("")
        assert f"{part}/more.py was added" in project.spawn("sync").ok().out
        assert "already" in project.spawn("sync").ok().out


def test_bytecode_that_python_wrote_is_no_drift(project: ScratchProject) -> None:
    subprocess.run(
        [project.env / "bin/python", "-c", "import ant, bee"],
        env={name: value for name, value in project.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        check=True,
    )
    assert "already" in project.spawn("sync").ok().out
