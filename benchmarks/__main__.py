"""All benchmarks in one command, and what they come to as a page.

    python -m benchmarks --peers peers [--recordings DIR] [--rounds 5] [--write benchmarks/RESULTS.md]

It runs `benchmarks.startup`, `benchmarks.sync` and `benchmarks.lock` one after the other, and first records what
they need of the real index, as far as no recording has it. What they print is the page, below a few facts about
the machine; the page also says who was not there. Each has a README of its own that says what its figures mean.
Nothing else should run meanwhile. The exit status is 1 where a part could not be measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.arguments import add_server, add_strace
from benchmarks.executables import version_of
from benchmarks.lock import manifests
from benchmarks.lock.tools import TOOLS
from benchmarks.sync import sets
from benchmarks.sync.ways import WAYS

_BEGIN, _END = "<!-- begin results: written by `python -m benchmarks` -->", "<!-- end results -->"
_PARTS = ("startup", "sync", "sync-all", "lock", "lock-all")
_QUICK_SYNC: Final = ("uv", "lockenv", "fast", "unsettled")
_QUICK_LOCK: Final = ("uv", "lockenv")
_SMALL: Final = "small"  #: the set and the manifest that all tools are measured with

#: Runs a Python with these words; gives what it said, and its exit status.
Runner: TypeAlias = Callable[[Sequence[str]], tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of one benchmark, and the heading under which it stands. With `fine` as exit status it went well."""

    heading: str
    command: tuple[str, ...]
    fine: tuple[int, ...] = (0,)


def parts(asked: argparse.Namespace) -> Iterator[Part]:
    """What there is to run: the quick tools on everything, all of them on what is small."""
    rounds = ("--rounds", str(asked.rounds))
    counted = () if asked.strace else ("--no-strace",)
    if "startup" in asked.only:
        # It says by its status that an aim was missed, and so does its table.
        command = ("startup", "--rounds", str(8 * asked.rounds), *counted)
        yield Part(heading="Start-up", command=command, fine=(0, 1))
    how = (*rounds, *counted, "--server", asked.server, *_peers(asked))
    install = ("sync", "run", *_recording(asked, "sync"), *_place(asked), *how)
    chosen = _each("--set", asked.set)
    if "sync" in asked.only and (tools := _tools(asked, _QUICK_SYNC, WAYS)):
        yield Part(heading="Sync", command=(*install, *chosen, *tools))
        # There is nothing to fetch for the empty set.
        cold = ("--phase", "cold", "--latency", "30ms")
        distant = _each("--set", [name for name in asked.set or sets.known() if name != "empty"])
        if distant:
            yield Part(heading="Sync, cold, 30 ms away", command=(*install, *distant, *tools, *cold))
    if "sync-all" in asked.only and (not asked.tool or _tools(asked, (), WAYS)):
        yield Part(heading="Sync, all tools", command=(*install, "--set", _SMALL, *_tools(asked, (), WAYS)))
    resolve = ("lock", "run", *_recording(asked, "lock"), "--latency", "30ms", *how)
    if "lock" in asked.only and (tools := _tools(asked, _QUICK_LOCK, TOOLS)):
        command = (*resolve, *_each("--manifest", asked.manifest), *tools)
        yield Part(heading="Lock, 30 ms away", command=command)
    if "lock-all" in asked.only and (not asked.tool or _tools(asked, (), TOOLS)):
        command = (*resolve, "--manifest", _SMALL, *_tools(asked, (), TOOLS))
        yield Part(heading="Lock, all tools, 30 ms away", command=command)


