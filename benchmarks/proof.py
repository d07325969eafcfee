"""What proof costs: making, verifying and compiling an environment of about 10,000 files and 200 MB.

    python -m benchmarks.proof [--at DIR] [--packages 100] [--files 100] [--rounds 5]

The packages are made on the spot and served on loopback. Half of the files are modules with real code, half are
data. The rows take turns within a round; the first round is not counted. Figures are seconds of whole processes:
by the wall (median and spread), and of processors. Absolute times mean little on a busy machine, so read the rows
against each other, and choose with `--at` a folder on a disk such as people have: a journaled one with room.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.index import FakeIndex
from tests.fakes.project import ScratchProject
from tests.fakes.wheels import BuiltFile, make_wheel

_FUNCTION = """
def work_{number}(values, limit={number}):
    "Add up what is below a limit."
    found = [value for value in values if value < limit]
    names = {{"first": found[:1], "rest": found[1:], "{number}": sum(found)}}
    try:
        return names["{number}"] / len(found)
    except ZeroDivisionError:
        return None
"""


@dataclass
class Row:
    """One thing to measure. `prepare` is not measured; `expected` is the exit status."""

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[], object] = lambda: None
    expected: int = 0
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def package(number: int, files: int) -> BuiltFile:
    """Make a wheel of modules and data, about 20 kB a file."""
    chance = random.Random(number)  # noqa: S311 - the same bytes each time
    content: dict[str, bytes | str] = {}
    for file in range(files):
        folder = f"pkg{number}/part{file // 20}"
        if file % 2:
            content[f"{folder}/m{file}.py"] = "".join(_FUNCTION.format(number=n) for n in range(20))
        else:
            content[f"{folder}/data{file}.bin"] = chance.randbytes(33_000)
    return make_wheel(f"pkg{number}", "1.0", files=content)


def rows(project: ScratchProject) -> Iterator[Row]:
    """List what is measured."""

    def gone() -> None:
        shutil.rmtree(project.env, ignore_errors=True)

    def without_bytecode() -> None:
        for cache in project.env.glob("lib/**/__pycache__"):
            shutil.rmtree(cache)
        (project.env / ".lockenv" / "compiled").unlink(missing_ok=True)

    def compiled() -> None:
        project.run("sync", "--compile").ok()

    def unproven() -> None:
        compiled()
        shutil.rmtree(project.cache / "bytecode", ignore_errors=True)

    for mode in ("hardlink", "copy", "clone"):
        yield Row(f"create, {mode}", ("sync", "--link-mode", mode, "--no-verify"), gone)
    yield Row("create, hardlink, wheels hashed", ("sync", "--link-mode", "hardlink", "--verify"), gone)
    yield Row("create, hardlink, compiled", ("sync", "--link-mode", "hardlink", "--compile", "--no-verify"), gone)
    yield Row("nothing to do", ("sync", "--no-verify"), without_bytecode)
    yield Row("nothing to do, content compared", ("sync", "--verify"), without_bytecode)
    yield Row("verify, no bytecode there", ("verify",), without_bytecode)
    yield Row("verify, bytecode proven anew", ("verify",), unproven)
    yield Row("verify, proofs remembered", ("verify",), compiled)
    yield Row("verify --no-bytecode", ("verify", "--no-bytecode"), compiled)
    yield Row("cache verify", ("cache", "verify"))


def measure(project: ScratchProject, row: Row) -> tuple[float, float]:
    """Run one row and give its seconds: by the wall, and of all its processes."""
    row.prepare()
    began, before = time.perf_counter(), _busy()
    done = subprocess.run(
        [sys.executable, "-m", "lockenv", *row.arguments],
        cwd=project.folder,
        env=project.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode != row.expected:
        raise SystemExit(f"lockenv {' '.join(row.arguments)} failed:\n{done.stdout}{done.stderr}")
    return took, _busy() - before


def _busy() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure all rows, round by round."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--at", metavar="DIR", help="where to work (default: the system's temporary folder)")
    options.add_argument("--packages", type=int, default=100)
    options.add_argument("--files", type=int, default=100, help="in each package")
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.at) as scratch, FakeIndex() as index:
        for number in range(asked.packages):
            index.add(package(number, asked.files))
        project = ScratchProject(Path(scratch), index_url=index.url)
        project.manifest(dependencies=[f"pkg{number}" for number in range(asked.packages)])
        project.run("lock").ok()
        project.run("sync").ok()
        listed = list(rows(project))
        for counted in range(asked.rounds + 1):
            for row in listed:
                took, busy = measure(project, row)
                if counted:
                    row.seconds.append(took)
                    row.busy.append(busy)
        for row in listed:
            low, high = min(row.seconds), max(row.seconds)
            wall, busy = statistics.median(row.seconds), statistics.median(row.busy)
            print(f"{row.name:<36}{wall:7.2f} s   {low:.2f} to {high:.2f}   of processors {busy:.2f} s")


if __name__ == "__main__":
    main()
