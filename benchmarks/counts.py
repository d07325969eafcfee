"""What a server was asked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from http import HTTPStatus

from benchmarks.site import Kind


@dataclass(slots=True, kw_only=True)
class Counts:
    """What was asked. `sent` counts bytes, heads included; `cpu` is the server's own, in seconds.

    `connections` counts those on which something was asked for the first time.
    `unrecorded` names what was refused because the recording lacks it, `fetched` counts what was added to it.
    """

    pages: int = 0
    metadata: int = 0
    files: int = 0
    other: int = 0
    not_modified: int = 0
    not_found: int = 0
    connections: int = 0
    sent: int = 0
    fetched: int = 0
    unrecorded: list[str] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def requests(self) -> int:
        """All requests."""
        return self.pages + self.metadata + self.files + self.other

    def note(self, kind: Kind, status: int) -> None:
        """Count an answer."""
        match kind:
            case "page":
                self.pages += 1
            case "metadata":
                self.metadata += 1
            case "file":
                self.files += 1
            case "other":
                self.other += 1
        self.not_modified += status == HTTPStatus.NOT_MODIFIED
        self.not_found += status == HTTPStatus.NOT_FOUND

    def add(self, others: Counts) -> None:
        """Add what another server was asked."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(others, each.name))
