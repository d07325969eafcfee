"""One tool's commands in its own folders, measured or not."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import calls
from benchmarks.executables import Program
from benchmarks.launch import last_words, launched, log_in
from benchmarks.runs import Run
from benchmarks.serving import Served
from benchmarks.sync.disk import flush
from benchmarks.sync.ways import Command, Place, Way, environment, known_places


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A way whose program is here."""

    way: Way
    program: Program

    @property
    def title(self) -> str:
        """Its name and version, for tables."""
        return f"{self.way.name} {self.program.version}"


class Work:
    """A tool at work in `folder`, which is its own; `bound` are the seconds that a run may take.

    `flushed`: the disk is ours alone, and is written down before each run. A disk that others write to as well
    would never be done.
    """

    def __init__(
        self,
        installer: Installer,
        folder: Path,
        served: Served,
        *,
        python: str,
        bound: float,
        flushed: bool,
    ) -> None:
        self.installer = installer
        self.place = Place(folder=folder)
        self.fetched = 0  #: what a recorder had to fetch for it
        self._served = served
        self._python = python
        self._bound = bound
        self._flushed = flushed

    @property
    def way(self) -> Way:
        """What it is told."""
        return self.installer.way

    def lay_out(self, project: Path) -> None:
        """Write a project's files; there are none for who only makes environments."""
        for folder in (self.place.project, self.place.temporary, *self.place.kept):
            folder.mkdir(parents=True, exist_ok=True)
        for path in project.iterdir() if project.is_dir() else ():
            shutil.copyfile(path, self.place.project / path.name)

    def forget(self) -> None:
        """Remove what the tool keeps between two runs, and the environment."""
        remove(self.place.env, self.place.temporary, *self.place.kept)

    def fresh(self) -> tuple[Command, ...]:
        """The commands that make an environment where there is none."""
        return (self.way.create, self.way.sync) if self.way.create else (self.way.sync,)

    def run(
        self,
        commands: Sequence[Command],
        *,
        link: str = "hardlink",
        wrapper: Command = (),
        everywhere: bool = False,
    ) -> Run:
        """Run commands, as one, and say what that took. `wrapper` is put before the last, or `everywhere`."""
        known = known_places(
            str(self.installer.program.path), self.place, python=self._python, index=self._served.url, link=link
        )
        said = [tuple(word.format_map(known) for word in command) for command in commands]
        said = [(*wrapper, *each) if everywhere else each for each in said[:-1]] + [(*wrapper, *said[-1])]
        if self._flushed:
            flush(self.place.folder)
        self._served.take_counts()
        took = launched(
            said[0] if len(said) == 1 else ("sh", "-c", " && ".join(shlex.join(each) for each in said)),
            folder=self.place.folder,
            cwd=self.place.project,
            environ=environment(self.way, self.place, known),
            bound=self._bound * (calls.PATIENCE if wrapper else 1),
        )
        counts = self._served.take_counts()
        self.fetched += counts.fetched
        run = Run(outcome="done", seconds=took.seconds, cpu=took.cpu, peak=took.peak, counts=counts)
        if took.status is None:
            return dataclasses.replace(run, outcome="over", note=f"took more than {self._bound:g} s")
        if took.status != 0:
            note = f"exit status {took.status}: {last_words(log_in(self.place.folder))}"
            return dataclasses.replace(run, outcome="failed", note=note)
        return run


def remove(*folders: Path) -> None:
    """Remove folders, if they are there; a process does that faster than we."""
    subprocess.run(["rm", "-rf", *folders], check=True)
