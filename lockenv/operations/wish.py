"""What is asked of a sync, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lockenv.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What of the lock is asked for. `seed` adds pip; `allow_build` are packages whose build may run."""

    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    all_groups: bool = False
    seed: bool = False
    allow_build: tuple[str, ...] = ()

    @property
    def selection(self) -> tuple[str, ...]:
        """The wish in the form that the environment's record keeps."""
        groups = ["all groups"] if self.all_groups else [f"group {name}" for name in sorted(set(self.groups))]
        extras = [f"extra {name}" for name in sorted(set(self.extras))]
        return (*groups, *extras, "seed") if self.seed else (*groups, *extras)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What `sync` did. `plan` is None where nothing had to be done, `reason` why the environment was made anew."""

    env: str
    lock: str
    packages: int
    plan: Plan | None = None
    reason: str | None = None
