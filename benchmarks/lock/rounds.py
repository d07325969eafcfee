"""Several tools, in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import calls
from benchmarks.lock.executables import Installed
from benchmarks.lock.manifests import Manifest
from benchmarks.lock.phases import Contender, Phase
from benchmarks.lock.tools import Job
from benchmarks.runs import Run
from benchmarks.serving import Served, served

#: Told of every run: the tool's name, the phase, the run.
Listener = Callable[[str, Phase, Run], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is the same for all tools. `work` is where they work, a temporary folder if None.

    `counts_calls`: every phase is gone through once more, traced.
    """

    recording: Path
    environ: Mapping[str, str]
    python: str
    bound: float
    latency: float = 0.0
    work: Path | None = None
    record: bool = False
    server: str = "auto"
    counts_calls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The runs of all tools on one manifest, by tool and phase; `server` is who served."""

    manifest: Manifest
    server: str = ""
    runs: Mapping[tuple[str, Phase], list[Run]] = field(default_factory=dict)


@contextmanager
def contenders(
    setting: Setting, manifest: Manifest, tools: Sequence[Installed]
) -> Iterator[tuple[Served, list[Contender]]]:
    """Serve the recording, and have each tool ready in a folder of its own."""
    with (
        TemporaryDirectory(prefix="lockenv-bench-", ignore_cleanup_errors=True) as temporary,
        served(
            setting.recording,
            setting.environ,
            manifest=manifest.name,
            latency=setting.latency,
            record=setting.record,
            server=setting.server,
        ) as server,
    ):
        folder = (setting.work or Path(temporary)) / manifest.name
        job = Job(manifest=manifest, dependencies=manifest.dependencies, index=server.url, python=setting.python)
        yield (
            server,
            [Contender(tool, job, folder / tool.tool.name, server, bound=setting.bound) for tool in tools],
        )


def measured(
    setting: Setting,
    manifest: Manifest,
    tools: Sequence[Installed],
    *,
    phases: Sequence[Phase],
    rounds: int,
    tell: Listener,
) -> Figures:
    """Measure every tool in every phase, `rounds` times; each round begins with another tool."""
    runs: dict[tuple[str, Phase], list[Run]] = {}
    with contenders(setting, manifest, tools) as (server, ready):
        for number in range(rounds):
            first = number % len(ready)
            for contender in ready[first:] + ready[:first]:
                for phase in phases:
                    run = contender.run(phase)
                    runs.setdefault((contender.name, phase), []).append(run)
                    tell(contender.name, phase, run)
        if setting.counts_calls:
            calls.count(ready, phases, runs, tell=tell)
    return Figures(manifest=manifest, server=server.title, runs=runs)


def recorded(
    setting: Setting,
    manifest: Manifest,
    tool: Installed,
    *,
    phases: Sequence[Phase],
    passes: int,
    tell: Listener,
) -> bool:
    """Let a tool ask the recorder until it asks for nothing new; whether that came within `passes`."""
    for _ in range(passes):
        with contenders(setting, manifest, [tool]) as (_, (contender,)):
            for phase in phases:
                tell(contender.name, phase, contender.run(phase))
        if not contender.fetched:
            return True
    return False
