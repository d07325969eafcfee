"""All benchmarks in one command, and what they come to as a page.

    python -m benchmarks --peers peers [--recordings DIR] [--rounds 5] [--write benchmarks/RESULTS.md]

It runs `benchmarks.startup`, `benchmarks.sync` and `benchmarks.lock` one after the other, and records what they
need of the real index where there is no recording yet. What they print is the page, below a few facts about the
machine. Each has a README of its own that says what its figures mean. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_BEGIN, _END = "<!-- begin results: written by `python -m benchmarks` -->", "<!-- end results -->"
_PARTS = ("startup", "sync", "sync-all", "lock", "lock-all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run of one benchmark, and the heading under which it stands."""

    heading: str
    command: tuple[str, ...]


def parts(asked: argparse.Namespace) -> Iterator[Part]:
    """What there is to run: the quick tools on everything, all of them on what is small."""
    rounds = ("--rounds", str(asked.rounds))
    peers = ("--peers", str(asked.peers)) if asked.peers else ()
    if "startup" in asked.only:
        yield Part(heading="Start-up", command=("startup", "--rounds", str(8 * asked.rounds)))
    recording = ("--recording", str(asked.recordings / "sync"), "--python", asked.python)
    disk = ("--work", str(asked.work), "--disk", str(asked.disk))
    install = ("sync", "run", *recording, *disk, *peers, *rounds)
    sets = _each("--set", asked.set)
    if "sync" in asked.only:
        quick = _each("--tool", ("uv", "lockenv", "fast", "unsettled"))
        yield Part(heading="Sync", command=(*install, *sets, *quick))
        cold = ("--phase", "cold", "--latency", "30ms")
        yield Part(heading="Sync, cold, 30 ms away", command=(*install, *sets, *quick, *cold))
    if "sync-all" in asked.only:
        yield Part(heading="Sync, all tools", command=(*install, "--set", "small"))
    resolve = ("lock", "run", "--recording", str(asked.recordings / "lock"), "--latency", "30ms", *peers, *rounds)
    if "lock" in asked.only:
        quick = _each("--tool", ("uv", "lockenv"))
        yield Part(heading="Lock, 30 ms away", command=(*resolve, *_each("--manifest", asked.manifest), *quick))
    if "lock-all" in asked.only:
        yield Part(heading="Lock, all tools, 30 ms away", command=(*resolve, "--manifest", "small"))


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    asked = _parser().parse_args(arguments)
    asked.only = asked.only or _PARTS
    for name in ("sync", "lock"):
        if not (asked.recordings / name).is_dir():
            print(f"# recording for {name}", file=sys.stderr)
            _run(("-m", f"benchmarks.{name}", "record", "--recording", str(asked.recordings / name)))
    sections = [_facts(asked)]
    for part in parts(asked):
        print(f"# {part.heading}", file=sys.stderr)
        program, *words = part.command
        told = _run(("-m", f"benchmarks.{program}", *words))
        sections.append(f"## {part.heading}\n\n```text\n{told.strip()}\n```\n")
    page = "\n".join(sections)
    if asked.write is None:
        print(page)
    else:
        _write(asked.write, page)
    return 0


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, formatter_class=form)
    home = Path.home() / ".cache" / "lockenv-benchmarks"
    parser.add_argument("--recordings", type=Path, default=home, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="look for programs in DIR/NAME/bin first")
    parser.add_argument("--python", default="python3.12", help="of the environments (default: %(default)s)")
    memory = Path("/dev/shm")  # noqa: S108 - a disk in memory has the same speed for all
    parser.add_argument("--work", type=Path, default=memory, metavar="DIR", help="where the disk is made")
    parser.add_argument("--disk", type=int, default=8, metavar="GB", help="its size (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--set", action="append", default=[], help="of benchmarks.sync (default: all)")
    parser.add_argument("--manifest", action="append", default=[], help="of benchmarks.lock (default: all)")
    parser.add_argument("--only", action="append", choices=_PARTS, help="run this part; may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the page into FILE, between its two marks")
    return parser


def _run(words: Sequence[str]) -> str:
    """Run a Python with these words, its words about progress on our stderr; give what it says."""
    done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, text=True, check=False)
    # `benchmarks.startup` says by its status that an aim was missed, and so does its table.
    if done.returncode not in {0, 1}:
        raise SystemExit(done.returncode)
    return done.stdout


def _facts(asked: argparse.Namespace) -> str:
    """What is to be known of the machine, without saying whose it is."""
    model = next((line.partition(": ")[2] for line in _lines("/proc/cpuinfo") if "model name" in line), "?")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if "MemTotal" in line), 0)
    day = datetime.now(UTC).date()
    return (
        f"Measured on {day} with {asked.rounds} rounds: {os.cpu_count()} processors ({model.strip()}), "
        f"{memory / (1 << 20):.0f} GiB, {platform.system()} {platform.release()}, CPython "
        f"{platform.python_version()} for lockenv; the load was {os.getloadavg()[0]:.1f} in the beginning.\n"
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
    raise SystemExit(main())
