"""Remedies where versions are in range and cannot be used: by why they are out.

What gives the newest versions comes first, and alone: to build what a release of ten years ago needs is of no use
to anybody where the newest one lacks just a wheel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.fates import Fate
from lockenv.resolution.explain.files import other_files
from lockenv.resolution.explain.pythons import other_python
from lockenv.resolution.explain.scene import Scene, finals_first


def remedies(scene: Scene) -> Iterator[str]:
    """A remedy for each reason for which the newest versions cannot be used."""
    ages = scene.account.ages()
    # Where the newest dead end cannot be mended, to mend an older one does not help either.
    best = min((ages.get(name, 0) for name in scene.account.clash_names()), default=0)
    for name in sorted(scene.account.names(), key=lambda each: ages.get(each, 0)):
        if ages.get(name, 0) > best:
            return
        found = [
            remedy
            for version, fate in _worth_mending(scene.account, name)
            for remedy in _remedy(scene, name, version, fate)
        ]
        if found:
            best = ages.get(name, 0)
            # What names nothing that would do comes last.
            yield from sorted(found, key=lambda remedy: remedy.startswith("choose "))


def _worth_mending(account: Account, name: NormalizedName) -> list[tuple[Version, Fate]]:
    """The newest version of each kind of reason, where that is what stands in the way.

    That is so where no version can be used at all, and where versions are out that come before all those of which
    it is told what they require.
    """
    fates = [(version, fate) for version, fate in account.fates(name).items() if fate is not None]
    if name not in account.clash_names():
        newest = account.newest_requiring(name)
        fates = [
            (version, fate)
            for version, fate in fates
            if fate.why in {"python", "files"}
            and newest is not None
            and version > newest
            and not version.is_prerelease
        ]
    elif not account.none_usable(name):
        return []
    found: dict[str, tuple[Version, Fate]] = {}
    for version, fate in finals_first(fates):
        found.setdefault(fate.why, (version, fate))
    return sorted(found.values(), key=lambda each: each[0], reverse=True)


def _remedy(scene: Scene, name: NormalizedName, version: Version, fate: Fate) -> Iterator[str]:
    account = scene.account
    match fate.why:
        case "pre-release":
            yield from _pre_release(account, name, version)
        case "yanked":
            yield f'pin it with "{name}=={version}" if you must have a yanked version'
        case "cut-off":
            yield from _later(account, name)
        case "python":
            yield from other_python(scene, name)
        case "files":
            yield from other_files(scene, name, version, fate)
        case "dependency":
            yield from _source(fate)
        case "source":
            yield f"name a source of `{name}` for these targets as well, in [sources]"
        case "quarantine":
            yield f"do without `{name}` until the index lets it go"
        case _ if other := scene.or_another(name):
            yield other.removeprefix(", or ")
        case _:
            return


def _pre_release(account: Account, name: NormalizedName, version: Version) -> Iterator[str]:
    if account.provider.policy.prereleases == "disallow":
        yield f'name one, such as "{name}>={version}", or take `prereleases = "disallow"` out of [resolution]'
    elif name in account.root_names():
        yield f'ask for "{name}>={version}" if a pre-release will do'
    else:
        yield f'add "{name}>={version}" to `dependencies` if a pre-release will do'


def _later(account: Account, name: NormalizedName) -> Iterator[str]:
    """The earliest cut-off that would let one of the versions in range in."""
    project = account.provider.project(name)
    times = {
        file.upload_time: version
        for version in account.in_range(name)
        for file in (project.releases[version].files if project is not None else ())
        if file.upload_time is not None
    }
    if times:
        first = min(times)
        yield (
            f"{name} {times[first]} was published on {first[:10]}: move `exclude-newer` past that day, "
            f"or say `exclude-newer-package = {{ {name} = false }}`"
        )
    else:
        yield "if you trust an index that publishes no times, say `upload-times = false` of it in [[index]]"


def _source(fate: Fate) -> Iterator[str]:
    """A URL that a package of an index asks for has to be named in the manifest."""
    found = re.search(r"it depends on (\S+?)(?:\[\S*\])? ?@ ?(\S+?),? ", fate.reason)
    if found:
        yield f"if you trust it, name it in env.toml: `[sources] {found[1]} = {{ {_as_source(found[2])} }}`"


def _as_source(url: str) -> str:
    """A URL as a requirement has it, written as a manifest does."""
    if not url.startswith("git+"):
        return f'url = "{url}"'
    address, at, revision = url.removeprefix("git+").partition("#")[0].rpartition("@")
    if not at or "/" not in address.partition("://")[2]:
        return f'git = "{url.removeprefix("git+").partition("#")[0]}"'
    return f'git = "{address}", rev = "{revision}"'
