"""The command line: `python -m benchmarks.lock record | run | serve`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from benchmarks import calls
from benchmarks.arguments import add_server, add_strace, seconds
from benchmarks.lock import manifests, report
from benchmarks.lock.executables import Installed, find, titles
from benchmarks.lock.phases import PHASES, Phase
from benchmarks.lock.rounds import Setting, measured, recorded
from benchmarks.lock.tools import TOOLS
from benchmarks.recording import Recording
from benchmarks.runs import Run
from benchmarks.serving import serve
from benchmarks.upstream import Upstream

_ABOUT = """Lock real manifests with several tools, from one recording of an index, on loopback.

  record  let the tools ask the real index through a recorder, until nothing new is asked for
  run     let the tools lock from the recording, and show what that took
  serve   serve a recording, to try things by hand

benchmarks/lock/README.md says what the figures mean."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    asked = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what runs is ended, too
    asked.act(asked)


def parser() -> argparse.ArgumentParser:
    """What can be asked for."""
    form = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(prog="python -m benchmarks.lock", description=_ABOUT, formatter_class=form)
    commands = top.add_subparsers(required=True, metavar="record | run | serve")

    record_ = commands.add_parser("record", help="add to a recording", description=_record.__doc__)
    _add_choices(record_, bound=600.0)
    record_.add_argument("--before", type=_date, help="leave out files uploaded later (new recordings only)")
    record_.add_argument("--passes", type=int, default=3, help="how often a tool may ask (default: %(default)s)")
    record_.set_defaults(act=_record)

    run_ = commands.add_parser("run", help="measure", description=_run.__doc__)
    _add_choices(run_, bound=120.0)
    run_.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: %(default)s)")
    run_.add_argument("--reference", default="uv", help="whose medians are 1.00 (default: %(default)s)")
    add_server(run_)
    add_strace(run_)
    run_.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    run_.set_defaults(act=_run)

    serve_ = commands.add_parser("serve", help="serve a recording", description=_serve.__doc__)
    _add_recording(serve_)
    serve_.add_argument("--manifest", default="", metavar="NAME", help="have its pages ready before saying so")
    serve_.add_argument("--port", type=int, default=0, help="default: any that is free")
    serve_.add_argument("--record", action="store_true", help="fetch from the real index what is missing")
    add_server(serve_)
    serve_.add_argument("--tied", action="store_true", help="stop when standard input ends")
    serve_.set_defaults(act=_serve)
    return top


def _add_recording(to: argparse.ArgumentParser) -> None:
    default = platformdirs.user_cache_path("lockenv-benchmarks") / "recording"
    to.add_argument("--recording", type=Path, default=default, metavar="DIR", help="default: %(default)s")
    to.add_argument(
        "--latency",
        type=seconds,
        default=0.0,
        metavar="30ms",
        help="wait so long before each answer (default: 0)",
    )


def _add_choices(to: argparse.ArgumentParser, *, bound: float) -> None:
    _add_recording(to)
    to.add_argument(
        "--manifest",
        action="append",
        default=[],
        metavar="NAME",
        help=f"one of {', '.join(manifests.known())}, or the path of a .toml; may be repeated (default: all)",
    )
    to.add_argument(
        "--tool",
        action="append",
        default=[],
        metavar="NAME[=PATH]",
        help=f"one of {', '.join(TOOLS)}, and where its program is; may be repeated (default: all that are found)",
    )
    to.add_argument(
        "--peers", type=Path, metavar="DIR", help="look for tools in DIR/NAME/bin first: environments of their own"
    )
    to.add_argument("--phase", action="append", choices=PHASES, help="may be repeated (default: all)")
    to.add_argument(
        "--bound", type=float, default=bound, help="seconds that a run may take (default: %(default)g)"
    )
    to.add_argument("--python", default=sys.executable, help="the interpreter of the projects (default: this one)")
    to.add_argument("--work", type=Path, metavar="DIR", help="keep projects, caches and logs there")


