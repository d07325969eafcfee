"""How many modules a command imports: the part of start-up time that can be counted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import make_wheel

ROOT = Path(__file__).resolve().parents[3]
#: Runs the command line and tells, behind what it says, which modules were imported for it.
COUNT = """
import sys
sys.path.insert(0, sys.argv.pop(1))
before = set(sys.modules)
from lockenv.__main__ import main
status = main()
print(*sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)
raise SystemExit(status)
"""


@pytest.fixture
def project(tmp_path: Path) -> ScratchProject:
    """A project that was synced twice, once into nothing."""
    with FakeIndex() as index:
        index.add(make_wheel("menu", "1.0", scripts={"menu": "menu:main"}))
        made = ScratchProject(tmp_path, index_url=index.url)
        made.manifest(dependencies=["menu"])
        made.run("lock").ok()
        imported(made, "sync", "-q")
    return made


def imported(project: ScratchProject, *arguments: str, flags: Sequence[str] = ()) -> set[str]:
    """The modules that a command imports on top of those that Python starts with."""
    site = next(path for path in sys.path if (Path(path) / "packaging").is_dir())
    done = subprocess.run(
        [sys.executable, "-I", *flags, "-c", f"import sys; sys.path.append({site!r})\n{COUNT}", ROOT, *arguments],
        # In CI a sync reads every byte, and imports what that takes.
        env={name: value for name, value in project.environ.items() if name != "CI"},
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_the_version_takes_next_to_nothing(project: ScratchProject) -> None:
    assert len(imported(project, "--version")) <= 4


def test_a_sync_with_nothing_to_do_takes_little(project: ScratchProject) -> None:
    found = imported(project, "sync")
    assert not found & {
        "argparse",
        "dataclasses",
        "inspect",
        "json",
        "pathlib",
        "typing",
        "re",
        "packaging",
        "signal",
    }
    assert len(found) <= 40


def test_a_sync_that_was_planned_before_reads_no_lock(project: ScratchProject) -> None:
    shutil.rmtree(project.env)
    found = imported(project, "sync")
    assert "lockenv.transaction.apply" in found
    assert not found & {
        "tomllib",
        "packaging.pylock",
        "packaging.markers",
        "lockenv.operations.converge",
        "inspect",
    }
    assert not found & {"lockenv.packages", "packaging.utils", "platformdirs", "lockenv.python.interpreter"}
    assert len(found) <= 175
