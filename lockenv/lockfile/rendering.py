"""A lock as lines that a person compares: what `git diff` shows of it.

One line a package, and one for each thing of the whole lock that a reviewer must not overlook. The files of a
package are one short digest: another hash at the same version changes the line.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator

from packaging.pylock import Pylock

from lockenv.lockfile.diff import Item, side_of
from lockenv.packages import NormalizedName

_SHOWN = 12  #: characters of a digest


def rendered(lock: Pylock) -> Iterator[str]:
    """Write a lock, anyone's, as lines: the same lock always gives the same ones."""
    side = side_of(lock)
    yield f"python {side.python or 'any'}"
    yield from (f"for {marker}" for marker in sorted(side.environments or ()))
    yield from (f"group {group}" for group in sorted(side.groups or ()))
    yield from (f"host {host}" for host in sorted(side.hosts or ()))
    indexes = sorted({item.index for item in itertools.chain(*side.items.values()) if item.index})
    yield from (f"index {index}" for index in indexes)
    for name, items in side.items.items():
        yield from (_line(name, item, several=len(indexes) > 1) for item in items)


def _line(name: NormalizedName, item: Item, *, several: bool) -> str:
    where = f" ; {item.marker}" if item.marker else ""
    origin = f" from {item.index}" if several and item.index else ""
    return f"{name} {item.told}{where}{origin}{_files(item)}"


def _files(item: Item) -> str:
    if not item.files:
        return ""
    text = "\n".join(f"{name} {sorted(hashes.items())}" for name, hashes in sorted(item.files.items()))
    count = "1 file" if len(item.files) == 1 else f"{len(item.files)} files"
    return f" ({count}, {hashlib.sha256(text.encode()).hexdigest()[:_SHOWN]})"
