"""From a resolution to a lock: pins become packages with their artifacts (PEP 751)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from packaging.markers import Marker
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lockenv.errors import Refused
from lockenv.graph import MAIN
from lockenv.lockfile.pylock import TOOL
from lockenv.markers.text import groups_marker, target_marker
from lockenv.packages import IndexFile, NormalizedName
from lockenv.resolution.model import Pin, Resolution

#: Algorithms that a lock may rely on. Others are not written.
ALGORITHMS = ("sha512", "sha384", "sha256")


def pin(
    resolution: Resolution,
    *,
    requires_python: SpecifierSet,
    groups: Sequence[str],
    local: Mapping[str, str],
    tool: Mapping[str, Any],
) -> Pylock:
    """Make the lock of a resolution.

    `local` maps the URL of an index that is a folder beside the lock to its path relative to the lock, so
    that its files are locked by path; `tool` is the lock's own tool table. Raises `Refused` where a file that
    is needed has no hash.
    """
    return Pylock(
        lock_version=Version("1.0"),
        environments=[
            target_marker(target, patches)
            for target, patches in zip(resolution.targets, resolution.slices, strict=True)
        ],
        requires_python=requires_python if str(requires_python) else None,
        extras=[],
        dependency_groups=sorted(groups),
        created_by="lockenv",
        packages=[_package(pinned, local) for pinned in resolution.pins],
        tool={TOOL: tool},
    )


def _package(pinned: Pin, local: Mapping[str, str]) -> Package:
    wheels = [file for file in pinned.files if file.is_wheel]
    sdist = next((file for file in pinned.files if not file.is_wheel), None)
    folder = local.get(pinned.index)
    return Package(
        name=pinned.name,
        version=pinned.version,
        marker=_marker(pinned),
        requires_python=SpecifierSet(pinned.requires_python) if pinned.requires_python else None,
        index=pinned.index if folder is None else None,
        sdist=PackageSdist(**_file(pinned.name, sdist, pinned.index, folder)) if sdist is not None else None,
        wheels=[PackageWheel(**_file(pinned.name, wheel, pinned.index, folder)) for wheel in wheels] or None,
        tool={TOOL: table} if (table := _table(pinned)) else None,
    )


def _marker(pinned: Pin) -> Marker | None:
    return None if MAIN in pinned.gates else groups_marker(pinned.gates)


def _table(pinned: Pin) -> dict[str, Any]:
    table: dict[str, Any] = {}
    if pinned.direct:
        table["direct"] = True
    if pinned.extras:
        table["extras"] = list(pinned.extras)
    if pinned.requires:
        table["requires"] = list(pinned.requires)
    return table


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
