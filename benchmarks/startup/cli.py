"""The command line: `python -m benchmarks.startup`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import calls
from benchmarks.arguments import add_strace
from benchmarks.startup.commands import scene
from benchmarks.startup.rounds import measured, table

_ABOUT = """Measure how long commands take that have next to nothing to do.

A copy of lockenv is installed into an environment of its own, and a small project is locked and synced, all of it
on loopback. Then the commands take turns. Figures are those of whole processes; the ratio is that of a command's
median to that of `python -c pass`, with the same Python. Exit status 1 if one takes longer than it may."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=_ABOUT, formatter_class=form)
    parser.add_argument("--rounds", type=int, default=40, help="how often each is run (default: %(default)s)")
    parser.add_argument("--packages", type=int, default=20, help="of the project (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    add_strace(parser)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        made = scene(Path(folder), packages=asked.packages)
        figures = measured(made, asked.rounds, counts_calls=asked.strace and calls.can_count())
    print(table(figures))
    if asked.json is not None:
        rows = [{"name": each.command.name, "median": each.median, **asdict(each)} for each in figures]
        asked.json.write_text(json.dumps({"schema": 1, "commands": rows}, indent=1) + "\n", encoding="utf-8")
    if any(each.is_within_its_aim is False for each in figures):
        raise SystemExit(1)
