"""Whether a lock agrees with itself: the judge's question, asked of a lock that was not made just now.

What its packages require stands in the lock itself (`packages.tool.lockenv`). So a lock that was put together by a
merge, or edited, is found out without asking any index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from packaging.pylock import Package, Pylock

from lockenv.lockfile.judge import Claim, Evidence, faults
from lockenv.lockfile.pylock import tool_table
from lockenv.manifest.model import Manifest
from lockenv.packages import Metadata, NormalizedName, address, canonicalize_name
from lockenv.targets import Target


def contradictions(manifest: Manifest, lock: Pylock, targets: Sequence[Target]) -> tuple[str, ...]:
    """Say where packages of the lock do not fit together, or not to the manifest, on these targets.

    Each reason is given once, with the first target that it concerns.
    """
    claim = Claim(
        targets=tuple(targets),
        roots={"": manifest.dependencies, **{group.name: group.requirements for group in manifest.groups}},
        evidence=_evidence(lock),
        constraints=manifest.resolution.constraints,
        overrides=manifest.resolution.overrides,
        conflicts=tuple(map(tuple, tool_table(lock).get("conflicts", ()))),
        # Whether something may be built is asked by those who would build it.
        buildable=frozenset(package.name for package in lock.packages if package.sdist is not None),
    )
    found: dict[str, str] = {}
    for problem in faults(lock, claim):
        found.setdefault(problem.message, problem.where)
    return tuple(f"{message} ({where.removesuffix(', groups none')})" for message, where in found.items())


def _evidence(lock: Pylock) -> Evidence:
    """What each file's metadata say, as far as the lock tells."""
    found: dict[tuple[NormalizedName, str], Metadata] = {}
    for package in lock.packages:
        table = tool_table(package)
        metadata = Metadata(
            name=package.name,
            version=str(package.version or table.get("version", "")),
            requires_dist=tuple(table.get("requires", ())),
            provides_extra=tuple(map(canonicalize_name, table.get("extras", ()))),
        )
        for name in _names(package):
            found[package.name, name] = metadata
    return found


def _names(package: Package) -> Iterator[str]:
    """The names by which the judge asks for what a package's files say."""
    yield from (wheel.filename for wheel in package.wheels or ())
    if package.sdist is not None:
        yield package.sdist.filename
    if (origin := package.archive or package.vcs or package.directory) is not None:
        yield address(origin)
        path = origin.path or urlsplit(getattr(origin, "url", None) or "").path
        if path:
            yield path.rpartition("/")[2]
    else:
        # Where no file fits, the judge says so; nobody has read anything.
        yield ""
