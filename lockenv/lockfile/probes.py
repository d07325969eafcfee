"""The Pythons at which a lock is judged: the lowest of each target, and those at which something may change.

A target stands for a span of versions. That its lock is right on all of them was the resolver's decision, so the
judge reads for itself which versions the lock and the metadata speak of, and looks at these as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from packaging.version import Version

from lockenv.targets import Target

#: A version as text, with the operator before it if there is one.
_COMPARED = re.compile(r"""([<>=!~]+)?\s*["']?(\d+\.\d+(?:\.\d+)?)""")
#: With these the truth changes at the version named; with others behind it as well.
_AT_IT = frozenset({"<", ">="})


def turns(texts: Iterable[str]) -> frozenset[Version]:
    """The versions at which markers or specifiers, as texts, may change their truth."""
    return frozenset(version for text in set(texts) for version in _turns(text))


def _turns(text: str) -> Iterator[Version]:
    full = "_full_version" in text or "implementation_version" in text
    for operator, found in _COMPARED.findall(text):
        major, minor, patch = (*map(int, found.split(".")), 0)[:3]
        yield Version(found)
        if operator not in _AT_IT:
            whole_minor = not full and found.count(".") == 1
            yield Version(f"{major}.{minor + 1}" if whole_minor else f"{major}.{minor}.{patch + 1}")


def probes(target: Target, versions: Iterable[Version]) -> Iterator[Target]:
    """The target, and its upper part from each of these versions on that lies within."""
    yield target
    for version in sorted(versions):
        if version != target.span.lowest and target.span.holds(version):
            yield target.since(version)
