"""The command line: `python -m benchmarks.sync record | run | profile`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from benchmarks import calls, executables
from benchmarks.arguments import add_server, add_strace, seconds
from benchmarks.executables import Program
from benchmarks.recording import Recording
from benchmarks.runs import Run
from benchmarks.serving import Served, claimed, served
from benchmarks.sync import record, report, room, sets
from benchmarks.sync.disk import can_clone, disk
from benchmarks.sync.environment import state
from benchmarks.sync.phases import PHASES, Contender, Phase
from benchmarks.sync.profile import HOWS, profiled
from benchmarks.sync.rounds import Figures, measured
from benchmarks.sync.sets import Set
from benchmarks.sync.ways import PROGRAMS, WAYS
from benchmarks.sync.work import Installer, Work, remove

#: The gigabytes of a disk to record on, which takes room only for what is there.
_RECORDING = 40

_ABOUT = """Install real locks with several tools, from one recording of an index, on loopback.

  record   have every tool lock each set and install it once, through a recorder of the real index
  run      have them install from the recording, and show what that took
  profile  show where the time of one phase goes

benchmarks/sync/README.md says what the figures mean."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    asked = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that all is ended and unmounted
    asked.act(asked)


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    form = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=_ABOUT, formatter_class=form)
    commands = top.add_subparsers(required=True, metavar="record | run | profile")

    record_ = commands.add_parser("record", help="add to a recording", description=_record.__doc__)
    _add_choices(record_, bound=1800.0)
    record_.add_argument("--port", type=int, help="for the locks (default: as before, else one that is free)")
    record_.set_defaults(act=_record, latency=0.0, server="own")

    run_ = commands.add_parser("run", help="measure", description=_run.__doc__)
    _add_choices(run_, bound=300.0)
    _add_latency(run_)
    run_.add_argument("--phase", action="append", choices=PHASES, help="may be repeated (default: all)")
    run_.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: %(default)s)")
    run_.add_argument("--reference", default="uv", help="whose medians are 1.00 (default: %(default)s)")
    add_strace(run_)
    run_.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    run_.set_defaults(act=_run)

    profile_ = commands.add_parser("profile", help="profile one phase", description=_profile.__doc__)
    _add_choices(profile_, bound=600.0)
    _add_latency(profile_)
    profile_.add_argument("--phase", choices=PHASES, default="warm", help="default: %(default)s")
    profile_.add_argument("--with", dest="how", choices=HOWS, default="cprofile", help="default: %(default)s")
    profile_.add_argument("--lines", type=int, default=30, help="of the summary (default: %(default)s)")
    profile_.add_argument("--keep", type=Path, metavar="FILE", help="keep what the profiler wrote there")
    profile_.set_defaults(act=_profile)
    return top


def _add_latency(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--latency", type=seconds, default=0.0, metavar="30ms", help="wait so long before each answer (default: 0)"
    )
    add_server(to)


def _add_choices(to: argparse.ArgumentParser, *, bound: float) -> None:
    default = platformdirs.user_cache_path("lockenv-benchmarks") / "sync"
    to.add_argument("--recording", type=Path, default=default, metavar="DIR", help="default: %(default)s")
    to.add_argument(
        "--set",
        action="append",
        default=[],
        dest="sets",
        metavar="NAME",
        help=f"one of {', '.join(sets.known())}, or the path of a .toml; may be repeated (default: all)",
    )
    to.add_argument(
        "--tool",
        action="append",
        default=[],
        metavar="NAME",
        help=f"one of {', '.join(WAYS)}; may be repeated (default: all whose programs are found)",
    )
    to.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help=f"where a program is ({', '.join(PROGRAMS)}); may be repeated",
    )
    to.add_argument(
        "--peers",
        type=Path,
        metavar="DIR",
        help="look for programs in DIR/NAME/bin first",
    )
    to.add_argument(
        "--python", default="python3.12", help="the interpreter of the environments (default: %(default)s)"
    )
    to.add_argument("--bound", type=float, default=bound, help="seconds a run may take (default: %(default)g)")
    to.add_argument("--work", type=Path, metavar="DIR", help="where the disk is made (default: temporary files)")
    to.add_argument(
        "--disk", type=int, metavar="GB", help="its size; 0: none is made (default: what the tools need)"
    )


