"""What became of a lock: for a person, and as a document for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockenv.cli.changes import show_changes
from lockenv.cli.screen import Screen, duration
from lockenv.operations.changes import Entry
from lockenv.operations.locked import Locked
from lockenv.operations.question import Upgrade
from lockenv.targets import Target, summary

SCHEMA = 1  #: of the JSON document


def show(screen: Screen, done: Locked, upgrade: Upgrade | None, *, seconds: float | None, verbose: bool) -> None:
    """Write what has changed and what is true now; `seconds` is None where more follows."""
    show_changed(screen, done, upgrade, verbose=verbose)
    screen.say(f"{verdict(done, upgrade)}{'' if seconds is None else f', {duration(seconds)}'}")


def show_changed(screen: Screen, done: Locked, upgrade: Upgrade | None = None, *, verbose: bool) -> None:
    """Write what has changed."""
    show_changes(screen, done.changes, first=done.first, everything=verbose)
    for host in () if done.first else done.hosts:
        screen.say(screen.change("+", f"host {host}"))
    moved = {change.name for change in done.changes}
    stays = upgrade.names - upgrade.exactly.keys() - moved & done.packages.keys() if upgrade is not None else ()
    for name in sorted(stays):
        versions = " and ".join(entry.told for entry in done.packages[name] if entry.version)
        if versions:
            screen.say(f"{name} stays at {versions}: nothing newer fits")
    held = [
        f"{name} {entry.version} (not {entry.instead_of[-1]})"
        for name, entries in done.packages.items()
        for entry in entries
        if entry.instead_of and name not in moved
    ]
    if done.written and held:
        screen.say(f"held back by others: {_listed(held)}")


def document(done: Locked, warnings: Sequence[str]) -> dict[str, object]:
    """The same for machines, with everything that the lock holds."""
    return {
        "schema": SCHEMA,
        "path": done.path,
        "written": done.written,
        "targets": [target.name for target in done.targets],
        "packages": [
            {"name": name, **_described(entry)} for name, entries in done.packages.items() for entry in entries
        ],
        "changes": [
            {
                "name": change.name,
                "before": [_described(entry) for entry in change.before],
                "after": [_described(entry) for entry in change.after],
                "cause": change.cause,
                "why": change.why,
            }
            for change in done.changes
        ],
        "hosts": list(done.hosts),
        "dropped": [{"target": each.target.name, "reason": each.reason} for each in done.dropped],
        "warnings": list(warnings),
    }


def _described(entry: Entry) -> dict[str, object]:
    described: dict[str, object] = {"version": entry.version or None, "marker": entry.marker}
    if entry.source:
        described["source"] = entry.source
    if entry.instead_of:
        described["instead-of"] = list(entry.instead_of)
    return described


def _listed(named: Sequence[str], most: int = 5) -> str:
    rest = [f"{len(named) - most} more"] if len(named) > most else []
    return ", ".join([*named[:most], *rest])


def verdict(done: Locked, upgrade: Upgrade | None = None) -> str:
    """Say in one line what is true now."""
    count = len(done.packages)
    packages = f"{'1 package' if count == 1 else f'{count} packages'} for {_targets(done)}"
    if done.written:
        anew = not done.changes and not done.first
        return f"{done.path} {'is written anew, all versions as before:' if anew else 'locks'} {packages}"
    if upgrade is not None and upgrade.asked:
        return f"{'nothing newer fits; ' if upgrade.everything else ''}{done.path} still locks {packages}"
    return f"{done.path} is up to date: {packages}"


def _targets(done: Locked) -> str:
    """What the lock is for; where some platforms lack some Pythons, the summary alone would say too much."""
    whole = summary(done.targets)
    pairs = _pairs(done.targets)
    platforms, pythons = ({pair[place] for pair in pairs} for place in (0, 1))
    if len(pairs) == len(platforms) * len(pythons):
        return whole
    return f"{len(pairs)} of {len(pairs | _pairs(done.uncovered))} targets ({whole})"


def _pairs(targets: Iterable[Target]) -> set[tuple[str, str]]:
    """Platforms and minors of Python; parts of a minor count as one."""
    return {(target.name.partition(", ")[0], target.variables["python_version"]) for target in targets}
