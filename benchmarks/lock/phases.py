"""One tool at work on one manifest, in five phases.

cold         nothing is kept of earlier runs
warm         the cache is full, there is no lock
warm-new     the same, of requirements that nobody has asked for before; the packages are the same
nothing      the cache is full, and the lock is right
upgrade-one  the cache is full; the lock was made with one package held back, which is now let go of
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path
from typing import Final, Literal, TypeAlias

from benchmarks import calls
from benchmarks.launch import last_words, launched, log_in
from benchmarks.lock.executables import Installed
from benchmarks.lock.tools import Job, Place, environment, lay_out
from benchmarks.runs import Run
from benchmarks.serving import Served

Phase: TypeAlias = Literal["cold", "warm", "warm-new", "nothing", "upgrade-one"]
PHASES: Final[tuple[Phase, ...]] = ("cold", "warm", "warm-new", "nothing", "upgrade-one")


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
        self._asked_anew = 0
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

    def traced(self, phase: Phase) -> Run:
        """Run a phase once more, made ready as ever, to count its system calls."""
        if reason := self._prepare(phase):
            return Run(outcome="not run", note=reason)
        result = self._place.folder / "calls.txt"
        result.unlink(missing_ok=True)
        run = self._measure(self._command(phase), wrapper=calls.tracing(result), patience=calls.PATIENCE)
        return dataclasses.replace(run, calls=calls.total(result) if run.outcome == "done" else None)

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
        lay_out(self.installed.tool, self._place, self._changed_job() if phase == "warm-new" else self._job)
        self._put({"nothing": self._lock, "upgrade-one": self._held}.get(phase))
        if phase == "nothing":
            # A tool may note that all is in order when it first finds so; what counts is every time after that.
            self._measure(self._command(phase))
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

    def _changed_job(self) -> Job:
        """A job that differs from all before: a tool may remember what each of them came to."""
        self._asked_anew += 1
        return dataclasses.replace(
            self._job, dependencies=self._job.manifest.changed_dependencies(self._asked_anew)
        )

    def _put(self, lock: bytes | None) -> None:
        if lock is None:
            self._path.unlink(missing_ok=True)
        else:
            self._path.write_bytes(lock)

    # -- measuring

    def _command(self, phase: Phase) -> tuple[str, ...] | None:
        return self.installed.tool.command(self._job, upgrade=phase == "upgrade-one")

    def _measure(
        self, arguments: tuple[str, ...] | None, *, wrapper: tuple[str, ...] = (), patience: float = 1.0
    ) -> Run:
        assert arguments is not None, "a phase without a command is not run"
        self._served.take_counts()
        took = launched(
            (*wrapper, self.installed.path, *arguments),
            folder=self._place.folder,
            cwd=self._place.project,
            environ=environment(self.installed.tool, self._place, self._job),
            bound=self._bound * patience,
        )
        run = Run(
            outcome="done", seconds=took.seconds, cpu=took.cpu, peak=took.peak, counts=self._served.take_counts()
        )
        self.fetched += run.counts.fetched
        self._unrecorded += run.counts.unrecorded
        if took.status is None:
            return dataclasses.replace(run, outcome="over", note=f"took more than {self._bound:g} s")
        if took.status != 0 or not self._path.is_file():
            return dataclasses.replace(
                run, outcome="failed", note=f"exit status {took.status}: {last_words(log_in(self._place.folder))}"
            )
        lock = self._path.read_bytes()
        return dataclasses.replace(
            run, packages=self.installed.tool.packages(lock), digest=hashlib.sha256(lock).hexdigest()
        )
