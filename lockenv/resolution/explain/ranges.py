"""Sets of versions in words: by the runs that they form in a project's listing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.version import Version

#: More runs than this are told by their ends and their number.
_MOST_RUNS = 3


def runs(versions: Iterable[Version], listed: Iterable[Version]) -> str:
    """Name a set of versions by the runs it forms in a listing: ``1.2 … 1.9 (7 versions), 2.0``."""
    wanted = set(versions)
    parts: list[list[Version]] = [[]]
    for version in sorted({*listed, *wanted}):
        if version in wanted:
            parts[-1].append(version)
        elif parts[-1]:
            parts.append([])
    parts = [part for part in parts if part]
    if len(parts) > _MOST_RUNS:
        return f"{parts[0][0]} … {parts[-1][-1]} ({len(wanted)} of the versions)"
    return ", ".join(map(_run, parts))


def _run(part: Sequence[Version]) -> str:
    if len(part) < 3:
        return ", ".join(map(str, part))
    return f"{part[0]} … {part[-1]} ({len(part)} versions)"
