"""Remedies where there are versions in range, and none of them can be used: by why they are out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.packages import NormalizedName
from lockenv.resolution.candidates import python_specifier
from lockenv.resolution.explain.account import Account
from lockenv.resolution.explain.fates import Fate, fate_of
from lockenv.resolution.explain.places import Place

_FLOORS = {"glibc": "glibc", "musl": "musl", "macOS": "macos"}


def remedies(account: Account, place: Place) -> Iterator[str]:
    """A remedy for each package of which no version in range could be used, and for each reason."""
    for name in account.clash_names():
        fates = account.fates(name)
        newest: dict[str, tuple[Version, Fate]] = {}
        for version, fate in fates.items():
            if fate is not None:
                newest.setdefault(fate.why, (version, fate))
        if all(fates.values()):
            for version, fate in newest.values():
                yield from _remedy(account, name, version, fate, place)


def _remedy(account: Account, name: NormalizedName, version: Version, fate: Fate, place: Place) -> Iterator[str]:
    match fate.why:
        case "pre-release":
            yield from _pre_release(account, name, version)
        case "yanked":
            yield f'pin it with "{name}=={version}" if you must have a yanked version'
        case "cut-off":
            yield from _later(account, name)
        case "python":
            yield f"{_other_python(account, name, fate)}{_or_another(account, name)}"
        case "files":
            yield from _other_files(account, name, fate, place)
        case "dependency":
            yield from _source(fate)
        case "source":
            yield f"name a source of `{name}` for these targets as well, in [sources]"
        case "quarantine":
            yield f"do without `{name}` until the index lets it go"
        case "metadata" if other := _or_another(account, name):
            yield other.removeprefix(", or ")
        case _:
            return


def _pre_release(account: Account, name: NormalizedName, version: Version) -> Iterator[str]:
    if account.known.provider.policy.prereleases == "disallow":
        yield f'name one, such as "{name}>={version}", or take `prereleases = "disallow"` out of [resolution]'
    elif name in account.root_names():
        yield f'ask for "{name}>={version}" if a pre-release will do'
    else:
        yield f'add "{name}>={version}" to `dependencies` if a pre-release will do'


def _later(account: Account, name: NormalizedName) -> Iterator[str]:
    """The earliest cut-off that would let one of the versions in range in."""
    project = account.known.provider.project(name)
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


def _other_python(account: Account, name: NormalizedName, fate: Fate) -> str:
    """The Python that would do."""
    specifier = python_specifier(fate.reason.removeprefix("needs Python ")) or SpecifierSet()
    python = account.known.target.python
    missed = [clause for clause in specifier if not clause.contains(python, prereleases=True)]
    lower = [clause for clause in missed if clause.operator in {">", ">=", "~="}]
    if lower:
        return f'raise `python` in env.toml to ">={lower[0].version}"'
    return f'bound `python` in env.toml as {name} does, with "{",".join(map(str, missed))}"'


def _other_files(account: Account, name: NormalizedName, fate: Fate, place: Place) -> Iterator[str]:
    other = _or_another(account, name)
    if fate.reason.endswith("the source may not be built"):
        yield f'let it be built: `[build] allow = ["{name}"]`, or `lockenv lock --allow-build {name}`'
    elif floor := re.search(r"need (glibc|musl|macOS) (\S+) or newer", fate.reason):
        yield f'raise the floor in [targets]: `{_FLOORS[floor[1]]} = "{floor[2]}"`{other}'
    elif one := re.match(r"none for ([\w-]+),", fate.reason):
        yield f"leave {one[1]} out of `platforms` in [targets]{other}"
    elif place.narrower is not None:
        only = (
            f', or require "{name} ; {place.elsewhere}"'
            if place.elsewhere and name in account.root_names()
            else ""
        )
        yield f"{place.narrower}{only}{other}"
    else:
        yield f"choose platforms and Pythons in env.toml that `{name}` has wheels for{other}"


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


def _or_another(account: Account, name: NormalizedName) -> str:
    """The newest version out of the user's own range that could be used: what there is if the range gives way."""
    project = account.known.provider.project(name)
    if project is None or name not in account.root_names():
        return ""
    in_range = set(account.in_range(name))
    for version in project.versions:
        if version not in in_range and fate_of(account.known, name, version) is None:
            return f", or allow {name} {version}, which fits"
    return ""
