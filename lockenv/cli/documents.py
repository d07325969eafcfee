"""What commands have done, as documents for machines (docs/reference/json.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lockenv.cli.locked import document as locked
from lockenv.plan import Install, Plan, Remove, Replace

if TYPE_CHECKING:
    from lockenv.operations.amendment import Edited
    from lockenv.operations.bring import Brought, Kept
    from lockenv.operations.foresee import Foreseen
    from lockenv.operations.init import Offer
    from lockenv.operations.wish import Synced
    from lockenv.plan import Step
    from lockenv.transaction.history import RolledBack

SCHEMA = 1


def synced(done: Synced, warnings: Sequence[str]) -> dict[str, object]:
    """What a sync did: `changed` is whether it had to do anything."""
    return {"schema": SCHEMA, **_synced(done), "warnings": list(warnings)}


def foreseen(found: Foreseen, warnings: Sequence[str]) -> dict[str, object]:
    """What a sync would do."""
    return {
        "schema": SCHEMA,
        "environment": found.env,
        "lock": found.lock,
        "python": found.python,
        "dry-run": True,
        "changes": _changes(found.plan),
        "warnings": list(warnings),
    }


def edited(done: Edited, warnings: Sequence[str]) -> dict[str, object]:
    """What `add` and `remove` did to env.toml, the lock and, unless it was left alone, the environment."""
    lock = locked(done.locked, ())
    return {
        "schema": SCHEMA,
        "path": done.path,
        "lines": [{"sign": line.sign, "text": line.text} for line in done.lines],
        "lock": {key: said for key, said in lock.items() if key not in {"schema", "warnings"}},
        "sync": _synced(done.synced) if done.synced is not None else None,
        "notes": list(done.notes),
        "warnings": list(warnings),
    }


def rolled_back(done: RolledBack, env: str, warnings: Sequence[str]) -> dict[str, object]:
    """From which generation to which one it went, and what that changed."""
    return {
        "schema": SCHEMA,
        "environment": env,
        "before": done.before,
        "after": done.after,
        "packages": done.packages,
        "changes": _changes(done.plan),
        "warnings": list(warnings),
    }


def begun(path: str, offers: Sequence[Offer]) -> dict[str, object]:
    """The env.toml that `init` wrote, and what lies there that could be brought in."""
    found = [{"files": list(offer.files), "environment": offer.env, "command": offer.command} for offer in offers]
    return {"schema": SCHEMA, "path": path, "offers": found}


def brought(done: Brought, kept: Kept | None, warnings: Sequence[str], *, dry_run: bool) -> dict[str, object]:
    """What `import` made of other tools' files, and what became of their versions if they were locked."""
    return {
        "schema": SCHEMA,
        "path": done.path,
        "written": done.text != done.before and not dry_run,
        "added": done.added,
        "text": done.text,
        "notes": list(done.draft.notes),
        "left-out": [
            {"where": problem.where, "message": problem.message, "hint": problem.hint}
            for problem in (*done.opposed, *done.draft.left_out)
        ],
        "lock": None if kept is None else _kept(kept),
        "warnings": list(warnings),
    }


def _kept(kept: Kept) -> dict[str, object]:
    moved = [{"name": name, "before": before, "after": after} for name, before, after in kept.moved]
    return {"path": kept.locked.path, "written": kept.locked.written, "kept": kept.kept, "moved": moved}


def _synced(done: Synced) -> dict[str, object]:
    return {
        "environment": done.env,
        "lock": done.lock,
        "changed": done.plan is not None,
        "reason": done.reason or None,
        "changes": [] if done.plan is None else _changes(done.plan),
        "startup": [{"file": one.file, "package": one.package, "known": one.known} for one in done.startup],
        "packages": done.packages,
        "digest": done.digest,
    }


def _changes(plan: Plan) -> list[dict[str, object]]:
    """Versions before and after; equal ones are of another file."""
    return [
        {
            "name": step.name,
            "before": None if isinstance(step, Install) else step.installed.version,
            "after": _after(step),
        }
        for step in plan.steps
    ]


def _after(step: Step) -> str | None:
    match step:
        case Remove():
            return None
        case Install(wanted=wanted) | Replace(wanted=wanted):
            return wanted.version
