"""Locks made from an index in memory, as `lockenv lock` would make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packaging.pylock import Pylock
from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.lockfile import freshness, pylock
from lockenv.lockfile.pin import pin
from lockenv.manifest.model import Manifest
from lockenv.manifest.read import read
from lockenv.packages import NormalizedName
from lockenv.resolution.model import Policy, Question, Resolution
from lockenv.resolution.resolve import resolve
from lockenv.targets import Target
from tests.fakes.source import fake_source, linux_target

FakeIndexData = Mapping[str, Mapping[str, Sequence[str] | Mapping[str, Any]]]


def manifest_of(
    dependencies: Sequence[str] = (), *, groups: Mapping[str, Sequence[str]] | None = None, more: str = ""
) -> Manifest:
    """Read a manifest made of these requirements; `more` is further TOML."""
    lines = ["[env]", 'python = ">=3.9"', f"dependencies = {list(dependencies)!r}", "[groups]"]
    lines += [f"{name} = {list(requirements)!r}" for name, requirements in (groups or {}).items()]
    return read("\n".join([*lines, more]))


def resolution_of(
    manifest: Manifest,
    index: FakeIndexData,
    target: Target | None = None,
    preferences: Mapping[NormalizedName, Version] | None = None,
) -> Resolution:
    """Resolve a manifest against an index in memory."""
    roots = {MAIN: manifest.dependencies} | {group.name: group.requirements for group in manifest.groups}
    question = Question(
        targets=(target or linux_target(),), roots=roots, policy=Policy(), preferences=preferences or {}
    )
    return resolve(question, fake_source(index))


def lock_of(manifest: Manifest, index: FakeIndexData, target: Target | None = None) -> Pylock:
    """Lock a manifest against an index in memory; the lock was written and read back."""
    lock = pin(
        resolution_of(manifest, index, target),
        requires_python=manifest.python,
        groups=[group.name for group in manifest.groups],
        local={},
        tool={"format": freshness.FORMAT, "manifest": freshness.digests(manifest)},
    )
    return pylock.read(pylock.write(lock))
