"""A recording for syncs: what `benchmarks.recording` describes, and the projects of each tool.

projects/<set>/<lot>/<way>/…            the files of a project, lock and all
projects/<set>/<lot>/packages.json      what a right environment holds
origin                                  the port that the locks' addresses name
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.recording import Recording
from benchmarks.runs import Run
from benchmarks.serving import Served
from benchmarks.sync import made
from benchmarks.sync.environment import wrong
from benchmarks.sync.sets import Set
from benchmarks.sync.ways import Locked, pins_of
from benchmarks.sync.work import Installer, Work

#: Told of every step: the tool's name, the set's and the lot's, the run.
Listener = Callable[[str, str, Run], None]


def folder_of(recording: Path, name: str, lot: str) -> Path:
    """Where the projects of a set are, for one of its locks."""
    return recording / "projects" / name / lot


def packages_of(recording: Path, name: str, lot: str) -> Mapping[str, str]:
    """What a right environment holds."""
    content: Mapping[str, str] = json.loads((folder_of(recording, name, lot) / "packages.json").read_bytes())
    return content


def port_of(recording: Path) -> int:
    """The port that a recording's locks name."""
    return int((recording / "origin").read_text())


def make_packages(recording: Recording, sets: Iterable[Set]) -> None:
    """Put the packages of a recording that are made up into it."""
    for each in sets:
        if each.made is not None:
            made.put(recording, each.made, each.name)


def record(
    folder: Path,
    each: Set,
    lot: str,
    *,
    installers: Sequence[Installer],
    work: Callable[[Installer], Work],
    served: Served,
    tell: Listener,
) -> None:
    """Lock one lot of a set with every tool, and have each install it once, so that all its files are recorded.

    lockenv locks first; the others get what it has pinned. A tool that cannot is told of, and left out. The
    projects are kept in `folder`.
    """
    locked = Locked(python=each.python, requirements=each.requirements(lot), index=served.url)
    first = next((one for one in installers if one.way.name == "lockenv"), None)
    if first is None:
        msg = "lockenv makes the pins, and is not here"
        raise SystemExit(msg)
    for installer in (first, *(one for one in installers if one is not first)):
        if not installer.way.sync or installer.way.like or not (each.dependencies or installer.way.alone):
            continue
        worker = work(installer)
        worker.forget()
        run = _recorded(worker, locked, folder / installer.way.name, each.imports)
        tell(installer.way.name, f"{each.name}, {lot}", run)
        if installer is first:
            if run.outcome != "done":
                raise SystemExit(run.note)
            pylock = (folder / "lockenv" / "pylock.toml").read_text(encoding="utf-8")
            locked = Locked(
                python=each.python,
                requirements=each.requirements(lot),
                index=served.url,
                pylock=pylock,
                pins=pins_of(pylock),
            )
            (folder / "packages.json").write_text(json.dumps(locked.versions, indent=1) + "\n", encoding="utf-8")


def _recorded(work: Work, locked: Locked, kept: Path, imports: Iterable[str]) -> Run:
    """Lock and install in a tool's own folders; if that goes well, its project is kept."""
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for name, content in work.way.files(locked).items():
        (kept / name).write_text(content, encoding="utf-8")
    work.lay_out(kept)
    commands = work.fresh()
    if work.way.lock:
        create, sync = commands[:-1], commands[-1]
        commands = (*create, work.way.lock, sync)
    run = work.run(commands)
    if run.outcome == "done" and locked.pins:
        note = wrong(work.place.env, locked.versions, imports)
        run = Run(outcome="failed", note=note) if note else run
    if run.outcome != "done":
        shutil.rmtree(kept)
        return run
    for path in work.place.project.iterdir():
        if path.is_file():
            shutil.copyfile(path, kept / path.name)
    return run
