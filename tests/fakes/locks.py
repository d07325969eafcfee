"""Locks made from an index in memory, as `lockenv lock` would make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from packaging.pylock import Pylock
from packaging.version import Version

from lockenv.graph import MAIN
from lockenv.lockfile import freshness, pylock
from lockenv.lockfile.judge import Claim
from lockenv.lockfile.pin import pin
from lockenv.manifest.model import Manifest
from lockenv.manifest.read import read
from lockenv.packages import NormalizedName
from lockenv.resolution.model import Held, Question, Resolution
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
    return resolve(question_of(manifest, target, preferences), fake_source(index))


def question_of(
    manifest: Manifest,
    target: Target | None = None,
    preferences: Mapping[NormalizedName, Version] | None = None,
) -> Question:
    """Ask for a manifest on one target."""
    return Question(
        targets=(target or linux_target(),),
        roots={MAIN: manifest.dependencies} | {group.name: group.requirements for group in manifest.groups},
        held=lambda target, fork: {name: Held(version=version) for name, version in (preferences or {}).items()},
    )


def lock_of(manifest: Manifest, index: FakeIndexData, target: Target | None = None) -> Pylock:
    """Lock a manifest against an index in memory; the lock was written and read back."""
    return lock_from(manifest, resolution_of(manifest, index, target))


def lock_from(manifest: Manifest, resolution: Resolution) -> Pylock:
    """Lock a resolution; the lock was written and read back."""
    lock = pin(
        resolution,
        requires_python=manifest.python,
        groups=[group.name for group in manifest.groups],
        local={},
        tool={"format": freshness.FORMAT, "manifest": freshness.digests(manifest)},
    )
    return pylock.read(pylock.write(lock))


def claim_of(manifest: Manifest, resolution: Resolution) -> Claim:
    """What the lock of a resolution has to answer."""
    roots = {MAIN: manifest.dependencies} | {group.name: group.requirements for group in manifest.groups}
    return Claim(targets=resolution.targets, roots=roots, evidence=resolution.evidence)