def _installers(asked: argparse.Namespace) -> list[Installer]:
    for name in asked.tool:
        if name not in WAYS:
            msg = f"{name} is none of the tools that are known here: {', '.join(WAYS)}"
            raise SystemExit(msg)
    ways = [WAYS[name] for name in asked.tool or WAYS]
    places = dict(each.partition("=")[::2] for each in asked.program)
    wanted = [name for name in PROGRAMS if any(way.program == name for way in ways)]
    found, missing = executables.find(
        [f"{name}={places[name]}" if name in places else name for name in wanted], PROGRAMS, asked.peers
    )
    print("".join(f"{line}\n" for line in missing), end="", flush=True)
    python = _python(asked)
    programs = {each.name: each for each in found}
    programs["python"] = Program(name="python", path=python, version=executables.version_of(python))
    return [Installer(way=way, program=programs[way.program]) for way in ways if way.program in programs]


def _python(asked: argparse.Namespace) -> Path:
    """The interpreter itself: what stands before it (a shim, a link) is not what is measured."""
    found = shutil.which(asked.python)
    if found is None:
        msg = f"there is no {asked.python}; name one with --python"
        raise SystemExit(msg)
    return executables.interpreter(Path(found))


@contextmanager
def _workshop(
    asked: argparse.Namespace, place: Path, each: Set, *, port: int, record: bool = False
) -> Iterator[tuple[Callable[[Installer], Work], Served]]:
    """Serve a recording for one set; what makes a tool's folders for it; these are removed afterwards."""
    python = str(_python(asked))
    folder = place / each.name
    with served(
        asked.recording.absolute(),
        os.environ,
        manifest=each.name,
        latency=asked.latency,
        record=record,
        port=port,
        server=asked.server,
    ) as server:

        def work(installer: Installer) -> Work:
            made = folder / installer.way.name
            made.mkdir(parents=True, exist_ok=True)
            ours = place.is_mount()
            return Work(installer, made, server, python=python, bound=asked.bound, flushed=ours)

        before = state(python)
        try:
            yield work, server
        finally:
            remove(folder)
            if state(python) != before:
                print(
                    f"!! something was installed into {python} itself, instead of an environment", file=sys.stderr
                )


def _record(asked: argparse.Namespace) -> None:
    """Have lockenv lock each set, and every other tool lock the same pins and install them, through a recorder,
    which fetches from the real index what the recording lacks."""
    recording = Recording(asked.recording)
    port = asked.port or _port_to_record(asked.recording)
    (asked.recording / "origin").write_text(f"{port}\n")
    chosen = sets.named(asked.sets)
    record.make_packages(recording, chosen)
    installers = _installers(asked)
    with disk(asked.work, _RECORDING if asked.disk is None else asked.disk) as (place, _):
        for each in chosen:
            for lot in each.lots:
                with _workshop(asked, place, each, port=port, record=True) as (work, server):
                    folder = record.folder_of(asked.recording.absolute(), each.name, lot)
                    record.record(folder, each, lot, installers=installers, work=work, served=server, tell=_tell)
    print(f"recorded in {asked.recording}")


def _port_to_record(recording: Path) -> int:
    """The port that the locks of a recording name; for a new one any that is free."""
    return record.port_of(recording) if (recording / "origin").is_file() else claimed(0)


