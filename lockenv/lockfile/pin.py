"""From a resolution to a lock: pins become packages with their artifacts (PEP 751)."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
)
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import Refused
from lockenv.lockfile.pylock import TOOL
from lockenv.markers.cover import Universe, cover
from lockenv.markers.space import Fork, Row, row_of
from lockenv.markers.text import environments
from lockenv.packages import IndexFile, NormalizedName, Origin
from lockenv.resolution.model import Pin, Resolution

#: Algorithms that a lock may rely on. Others are not written.
ALGORITHMS = ("sha512", "sha384", "sha256")


def pin(
    resolution: Resolution,
    *,
    requires_python: SpecifierSet,
    groups: Sequence[str],
    conflicts: Sequence[Sequence[str]] = (),
    standing: Mapping[str, tuple[str, ...]] | None = None,
    local: Mapping[str, str],
    tool: Mapping[str, Any],
    tables: Mapping[int, Mapping[str, Any]] | None = None,
) -> Pylock:
    """Make the lock of a resolution.

    `conflicts` are the sets of groups of which one at most is asked for, and `standing` gives for each of these
    groups itself and those that include it. `local` maps the URL of an index that is a folder beside the lock to
    its path relative to the lock, so that its files are locked by path; `tool` is the lock's own tool table, and
    `tables` what those of packages say besides, by their place among the pins. Raises `Refused` where a file that
    is needed has no hash.
    """
    rows = [row_of(cell.target, _fork(cell.fork, conflicts)) for cell in resolution.cells]
    markers = _markers(resolution.pins, Universe(rows, standing))
    more = [{**_gave_way(pinned, rows), **(tables or {}).get(n, {})} for n, pinned in enumerate(resolution.pins)]
    return Pylock(
        lock_version=Version("1.0"),
        environments=list(environments(rows, requires_python)),
        requires_python=requires_python if str(requires_python) else None,
        extras=[],
        dependency_groups=sorted(groups),
        created_by="lockenv",
        packages=[
            _package(pinned, marker, local, said)
            for pinned, marker, said in zip(resolution.pins, markers, more, strict=True)
        ],
        tool={TOOL: tool},
    )


def _fork(fork: frozenset[str], conflicts: Sequence[Sequence[str]]) -> Fork:
    """A choice among conflicting groups, said for each set of them: its member, or ''."""
    return tuple((tuple(members), next((each for each in members if each in fork), "")) for members in conflicts)


def _markers(pins: Sequence[Pin], universe: Universe) -> Iterator[Marker | None]:
    """The marker of each pin. The versions of one package are looked at together, so that they are disjoint."""
    for _, versions in itertools.groupby(pins, key=operator.attrgetter("name")):
        yield from universe.markers([pinned.reach for pinned in versions])


def _package(pinned: Pin, marker: Marker | None, local: Mapping[str, str], more: Mapping[str, Any]) -> Package:
    if pinned.origin is not None:
        return _sourced(pinned, pinned.origin, marker, more)
    wheels = [file for file in pinned.files if file.is_wheel]
    sdist = next((file for file in pinned.files if not file.is_wheel), None)
    folder = local.get(pinned.index)
    return Package(
        name=pinned.name,
        version=pinned.version,
        marker=marker,
        requires_python=SpecifierSet(pinned.requires_python) if pinned.requires_python else None,
        index=pinned.index if folder is None else None,
        sdist=PackageSdist(**_file(pinned.name, sdist, pinned.index, folder)) if sdist is not None else None,
        wheels=[PackageWheel(**_file(pinned.name, wheel, pinned.index, folder)) for wheel in wheels] or None,
        tool={TOOL: table} if (table := _table(pinned, more)) else None,
    )


def _sourced(pinned: Pin, origin: Origin, marker: Marker | None, more: Mapping[str, Any]) -> Package:
    """A package that comes from no index."""
    return Package(
        name=pinned.name,
        # PEP 751, `packages.version`: it must not be there where it may not be that of the code that is installed.
        version=None if isinstance(origin, PackageDirectory) else pinned.version,
        marker=marker,
        requires_python=SpecifierSet(pinned.requires_python) if pinned.requires_python else None,
        archive=origin if isinstance(origin, PackageArchive) else None,
        directory=origin if isinstance(origin, PackageDirectory) else None,
        vcs=origin if isinstance(origin, PackageVcs) else None,
        tool={TOOL: table} if (table := _table(pinned, more)) else None,
    )


def _table(pinned: Pin, more: Mapping[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    if pinned.direct:
        table["direct"] = True
    if pinned.extras:
        table["extras"] = list(pinned.extras)
    if pinned.requires:
        table["requires"] = list(pinned.requires)
    return {**table, **more}


def _gave_way(pinned: Pin, rows: Sequence[Row]) -> dict[str, Any]:
    """The versions that gave way to this one; with a marker, where they did so in a part of its cells only."""
    here = [rows[cell] for cell in pinned.cells]
    texts = []
    for version, cells in pinned.instead_of.items():
        on = [rows[cell] for cell in cells]
        marker = cover(on, [row for row in here if row not in on])
        texts.append(str(version) if marker is None else f"{version} ; {marker}")
    return {"instead-of": texts} if texts else {}


def _file(name: NormalizedName, file: IndexFile, index: str, folder: str | None) -> dict[str, Any]:
    hashes = {algorithm: digest for algorithm, digest in file.hashes if algorithm in ALGORITHMS}
    if not hashes:
        msg = f"the index gives no hash for {file.filename}, so {name} cannot be locked"
        raise Refused(msg, hint="use an index that publishes sha256 hashes (PEP 503)")
    where: dict[str, Any] = {"url": file.url}
    if folder is not None:
        # PEP 751: a path is a path, where the index's address spells `+` and `!` as a URL does.
        inside = unquote(file.url.removeprefix(index.rstrip("/") + "/"))
        where = {"path": f"{folder.rstrip('/')}/{inside}"}
    moment = datetime.fromisoformat(file.upload_time).astimezone(UTC) if file.upload_time else None
    return {"name": file.filename, "upload_time": moment, "size": file.size, "hashes": hashes, **where}
