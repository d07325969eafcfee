"""One tool at work on one manifest, in four phases.

cold         nothing is kept of earlier runs
warm         the cache is full, there is no lock
nothing      the cache is full, and the lock is right
upgrade-one  the cache is full; the lock was made with one package held back, which is now let go of
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from benchmarks.lock import measure
from benchmarks.lock.executables import Installed
from benchmarks.lock.server import Counts
from benchmarks.lock.serving import Served
from benchmarks.lock.tools import Job, Place, environment, lay_out, packages_in

Phase: TypeAlias = Literal["cold", "warm", "nothing", "upgrade-one"]
PHASES: Final[tuple[Phase, ...]] = ("cold", "warm", "nothing", "upgrade-one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of a tool took. `peak` in MB. `digest` is of the lock it left; `note` says what went wrong."""

    outcome: Literal["done", "over", "failed", "not run"]
    seconds: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    counts: Counts = field(default_factory=Counts)
    packages: int = 0
    digest: str = ""
    note: str = ""


class Contender:
    """A tool in `folder`, which is its own; `bound` are the seconds that a run may take.

    `fetched` counts what a recorder had to fetch for it, also while a phase was made ready.
    """

    def __init__(self, installed: Installed, job: Job, folder: Path, served: Served, *, bound: float) -> None:
        self.installed = installed
        self.fetched = 0
        self._job = job
        self._place = Place(folder=folder)
        self._served = served
        self._bound = bound
        self._lock: bytes | None = None  #: a right one
        self._held: bytes | None = None  #: one with a package held back
        self._given_up: dict[Phase, Run] = {}
        self._unrecorded: list[str] = []

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.installed.tool.name

    def run(self, phase: Phase) -> Run:
        """Run one phase, which is made ready first, unmeasured. What cannot be done is not tried twice."""
        if phase in self._given_up:
            return self._given_up[phase]
        before = len(self._unrecorded)
        reason = self._prepare(phase)
        run = Run(outcome="not run", note=reason) if reason else self._measure(self._command(phase))
        # What the recording lacked while a phase was made ready spoils its figures as well.
        counts = dataclasses.replace(run.counts, unrecorded=self._unrecorded[before:])
        run = dataclasses.replace(run, counts=counts)
        if phase == "upgrade-one" and run.outcome == "done" and self._path.read_bytes() == self._held:
            run = dataclasses.replace(run, outcome="failed", note="it left the lock as it was")
        if run.outcome != "done":
            self._given_up[phase] = run
        elif phase == "cold":
            self._lock = self._path.read_bytes()
        return run

    # -- making ready

    @property
    def _path(self) -> Path:
        return self._place.project / self.installed.tool.lock

    def _prepare(self, phase: Phase) -> str:
        """Make a phase ready; say why that cannot be, else ''."""
        if phase == "upgrade-one" and self._command(phase) is None:
            return "it has no such command"
        if phase == "cold":
            for folder in self._place.kept:
                shutil.rmtree(folder, ignore_errors=True)
        elif not self._filled():
            return "it has made no lock to start from"
        elif phase == "upgrade-one" and (reason := self._hold_back()):
            return f"it has made no lock with the package held back: {reason}"
        lay_out(self.installed.tool, self._place, self._job)
        self._put({"cold": None, "warm": None, "nothing": self._lock, "upgrade-one": self._held}[phase])
        return ""

    def _filled(self) -> bool:
        """Have a full cache and a right lock."""
        return self._lock is not None or self.run("cold").outcome == "done"

    def _hold_back(self) -> str:
        """Have a lock with a package held back; say why that cannot be, else ''."""
        if self._held is not None:
            return ""
        job = dataclasses.replace(self._job, dependencies=self._job.manifest.held_dependencies)
        lay_out(self.installed.tool, self._place, job)
        self._put(None)
        run = self._measure(self.installed.tool.command(job))
        self._held = self._path.read_bytes() if run.outcome == "done" else None
        return run.note

    def _put(self, lock: bytes | None) -> None:
        if lock is None:
            self._path.unlink(missing_ok=True)
        else:
            self._path.write_bytes(lock)

    # -- measuring

    def _command(self, phase: Phase) -> tuple[str, ...] | None:
        return self.installed.tool.command(self._job, upgrade=phase == "upgrade-one")

    def _measure(self, arguments: tuple[str, ...] | None) -> Run:
        assert arguments is not None, "a phase without a command is not run"
        self._served.take_counts()
        took = self._launch(arguments)
        status = took.pop("status")
        run = Run(outcome="done", counts=self._served.take_counts(), **took)
        self.fetched += run.counts.fetched
        self._unrecorded += run.counts.unrecorded
        if status is None:
            return dataclasses.replace(run, outcome="over", note=f"took more than {self._bound:g} s")
        if status != 0 or not self._path.is_file():
            return dataclasses.replace(
                run, outcome="failed", note=f"exit status {status}: {last_words(self._log)}"
            )
        lock = self._path.read_bytes()
        return dataclasses.replace(run, packages=packages_in(lock), digest=hashlib.sha256(lock).hexdigest())

    @property
    def _log(self) -> Path:
        return self._place.folder / "log.txt"

    def _launch(self, arguments: tuple[str, ...]) -> dict[str, Any]:
        """Run the tool by way of `measure`, and read what that wrote."""
        result = self._place.folder / "result.json"
        launcher = [sys.executable, "-I", "-S", measure.__file__]
        process = subprocess.Popen(
            [*launcher, result, self._log, str(self._bound), self.installed.path, *arguments],
            cwd=self._place.project,
            env=environment(self.installed.tool, self._place, self._job),
        )
        try:
            assert process.wait() == 0, f"the launcher of {self.name} failed"
        finally:
            process.terminate()  # it ends the tool, should we be interrupted
            process.wait()
        return cast("dict[str, Any]", json.loads(result.read_bytes()))


def last_words(log: Path, lines: int = 3) -> str:
    """The last lines of a log, in one."""
    text = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return " / ".join([line.strip() for line in text if line.strip()][-lines:])[-400:]
