"""One tool at work on one set, in these phases.

create      an environment, and no packages
cold        nothing is kept of earlier runs, there is no environment
no-op       all is right
warm        the cache is full, there is no environment; files come by hard link from tools that link
change      one package is another version, in an environment that was just made
back        and is again what it was
again       the same once more after some changes, and a pause: lockenv has a spare to make the next generation of
warm-copy   as warm, with copies; warm-clone with clones: only tools that can be told so
verify      the environment is compared with its lock
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from benchmarks import calls
from benchmarks.runs import Run
from benchmarks.sync.environment import wrong
from benchmarks.sync.record import folder_of, packages_of
from benchmarks.sync.sets import Set
from benchmarks.sync.ways import Command
from benchmarks.sync.work import Work, remove

Phase: TypeAlias = Literal[
    "create", "cold", "no-op", "warm", "change", "back", "again", "warm-copy", "warm-clone", "verify"
]
PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
_LINKS: Final[Mapping[Phase, str]] = {"warm-copy": "copy", "warm-clone": "clone"}


class Contender:
    """A tool on one set. Every environment is looked at afterwards: if it is not right, the run has failed."""

    def __init__(self, work: Work, each: Set, recording: Path) -> None:
        self.name: str = work.way.name
        self._work = work
        self._set = each
        self._projects = {lot: folder_of(recording, each.name, lot) / work.way.project for lot in each.lots}
        self._expected = {lot: packages_of(recording, each.name, lot) for lot in each.lots}
        self._has = ""  #: the lot that is installed; '' if that is not known to be one
        self._full = False  #: whether the cache has every lot
        self._given_up: dict[Phase, Run] = {}
        self._unrecorded: list[str] = []

    def takes(self, phase: Phase) -> bool:
        """Whether a phase is for this tool and this set at all."""
        wanted = not self._work.way.phases or phase in self._work.way.phases
        if phase == "create":
            return wanted and bool(self._work.way.alone) and not self._expected["new"]
        return wanted and bool(self._work.way.sync and self._expected["new"]) and self._can(phase)

    def _can(self, phase: Phase) -> bool:
        match phase:
            case "warm-copy" | "warm-clone":
                return self._work.way.links
            case "verify":
                return bool(self._work.way.verify)
            case "change" | "back" | "again":
                return "held" in self._projects
            case _:
                return True

    def run(self, phase: Phase) -> Run:
        """Run one phase, which is made ready first, unmeasured. What cannot be done is not tried twice."""
        if phase in self._given_up:
            return self._given_up[phase]
        before = len(self._unrecorded)
        reason = self.prepare(phase)
        run = Run(outcome="not run", note=reason) if reason else self.measure(phase)
        # What the recording lacked while a phase was made ready spoils its figures as well.
        run = dataclasses.replace(
            run, counts=dataclasses.replace(run.counts, unrecorded=self._unrecorded[before:])
        )
        if run.outcome != "done":
            self._given_up[phase] = run
        return run

    def traced(self, phase: Phase) -> Run:
        """Run a phase once more, made ready as ever, to count its system calls."""
        if reason := self.prepare(phase):
            return Run(outcome="not run", note=reason)
        result = self._work.place.folder / "calls.txt"
        result.unlink(missing_ok=True)
        run = self.measure(phase, wrapper=calls.tracing(result), everywhere=True)
        return dataclasses.replace(run, calls=calls.total(result) if run.outcome == "done" else None)

    # -- making ready

    def prepare(self, phase: Phase) -> str:
        """Make a phase ready; say why that cannot be, else ''."""
        if not self._there():
            return "it has no project in the recording; record again"
        reason = self._begin(phase)
        self._lay_out("held" if phase == "change" else "new")
        if phase in {"create", "warm", "warm-copy", "warm-clone"}:
            self._remove_environment()
        return reason

    def _begin(self, phase: Phase) -> str:
        """Have what a phase begins with in cache and environment; say why that cannot be, else ''."""
        reason = ""
        match phase:
            case "create":
                pass
            case "cold":
                self._work.forget()
                self._has, self._full = "", False
            case "warm" | "warm-copy" | "warm-clone":
                reason = self._fill()
            case "no-op":
                reason = self._settle("new")
            case "change":
                reason = self._fill()
                self._remove_environment()
                reason = reason or self._settle("new")
            case "back":
                reason = self._fill() or self._bring("held")
            case "again":
                reason = self._fill() or self._bring("held") or self._bring("new")
                # A person does not change packages every second.
                time.sleep(self._work.way.pause)
                reason = reason or self._bring("held")
            case "verify":
                reason = self._settle("new") or self._lacks_verify()
        return reason

    def _there(self) -> bool:
        return not self._work.way.sync or all(path.is_dir() for path in self._projects.values())

    def _lay_out(self, lot: str) -> None:
        self._work.lay_out(self._projects[lot])

    def _remove_environment(self) -> None:
        remove(self._work.place.env)
        self._has = ""

    def _fill(self) -> str:
        """Have every lot in the cache; say why that cannot be, else ''."""
        for lot in ("held", "new"):
            if not self._full and lot in self._projects and (reason := self._bring(lot)):
                return reason
        self._full = True
        return ""

    def _settle(self, lot: str) -> str:
        """Have a lot installed, and found right once: tools may note for themselves that it is."""
        return self._bring(lot) or self._sync(lot).note

    def _bring(self, lot: str) -> str:
        """Have a lot installed; say why that cannot be, else ''."""
        return "" if self._has == lot else self._sync(lot).note

    def _sync(self, lot: str) -> Run:
        self._lay_out(lot)
        return self._checked(self._run(self._commands()), lot)

    def _lacks_verify(self) -> str:
        asked = self._run([(*self._work.way.verify, "--help")])
        return "" if asked.outcome == "done" else "it has no such command yet"

    # -- measuring

    def measure(self, phase: Phase, wrapper: Command = (), *, everywhere: bool = False) -> Run:
        """Run the commands of a phase that was made ready, and look at what they left."""
        match phase:
            case "create":
                commands: tuple[Command, ...] = (self._work.way.alone,)
            case "verify":
                commands = (self._work.way.verify,)
            case _:
                commands = self._commands()
        link = _LINKS.get(phase, "hardlink")
        run = self._run(commands, link=link, wrapper=wrapper, everywhere=everywhere)
        return self._checked(run, "held" if phase == "change" else "new")

    def _commands(self) -> tuple[Command, ...]:
        return (self._work.way.sync,) if self._work.place.env.exists() else self._work.fresh()

    def _run(
        self,
        commands: Sequence[Command],
        *,
        link: str = "hardlink",
        wrapper: Command = (),
        everywhere: bool = False,
    ) -> Run:
        run = self._work.run(commands, link=link, wrapper=wrapper, everywhere=everywhere)
        self._unrecorded += run.counts.unrecorded
        return run

    def _checked(self, run: Run, lot: str) -> Run:
        """Look at the environment."""
        self._has = ""
        if run.outcome != "done":
            return run
        expected = self._expected[lot]
        besides = self._work.way.brings
        if note := wrong(self._work.place.env, expected, self._set.imports, besides=besides):
            return dataclasses.replace(run, outcome="failed", note=note)
        self._has = lot
        return dataclasses.replace(run, packages=len(expected))