def _run(asked: argparse.Namespace) -> None:
    """Measure each tool on each set, in turns, from a recording. Nothing is asked of the real index."""
    port = _port(asked)
    installers = _installers(asked)
    titles = {each.way.name: each.title for each in installers}
    reference = asked.reference if asked.reference in titles else next(iter(titles))
    counts_calls = asked.strace and calls.can_count()
    every = []
    phases = tuple(phase for phase in PHASES if not asked.phase or phase in asked.phase)
    with disk(asked.work, _size(asked, installers, phases)) as (place, about):
        if not can_clone(place):
            phases = tuple(phase for phase in phases if phase != "warm-clone")
        for each in sets.named(asked.sets):
            print(each.name, file=sys.stderr)
            with _workshop(asked, place, each, port=port) as (work, server):
                contenders = [Contender(work(one), each, asked.recording) for one in installers]
                figures = measured(
                    each, contenders, phases=phases, rounds=asked.rounds, tell=_tell, counts_calls=counts_calls
                )
            every.append(figures)
            print(f"\n{each.name}: {len(record.packages_of(asked.recording, each.name, 'new'))} packages")
            print(f"on {about}; {asked.rounds} rounds, latency {asked.latency * 1000:g} ms, {server.title}")
            print(report.table(figures, titles, reference=reference, bound=asked.bound))
            print("".join(f"  {note}\n" for note in report.notes(figures)), flush=True)
    if asked.json:
        _write(asked, every, titles, about)


def _size(asked: argparse.Namespace, installers: Sequence[Installer], phases: Sequence[Phase]) -> int:
    """The size of the disk in gigabytes. Raises `SystemExit` where there is no room for what it will hold."""
    if asked.disk:
        return int(asked.disk)
    recording = Recording(asked.recording)
    sizes = [room.footprint(recording, each) for each in sets.named(asked.sets)]
    need = room.needed(sizes, [each.way for each in installers], phases)
    room.refuse_if_short(need, asked.work or Path(tempfile.gettempdir()))
    return room.disk_for(need) if asked.disk is None else 0


def _write(asked: argparse.Namespace, every: Sequence[Figures], titles: dict[str, str], about: str) -> None:
    facts = {
        "moment": Recording(asked.recording).moment.isoformat(),
        "latency": asked.latency,
        "bound": asked.bound,
        "rounds": asked.rounds,
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "disk": about,
    }
    asked.json.write_text(json.dumps(report.as_json(every, titles, **facts), indent=1) + "\n", encoding="utf-8")


def _profile(asked: argparse.Namespace) -> None:
    """Run one phase of one set under a profiler (lockenv, unless a tool is named), and show the summary."""
    port = _port(asked)
    asked.tool = asked.tool or ["lockenv"]
    found = _installers(asked)
    if not found:
        msg = f"there is no {asked.tool[0]} to profile"
        raise SystemExit(msg)
    installer = found[0]
    phase: Phase = asked.phase
    with disk(asked.work, _size(asked, found[:1], [phase])) as (place, _):
        for each in sets.named(asked.sets):
            with _workshop(asked, place, each, port=port) as (work, _):
                result = (asked.keep or place / "profile").absolute()
                contender = Contender(work(installer), each, asked.recording)
                if not contender.takes(phase):
                    print(f"{each.name}: has no such phase")
                    continue
                text = profiled(contender, phase, installer.program.path, asked.how, result, lines=asked.lines)
                print(f"{each.name}, {phase}: {text}", flush=True)


def _port(asked: argparse.Namespace) -> int:
    if not (asked.recording / "origin").is_file():
        msg = f"there is no recording in {asked.recording}; make one with `python -m benchmarks.sync record`"
        raise SystemExit(msg)
    return record.port_of(asked.recording)


def _tell(tool: str, phase: str, run: Run) -> None:
    what = f"{run.seconds:8.3f} s, {run.counts.requests} requests" if run.outcome != "not run" else ""
    what = what if run.calls is None else f"{run.calls:8} system calls"
    note = f" {run.outcome}: {run.note}" if run.note else ""
    lacks = f" !! {len(run.counts.unrecorded)} not in the recording" if run.counts.unrecorded else ""
    print(f"  {tool:12} {phase:14}{what}{note}{lacks}", file=sys.stderr, flush=True)
