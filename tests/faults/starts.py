"""Programs start, thousands of them, while syncs turn the environment: how many find it broken or mixed?

``python -m tests.faults.starts [COUNT]`` prints one line of JSON. Half of the programs are given on the command
line, half are scripts of the environment; every sync changes both modules that they import.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from lockenv.python.venv import bare, layout
from lockenv.transaction import commit
from lockenv.transaction.apply import apply
from lockenv.transaction.compose import Desired
from tests.fakes.environments import Project
from tests.fakes.wheels import BuiltFile, make_wheel
from tests.unit.python.pythons import running

_LEFT = "number = {0}\ndef main():\n    import right\n    print(number, right.number)\n"
_PROGRAM = "import left, right; print(left.number, right.number)"


def _wheels(number: int) -> list[BuiltFile]:
    left = make_wheel(
        "left",
        str(number),
        files={"left.py": _LEFT.format(number)},
        scripts={"left": "left:main"},
    )
    right = make_wheel("right", str(number), files={"right.py": f"number = {number}\n"})
    return [left, right]


def _desired(project: Project, number: int) -> Desired:
    interpreter = running()
    entries = bare(interpreter, env_dir=project.env, prompt="starts")
    return replace(project.desired(*_wheels(number)), entries=entries, scheme=layout(interpreter))


def turn(folder: str) -> None:
    """Sync back and forth until the parent ends this process; a line tells of each."""
    project = Project(Path(folder))
    wants = [_desired(project, number) for number in (1, 2)]
    turns = 0
    while True:
        apply(project.env, wants[turns % 2], link_mode="hardlink", grace=commit.GRACE)
        turns += 1
        print(turns, flush=True)  # noqa: T201


def start(env: Path, script: bool) -> str:
    """Start one program; say what was found: ``whole``, ``mixed``, or how it broke."""
    command = [str(env / "bin/left")] if script else [str(env / "bin/python"), "-c", _PROGRAM]
    environ = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    kind = "script" if script else "program"
    if done.returncode != 0 or done.stderr:
        return f"{kind} broken: {done.stderr.strip().splitlines()[-1:]}"
    left, right = done.stdout.split()
    return f"{kind} whole" if left == right else f"{kind} mixed"


def main() -> None:
    """Count, and tell."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder).resolve())
        apply(project.env, _desired(project, 1), link_mode="hardlink")
        code = f"from tests.faults.starts import turn; turn({str(Path(folder).resolve())!r})"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as syncs:
            try:
                with ThreadPoolExecutor(2) as pool:
                    found = Counter(pool.map(lambda number: start(project.env, number % 2 == 1), range(count)))
                alive = syncs.poll() is None
            finally:
                syncs.kill()
            told = syncs.stdout.read().split() if syncs.stdout else []
    sys.stdout.write(
        json.dumps({"starts": count, "syncs": len(told), "alive": alive, "found": dict(found)}) + "\n"
    )


if __name__ == "__main__":
    main()
