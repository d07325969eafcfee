"""Kill a change from outside, at the n-th call of each mutating system call, with strace(1). Run by hand.

``python -m tests.faults.outside [POINTS]`` tries so many points of each system call in each scenario (12 if none
is given), spread over all of them, and prints a line each. Unlike audit hooks, the kernel leaves nothing out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.fakes.environments import Project
from tests.faults.injection import DIED
from tests.faults.sweep import SCENARIOS, Sweep, act, spread

CALLS = (
    "chmod", "fchmod", "fchmodat", "flock", "fsync", "ftruncate", "link", "linkat", "mkdir", "mkdirat", "openat",
    "pwrite64", "rename", "renameat", "renameat2", "rmdir", "symlink", "symlinkat", "syncfs", "unlink", "unlinkat",
    "utimensat", "write",
)  # fmt: skip
_CHILD = "from tests.faults.outside import change; change({0!r}, {1!r})"
ROOT = Path(__file__).parents[2]


def change(scenario: str, folder: str) -> None:
    """Make the change of a scenario, in a process that strace watches."""
    meant = SCENARIOS[scenario]
    project = Project(Path(folder))
    act(project, None if meant.after is None else meant.after(project), meant.link_mode)


class Outside:
    """One scenario, killed again and again."""

    def __init__(self, scenario: str, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        self.sweep = Sweep(SCENARIOS[scenario], "kill", folder)
        self.log = folder / "trace"
        self.killed = 0

    def run(self, most: int) -> None:
        """Try so many points of each system call."""
        self._strace("-e", f"trace={','.join(CALLS)}")
        counted = Counter(re.findall(r"^\d+ +(\w+)\(", self.log.read_text(errors="replace"), re.MULTILINE))
        for call in CALLS:
            for number in spread(counted[call], most):
                status = self._strace("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
                # Each thread counts for itself, so not every number is come to.
                if status != 0:
                    self.killed += 1
                    self.sweep.judge(number, DIED)

    def _strace(self, *options: str) -> int:
        self.sweep.restore()
        code = _CHILD.format(self.scenario, str(self.folder))
        command = ["strace", "-f", "-qq", "-o", str(self.log), *options, sys.executable, "-B", "-c", code]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode


def main() -> int:
    """Kill, and tell."""
    if shutil.which("strace") is None:
        sys.stdout.write("there is no strace here: nothing was tried\n")
        return 0
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    killed = wrong = 0
    for scenario, meant in SCENARIOS.items():
        if not meant.exchange:
            continue  # to keep a system from exchanging takes a hook inside
        with tempfile.TemporaryDirectory() as folder:
            outside = Outside(scenario, Path(folder))
            outside.run(most)
        killed, wrong = killed + outside.killed, wrong + len(outside.sweep.problems)
        sys.stdout.write(f"{scenario:24} {outside.killed:4} kills, {len(outside.sweep.problems)} wrong\n")
        sys.stdout.writelines(f"  {problem}\n" for problem in outside.sweep.problems[:10])
        sys.stdout.flush()
    sys.stdout.write(f"{killed} kills, {wrong} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
