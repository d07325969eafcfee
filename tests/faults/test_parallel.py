"""Several syncs at once take turns, and every program that starts meanwhile finds what it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lockenv.transaction import places
from tests.fakes.environments import Project
from tests.fakes.wheels import make_wheel

ROOT = Path(__file__).parents[2]
OLD = [make_wheel(name, "1", files={f"{name}.py": "number = 1\n"}) for name in ("left", "right")]
NEW = [make_wheel(name, "2", files={f"{name}.py": "number = 2\n"}) for name in ("left", "right")]

SYNC = """
import sys
from pathlib import Path
from tests.faults.test_parallel import NEW, OLD, Project
project = Project(Path(sys.argv[1]))
project.scratch = Path(sys.argv[2])
for turn in range(8):
    project.sync(*(OLD if turn % 2 else NEW), link_mode="hardlink")
"""
LOOK = "import left, right; print(left.number, right.number)"


def test_syncs_at_once_take_turns_and_no_program_finds_the_environment_broken(tmp_path: Path) -> None:
    project = Project(tmp_path)
    syncs = [
        subprocess.Popen(
            [sys.executable, "-c", SYNC, str(tmp_path), str(tmp_path / f"scratch {number}")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(3)
    ]
    while not project.env.exists() and any(sync.poll() is None for sync in syncs):
        pass
    # Each import finds a whole environment. A program that runs across a flip may import the one module before it
    # and the other after it: Python looks for each when it is asked for it.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    seen = set()
    while any(sync.poll() is None for sync in syncs):
        looked = [str(project.env / "bin" / "python"), "-I", "-c", LOOK]
        seen.add(subprocess.run(looked, env=environ, capture_output=True, text=True, check=True).stdout)
    for sync in syncs:
        said, _ = sync.communicate()
        assert (sync.returncode, said) == (0, "")
    assert seen <= {"1 1\n", "1 2\n", "2 1\n", "2 2\n"}
    assert project.why_not(*OLD) is None
    assert [path.name for path in project.folder.iterdir()] == [".venv"]
    assert len(places.generations(str(project.env))) == 2
