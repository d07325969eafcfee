"""Running commands in turn, and what that says."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import calls
from benchmarks.startup.commands import FLOOR, Command, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the runs of one command took, in seconds, and how that compares with the floor's.

    `calls` are the system calls of a further run; None where they were not counted.
    """

    command: Command
    seconds: tuple[float, ...]
    ratio: float
    calls: int | None = None

    @property
    def median(self) -> float:
        """The middle of them."""
        return statistics.median(self.seconds)

    @property
    def is_within_its_aim(self) -> bool | None:
        """Whether it takes no more than it may; None where nothing is said of it."""
        return None if self.command.aim is None else self.ratio <= self.command.aim


def measured(scene: Scene, rounds: int, *, counts_calls: bool = False) -> tuple[Figures, ...]:
    """Run all commands in each round, each round beginning with another one; a first round is not counted.

    With `counts_calls`, each is run once more in the end, traced.
    """
    taken: dict[Command, list[float]] = {command: [] for command in scene.commands}
    for number in range(rounds + 1):
        for command in _turned(scene.commands, number):
            seconds = _run(command, scene)
            if number:
                taken[command].append(seconds)
    figures = tuple(compared(taken))
    if counts_calls:
        figures = tuple(replace(each, calls=_calls(each.command, scene)) for each in figures)
    return figures


def compared(taken: Mapping[Command, Sequence[float]]) -> Iterator[Figures]:
    """Ratios of medians to that of the floor."""
    floor = next(statistics.median(seconds) for command, seconds in taken.items() if command.name == FLOOR)
    for command, seconds in taken.items():
        yield Figures(
            command=command, seconds=tuple(seconds), ratio=statistics.median(seconds) / floor if floor else 1.0
        )


def _turned(commands: Sequence[Command], number: int) -> list[Command]:
    first = number % len(commands)
    return [*commands[first:], *commands[:first]]


def _run(command: Command, scene: Scene) -> float:
    """What a whole process takes, from its start to its end. Raises `SystemExit` where it fails."""
    actions = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    here = os.getcwd()  # noqa: PTH109
    os.chdir(scene.folder)
    try:
        began = time.perf_counter()
        child = os.posix_spawn(command.words[0], command.words, dict(scene.environ), file_actions=actions)
        _, status = os.waitpid(child, 0)
        took = time.perf_counter() - began
    finally:
        os.chdir(here)
    if status:
        raise SystemExit(f"{command.name} failed: {os.waitstatus_to_exitcode(status)}")
    return took


def _calls(command: Command, scene: Scene) -> int | None:
    with TemporaryDirectory() as folder:
        result = Path(folder, "calls.txt")
        _run(replace(command, words=(*calls.tracing(result), *command.words)), scene)
        return calls.total(result)


def table(figures: Sequence[Figures]) -> str:
    """Write the figures, in milliseconds."""
    lines = [f"{'':20}{'median':>10}{'min':>10}{'max':>10}{'ratio':>8}{'aim':>8}{'calls':>8}"]
    for each in figures:
        times = (each.median, min(each.seconds), max(each.seconds))
        cells = "".join(f"{seconds * 1000:7.1f} ms" for seconds in times)
        aim = "" if each.command.aim is None else f"{each.command.aim:.1f}"
        counted = "" if each.calls is None else each.calls
        line = f"{each.command.name:20}{cells}{each.ratio:8.2f}{aim:>8}{counted:>8}{_mark(each)}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def _mark(figures: Figures) -> str:
    return "  too slow" if figures.is_within_its_aim is False else ""