def _date(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no date; write 2026-11-01 or 2026-11-01T12:00:00+00:00"
        raise argparse.ArgumentTypeError(msg) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _setting(asked: argparse.Namespace, *, record: bool) -> Setting:
    return Setting(
        recording=asked.recording.absolute(),
        environ=os.environ,
        python=str(Path(asked.python).absolute()),
        bound=asked.bound,
        latency=asked.latency,
        work=asked.work and asked.work.absolute(),
        record=record,
        server="own" if record else asked.server,
        counts_calls=not record and asked.strace and calls.can_count(),
    )


def _tools(asked: argparse.Namespace) -> list[Installed]:
    found, missing = find(asked.tool, asked.peers)
    print("".join(f"{line}\n" for line in missing), end="", flush=True)
    if not found:
        msg = "there is no tool to run; name one with --tool NAME=PATH"
        raise SystemExit(msg)
    return found


def _phases(asked: argparse.Namespace) -> tuple[Phase, ...]:
    return tuple(phase for phase in PHASES if not asked.phase or phase in asked.phase)


def _tell(tool: str, phase: Phase, run: Run) -> None:
    counts = run.counts
    asked = f"{counts.pages} pages, {counts.metadata} metadata, {counts.files} files, {counts.fetched} new"
    what = f"{run.seconds:8.2f} s, {asked}" if run.outcome != "not run" else ""
    what = what if run.calls is None else f"{run.calls:8} system calls"
    note = f" {run.outcome}: {run.note}" if run.note else ""
    lacks = f" !! {len(counts.unrecorded)} not in the recording" if counts.unrecorded else ""
    print(f"  {tool:8} {phase:12}{what}{note}{lacks}", file=sys.stderr, flush=True)


def _record(asked: argparse.Namespace) -> None:
    """Let each tool lock each manifest through a recorder, which fetches from the real index what the recording
    lacks. What is once recorded is never asked for again, and stays as it is."""
    Recording(asked.recording, moment=asked.before)
    setting = _setting(asked, record=True)
    tools = _tools(asked)
    restless = []
    for manifest in manifests.named(asked.manifest):
        print(manifest.name, file=sys.stderr)
        for tool in tools:
            done = recorded(setting, manifest, tool, phases=_phases(asked), passes=asked.passes, tell=_tell)
            restless += [] if done else [f"{manifest.name}, {tool.tool.name}"]
    print(f"recorded in {asked.recording}")
    if restless:
        print(f"asked for something new in every pass; record again: {'; '.join(restless)}")


def _run(asked: argparse.Namespace) -> None:
    """Measure each tool on each manifest, in turns, from a recording. Nothing is asked of the real index."""
    if not (asked.recording / "recording.json").is_file():
        msg = f"there is no recording in {asked.recording}; make one with `python -m benchmarks.lock record`"
        raise SystemExit(msg)
    setting = _setting(asked, record=False)
    moment = Recording(asked.recording).moment.isoformat()
    tools = _tools(asked)
    named = titles(tools)
    every = []
    for manifest in manifests.named(asked.manifest):
        print(manifest.name, file=sys.stderr)
        figures = measured(setting, manifest, tools, phases=_phases(asked), rounds=asked.rounds, tell=_tell)
        every.append(figures)
        reference = asked.reference if asked.reference in named else next(iter(named))
        print(f"\n{manifest.name}: {', '.join(manifest.dependencies)}")
        about = f"Python {manifest.python}; {', '.join(manifest.platforms)}"
        print(f"{about}; {asked.rounds} rounds, latency {asked.latency * 1000:g} ms, {figures.server}")
        print(report.table(figures, named, reference=reference, bound=asked.bound))
        print("".join(f"  {note}\n" for note in report.notes(figures)), flush=True)
    if asked.json:
        facts = {"moment": moment, "latency": asked.latency, "bound": asked.bound, "rounds": asked.rounds}
        facts |= {"cpus": os.cpu_count(), "python": platform.python_version()}
        asked.json.write_text(json.dumps(report.as_json(every, named, **facts), indent=1) + "\n", encoding="utf-8")


def _serve(asked: argparse.Namespace) -> None:
    """Serve a recording until interrupted. The address is printed; the index is at /simple/."""
    recording = Recording(asked.recording)
    fetch = Upstream(recording, os.environ).fetch if asked.record else None
    try:
        asyncio.run(
            serve(
                recording,
                asked.manifest,
                port=asked.port,
                latency=asked.latency,
                fetch=fetch,
                tied=asked.tied,
                server=asked.server,
            )
        )
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
