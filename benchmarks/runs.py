"""What one run of a tool took, and how it ended. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from benchmarks.counts import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of a tool took. `peak` in MB. `digest` is of the lock it left; `note` says what went wrong.

    `calls` are system calls, as `benchmarks.calls` counted them in another run of the kind; None if nobody did.
    """

    outcome: Literal["done", "over", "failed", "not run"]
    seconds: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    counts: Counts = field(default_factory=Counts)
    packages: int = 0
    digest: str = ""
    note: str = ""
    calls: int | None = None

    @property
    def as_json(self) -> dict[str, Any]:
        """All that is known of it, for other programs."""
        return {**asdict(self), "counts": {"requests": self.counts.requests, **asdict(self.counts)}}