def to_record(asked: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    """What has to be recorded first: what is asked for and in no recording, by those who are measured with it."""
    made = {path.parents[1].name for path in asked.recordings.glob("sync/projects/*/new/packages.json")}
    small, others = _lacking(asked, "sync", asked.set or sets.known(), made)
    record = ("sync", "record", *_recording(asked, "sync"), *_place(asked), *_peers(asked))
    if others:
        quick = _tools(asked, _QUICK_SYNC, WAYS, always=("lockenv",))
        yield (*record, *_each("--set", others), *quick)
    if small:
        yield (*record, "--set", _SMALL, *_tools(asked, (), WAYS, always=("lockenv",)))
    made = {path.stem for path in asked.recordings.glob("lock/asked/*.txt")}
    small, others = _lacking(asked, "lock", asked.manifest or manifests.known(), made)
    record = ("lock", "record", *_recording(asked, "lock"), *_peers(asked))
    if others:
        yield (*record, *_each("--manifest", others), *_tools(asked, _QUICK_LOCK, TOOLS))
    if small:
        yield (*record, "--manifest", _SMALL, *_tools(asked, (), TOOLS))


def _lacking(asked: argparse.Namespace, part: str, names: Iterable[str], made: set[str]) -> tuple[bool, list[str]]:
    """Whether what all tools are measured with is lacking, and which others are."""
    wanted = dict.fromkeys(names) if part in asked.only else {}
    with_all = f"{part}-all" in asked.only
    lacking = [name for name in wanted if Path(name).stem not in made and not (with_all and name == _SMALL)]
    return with_all and _SMALL not in made, lacking


def _recording(asked: argparse.Namespace, name: str) -> tuple[str, ...]:
    python = ("--python", asked.python) if name == "sync" else ()
    return ("--recording", str(asked.recordings / name), *python)


def _place(asked: argparse.Namespace) -> tuple[str, ...]:
    work = ("--work", str(asked.work)) if asked.work else ()
    return work if asked.disk is None else (*work, "--disk", str(asked.disk))


def _peers(asked: argparse.Namespace) -> tuple[str, ...]:
    return ("--peers", str(asked.peers)) if asked.peers else ()


def _tools(
    asked: argparse.Namespace, usual: Iterable[str], known: Iterable[str], always: Iterable[str] = ()
) -> list[str]:
    """The options that name tools: those that were asked for, as far as they are known, or the usual ones."""
    named = [name for name in asked.tool if name in known]
    return _each("--tool", dict.fromkeys([*always, *named]) if asked.tool else usual)


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def main(arguments: Sequence[str] | None = None, run: Runner | None = None) -> int:
    """Run the command line. `run` is how Python is run."""
    asked = _parser().parse_args(arguments)
    asked.only = asked.only or _PARTS
    run = run or _run
    for command in to_record(asked):
        print(f"# recording: {' '.join(command)}", file=sys.stderr)
        program, *words = command
        if run(("-m", f"benchmarks.{program}", *words))[1]:
            msg = "that could not be recorded; without the real index, --only startup can be measured"
            raise SystemExit(msg)
    sections, failed = [_facts(asked)], False
    for part in parts(asked):
        print(f"# {part.heading}", file=sys.stderr)
        program, *words = part.command
        told, status = run(("-m", f"benchmarks.{program}", *words))
        told = told.strip("\n")
        if status not in part.fine:
            failed = True
            told += f"\n\nThis ended with exit status {status}, and not all of it was measured."
        sections.append(f"## {part.heading}\n\n```text\n{told}\n```\n")
    page = "\n".join(sections)
    if asked.write is None:
        print(page)
    else:
        _write(asked.write, page)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=form)
    home = Path.home() / ".cache" / "lockenv-benchmarks"
    parser.add_argument("--recordings", type=Path, default=home, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="look for programs in DIR/NAME/bin first")
    parser.add_argument("--python", default="python3.12", help="of the environments (default: %(default)s)")
    memory = Path("/dev/shm")  # noqa: S108 - a disk in memory has the same speed for all
    work = memory if memory.is_dir() else None
    parser.add_argument("--work", type=Path, default=work, metavar="DIR", help="where the disk is made")
    parser.add_argument("--disk", type=int, metavar="GB", help="its size (default: what the tools need)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], help="of benchmarks.sync (default: all)")
    parser.add_argument("--manifest", action="append", default=[], help="of benchmarks.lock (default: all)")
    parser.add_argument("--tool", action="append", default=[], help="measure no other tools; may be repeated")
    parser.add_argument("--only", action="append", choices=_PARTS, help="run this part; may be repeated")
    add_server(parser)
    add_strace(parser)
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the page into FILE, between its two marks")
    return parser


def _run(words: Sequence[str]) -> tuple[str, int]:
    """Run a Python with these words, its words about progress on our stderr."""
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            said, _ = process.communicate()
        finally:
            process.terminate()  # should we be interrupted: it unmounts what it has mounted
    return said, process.returncode


def _facts(asked: argparse.Namespace) -> str:
    """What is to be known of the machine, without saying whose it is."""
    model = next((line.partition(": ")[2] for line in _lines("/proc/cpuinfo") if "model name" in line), "?")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    day = datetime.now(UTC).date()
    python = shutil.which(asked.python)
    environments = version_of(Path(python)) if python else asked.python
    return (
        f"Measured on {day} with {asked.rounds} rounds: {os.cpu_count()} processors ({model.strip()}), "
        f"{memory / (1 << 20):.0f} GiB, {platform.system()} {platform.release()}, CPython "
        f"{platform.python_version()} runs the benchmarks, "
        f"environments are of {environments}; the load was {os.getloadavg()[0]:.1f} in the beginning.\n"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _write(file: Path, page: str) -> None:
    text = file.read_text(encoding="utf-8") if file.exists() else f"{_BEGIN}\n{_END}\n"
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    file.write_text(f"{head}{_BEGIN}\n\n{page}\n{_END}{tail}", encoding="utf-8")
    print(f"wrote {file}", file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what runs is ended, too
    raise SystemExit(main())
