"""Start-up, lock and sync of a made-up project, beside uv where it is installed.

    python -m benchmarks [--packages 60] [--files 50] [--rounds 7]

The packages are made on the spot and served on loopback, so nothing depends on a network. Tools take turns within
a round; the first round warms up and is not counted. Figures are wall seconds of whole processes: medians, spread,
and the ratio to the first tool of each row's group. Absolute times mean little on a busy machine.

Locking real manifests is measured by `python -m benchmarks.lock` (benchmarks/lock/README.md).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.index import FakeIndex
from tests.fakes.wheels import make_wheel


@dataclass
class Case:
    """One thing to measure with one tool. `prepare` is not measured."""

    group: str
    tool: str
    command: Sequence[str]
    folder: Path
    prepare: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)

    def run(self, environment: dict[str, str]) -> float:
        self.prepare()
        began = time.perf_counter()
        done = subprocess.run(
            self.command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - began
        if done.returncode:
            raise SystemExit(f"{' '.join(self.command)} failed:\n{done.stdout}{done.stderr}")
        return took


def fill(index: FakeIndex, packages: int, files: int) -> list[str]:
    """Serve a chain-like graph: each package needs the next three; three old versions of each."""
    for number in range(packages):
        after = [f"pkg{n}" for n in range(number + 1, min(number + 4, packages))]
        for version in ("1.0", "1.1", "2.0"):
            content = {f"pkg{number}/m{k}.py": f"x = {k}\n" * 40 for k in range(files)}
            index.add(
                make_wheel(f"pkg{number}", version, requires=[f"{name}>=1" for name in after], files=content)
            )
    return ["pkg0"]


def remove(*paths: Path) -> Callable[[], None]:
    def prepare() -> None:
        for path in paths:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    return prepare


def cases(folder: Path, index: FakeIndex, roots: Sequence[str]) -> list[Case]:
    python = sys.executable
    tool = [python, "-m", "lockenv"]
    lists = ", ".join(f'"{root}"' for root in roots)
    ours, fresh = folder / "ours", folder / "fresh"
    for place in (ours, fresh):
        place.mkdir()
        (place / "env.toml").write_text(
            f'[env]\npython = ">=3.8"\ndependencies = [{lists}]\n[[index]]\nname = "fake"\nurl = "{index.url}"\n'
        )
    (folder / "reqs.in").write_text("\n".join(roots) + "\n")
    found = [
        Case("start", "python -c pass", [python, "-c", "pass"], folder),
        Case("start", "lockenv --version", [*tool, "--version"], folder),
        Case("lock, warm cache", "lockenv", [*tool, "lock", "-p", python], fresh, remove(fresh / "pylock.toml")),
        Case("lock, nothing to change", "lockenv", [*tool, "lock", "-p", python], ours),
        Case("sync, warm store", "lockenv", [*tool, "sync"], fresh, remove(fresh / ".venv")),
        Case("sync, nothing to do", "lockenv", [*tool, "sync"], ours),
        Case("run true", "lockenv", [*tool, "run", "true"], ours),
    ]
    subprocess.run([*tool, "lock", "-q", "-p", python], cwd=ours, check=True)
    subprocess.run([*tool, "sync", "-q"], cwd=ours, check=True)
    return found + (uv_cases(folder, index, ours) if shutil.which("uv") else [])


def uv_cases(folder: Path, index: FakeIndex, ours: Path) -> list[Case]:
    uv = shutil.which("uv") or "uv"
    env, kept, lock = folder / "uv-env", folder / "uv-kept", folder / "uv-lock.txt"
    install = [uv, "pip", "sync", "--preview", "-q", str(ours / "pylock.toml"), "--python"]

    def bare() -> None:
        remove(env)()
        subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(env)], check=True)

    subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(kept)], check=True)
    subprocess.run([*install, str(kept)], check=True)
    compile_ = [
        uv,
        "pip",
        "compile",
        "-q",
        "--generate-hashes",
        "--index-url",
        index.url,
        "reqs.in",
        "-o",
        str(lock),
    ]
    return [
        Case("start", "uv --version", [uv, "--version"], folder),
        Case("lock, warm cache", "uv", compile_, folder, remove(lock)),
        Case("sync, warm store", "uv (environment made before)", [*install, str(env)], folder, bare),
        Case("sync, nothing to do", "uv", [*install, str(kept)], folder),
    ]


def report(measured: Sequence[Case]) -> None:
    print(f"{'':26}{'':32}{'median':>9}{'min':>9}{'max':>9}{'ratio':>8}")
    for group in dict.fromkeys(case.group for case in measured):
        rows = [case for case in measured if case.group == group]
        first = statistics.median(rows[0].seconds)
        for case in rows:
            middle = statistics.median(case.seconds)
            figures = f"{middle:9.3f}{min(case.seconds):9.3f}{max(case.seconds):9.3f}{middle / first:8.2f}"
            print(f"{group if case is rows[0] else '':26}{case.tool:32}{figures}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--packages", type=int, default=60)
    parser.add_argument("--files", type=int, default=50, help="modules in each package")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lockenv-bench-") as name, FakeIndex() as index:
        folder = Path(name)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "LOCKENV_"))}
        # Without bytecode every tool written in Python would be compiled anew at each start.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment |= {"LOCKENV_CACHE_DIR": str(folder / "cache"), "UV_CACHE_DIR": str(folder / "uv-cache")}
        os.environ.clear()
        os.environ.update(environment)
        measured = cases(folder, index, fill(index, asked.packages, asked.files))
        for number in range(asked.rounds + 1):
            for case in measured:
                took = case.run(environment)
                if number:
                    case.seconds.append(took)
        print(f"{asked.packages} packages of {asked.files} modules, {asked.rounds} rounds")
        report(measured)


if __name__ == "__main__":
    main()
