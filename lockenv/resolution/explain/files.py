"""Remedies where no file of a version fits: what costs least first, and to build it after what needs no build."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.explain.fates import Fate
from lockenv.resolution.explain.places import bounded
from lockenv.resolution.explain.scene import Scene

_FLOORS = {"glibc": "glibc", "musl": "musl", "macOS": "macos"}


def other_files(scene: Scene, name: NormalizedName, version: Version, fate: Fate) -> Iterator[str]:
    """What helps against the newest version's having no file that fits."""
    if _is_sourced(scene, name, version):
        yield from _marked_source(scene, name)
        return
    other = scene.or_another(name)
    found = list(_nearer(scene, fate, name)) or ([other.removeprefix(", or ")] if other else [])
    if fate.reason.endswith("the source may not be built"):
        found.insert(1, _built(scene, name, at_length=not found))
    if not found or found == [other.removeprefix(", or ")]:
        found.append(_other_targets(name, fate))
    first, *rest = found
    yield first if first in other else first + other
    yield from rest


def _other_targets(name: NormalizedName, fate: Fate) -> str:
    if pythons := re.match(r"wheels only for (C?Python [\d.]+(?: to [\d.]+)?)", fate.reason):
        return f"choose a `python` in env.toml that `{name}` has wheels for: {pythons[1]}"
    return f"choose platforms and Pythons in env.toml that `{name}` has wheels for"


def _nearer(scene: Scene, fate: Fate, name: NormalizedName) -> Iterator[str]:
    """What has it installed from a wheel wherever there is one."""
    yield from _floor(scene, name)
    if scene.place.python is not None and scene.place.whole_python:
        yield bounded(scene.place.python)
    elif marked := scene.elsewhere():
        yield marked
    if one := re.match(r"none for ([\w-]+),", fate.reason):
        yield f"leave {one[1]} out of `platforms` in [targets]"
    elif scene.place.narrower is not None and not scene.place.whole_python:
        yield scene.place.narrower


def _floor(scene: Scene, name: NormalizedName) -> Iterator[str]:
    """A newer system, where that would do on every target."""
    fates = scene.out_for(name, "files")
    found = [re.search(r"need (glibc|musl|macOS) (\d+)\.(\d+) or newer", fate.reason) for fate in fates]
    systems = {one[1] for one in found if one is not None}
    if None not in found and len(systems) == 1:
        highest = max((int(one[2]), int(one[3])) for one in found if one is not None)
        yield 'raise the floor in [targets]: `{} = "{}.{}"`'.format(_FLOORS[systems.pop()], *highest)


def _built(scene: Scene, name: NormalizedName, *, at_length: bool) -> str:
    allowed = sorted({*scene.account.provider.policy.allow_build, name})
    names = ", ".join(f'"{each}"' for each in allowed)
    built = f"let it be built: `[build] allow = [{names}]`"
    return f"{built}, or `lockenv lock --allow-build {name}`" if at_length else built


# -- what [sources] names ----------------------------------------------------------------------------------------


def _is_sourced(scene: Scene, name: NormalizedName, version: Version) -> bool:
    project = scene.account.provider.project(name)
    return project is not None and version in project.chosen


def _marked_source(scene: Scene, name: NormalizedName) -> Iterator[str]:
    """A wheel that the manifest names serves some targets: a marker leaves the others to the index."""
    if scene.place.elsewhere is not None:
        yield (
            f'give the source of `{name}` in [sources] `marker = "{scene.place.elsewhere}"`, so that an index '
            "serves the other targets"
        )
    else:
        yield f"choose platforms and Pythons that the file of `{name}` in [sources] is for, or another file"
