"""Locks that follow one another: a manifest that changes, over an index that may, each lock made from the last.

A file has `index` and whatever else a scenario of `test_resolution` has, which holds for all of its `steps` unless
one says otherwise. A step may have `published` (releases that are new, or new in something) and `gone` (releases
that are no more), `upgrade` (packages that are to move; "all" for no old lock at all), and expects `expect`,
`same-as` (the number of the step, from 0, whose very bytes come again), `moved` (the packages that differ from
the step before; no others do), `instead-of` (versions that are remembered), `warning`, `dropped` or `error`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

from lockenv.errors import ResolutionImpossible
from lockenv.lockfile import pylock
from lockenv.lockfile.pylock import tool_table
from lockenv.packages import canonicalize_name
from lockenv.resolution.model import Resolution
from lockenv.resolution.resolve import resolve
from tests.scenarios.cases import entries, expected, kept, lock_of, question, source_of

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.toml"))


def read(path: Path) -> list[dict[str, Any]]:
    """The steps, each a whole case; the index is that of its time."""
    history = tomllib.loads(path.read_text(encoding="utf-8"))
    assert history.pop("description").endswith("."), "a history says in a sentence what it shows"
    index, steps = history["index"], []
    for step in history.pop("steps"):
        index = changed(index, step)
        steps.append(history | step | {"index": index})
    return steps


def changed(index: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
    names = [*index, *(name for name in step.get("published", {}) if name not in index)]
    releases = {name: {**index.get(name, {}), **step.get("published", {}).get(name, {})} for name in names}
    for gone in step.get("gone", ()):
        name, version = gone.split()
        del releases[name][version]
    return releases


def resolved(step: dict[str, Any], before: Pylock | None) -> tuple[Pylock, Resolution]:
    source, upgrade = source_of(step), step.get("upgrade", ())
    held = None
    if before is not None and upgrade != "all":
        held = kept(step, before, frozenset(map(canonicalize_name, upgrade)))
    asked = question(step, held)
    resolution = resolve(asked, source)
    return lock_of(step, asked, resolution, source), resolution


def moved(before: Pylock, after: Pylock) -> list[str]:
    """The packages that both locks hold at different versions, or for different places."""
    one, other = entries(before), entries(after)
    return sorted(name for name in one.keys() & other.keys() if one[name] != other[name])


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_history(path: Path) -> None:
    locks: list[Pylock] = []
    for step in read(path):
        before = locks[-1] if locks else None
        if "error" in step:
            with pytest.raises(ResolutionImpossible) as caught:
                resolved(step, before)
            told = "\n".join([caught.value.message, *caught.value.details])
            assert all(line in told for line in step["error"]), told
            continue
        lock, resolution = resolved(step, before)
        check(step, lock, resolution)
        if "same-as" in step:
            assert pylock.write(lock) == pylock.write(locks[step["same-as"]])
        if "moved" in step:
            assert before is not None
            assert moved(before, lock) == step["moved"]
        locks.append(lock)


def check(step: dict[str, Any], lock: Pylock, resolution: Resolution) -> None:
    assert "expect" in step or "same-as" in step, "a step expects something"
    if "expect" in step:
        assert entries(lock) == expected(step["expect"])
    tables = [(package.name, tool_table(package)) for package in lock.packages]
    remembered = {name: table["instead-of"] for name, table in tables if "instead-of" in table}
    assert remembered == step.get("instead-of", {})
    warnings = [step["warning"]] if "warning" in step else []
    assert len(resolution.warnings) == len(warnings), resolution.warnings
    assert all(said in told for said, told in zip(warnings, resolution.warnings, strict=True))
    assert [each.target.name for each in resolution.dropped] == step.get("dropped", [])


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_locking_once_more_changes_nothing_at_any_step(path: Path) -> None:
    before = None
    for step in read(path):
        if "error" in step:
            continue
        lock, _ = resolved(step, before)
        again, _ = resolved(step | {"upgrade": []}, lock)
        assert pylock.write(again) == pylock.write(lock)
        before = lock
