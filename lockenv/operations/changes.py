"""What a new lock changes: packages that come, go, or move, over all targets together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from packaging.version import InvalidVersion, Version

from lockenv.lockfile.pylock import tool_table
from lockenv.operations.question import Upgrade
from lockenv.operations.reasons import Cause, Reasons
from lockenv.packages import NormalizedName
from lockenv.values import dataclass

if TYPE_CHECKING:
    from packaging.pylock import Package, Pylock


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A package of a lock at one version, and where it counts, as a marker's text ('' for everywhere).

    `version` is as PEP 440 writes it; a package from a folder has none. `source` says where it comes from if that
    is a folder, or a commit of a repository. `direct` packages are named by the manifest. `instead_of` are
    versions that had to give way to this one.
    """

    version: str
    marker: str = ""
    source: str = ""
    direct: bool = False
    instead_of: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Version and source as a person is told them."""
        if not self.source:
            return self.version
        return f"{self.version} ({self.source})" if self.version else f"from {self.source}"


#: What a lock holds, by package, oldest version first; several entries where targets differ.
Entries: TypeAlias = Mapping[NormalizedName, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A package of a lock before and after: no entries where it is not there. `why` is '' where that is plain."""

    name: NormalizedName
    before: tuple[Entry, ...] = ()
    after: tuple[Entry, ...] = ()
    cause: Cause = "others"
    why: str = ""


def entries_of(lock: Pylock) -> Entries:
    """What a lock holds, anyone's, by name."""
    found: dict[NormalizedName, list[tuple[Version, Entry]]] = {}
    for package in lock.packages:
        found.setdefault(package.name, []).append((package.version or Version("0"), _entry(package)))
    return {
        name: tuple(entry for _, entry in sorted(found[name], key=lambda pair: (pair[0], pair[1].marker)))
        for name in sorted(found)
    }


def _entry(package: Package) -> Entry:
    table = tool_table(package)
    source = package.directory.path if package.directory is not None else ""
    if package.vcs is not None:
        source = f"{package.vcs.type} {package.vcs.commit_id[:8]}"
    return Entry(
        version=str(package.version) if package.version is not None else "",
        source=source,
        marker=str(package.marker) if package.marker is not None else "",
        direct=table.get("direct") is True,
        instead_of=tuple(text.partition(" ; ")[0] for text in table.get("instead-of", ())),
    )


def changes(
    before: Entries,
    after: Entries,
    reasons: Reasons,
    upgrade: Upgrade,
) -> tuple[Change, ...]:
    """What is different, sorted by name."""
    differing = {
        name: (before.get(name, ()), after.get(name, ()))
        for name in sorted(before.keys() | after.keys())
        if _differ(before.get(name, ()), after.get(name, ()))
    }
    found = []
    for name, (then, now) in differing.items():
        direct = any(entry.direct for entry in now or then)
        if not then:
            cause, why = reasons.coming(name, direct=direct, changed=differing.__contains__)
        elif not now:
            cause, why = reasons.going(name, direct=direct)
        else:
            gave_way = frozenset(version for entry in then for version in entry.instead_of)
            cause, why = reasons.moving(name, gave_way=gave_way)
            if upgrade.everything or name in upgrade.names:
                # That a newer version was asked for says enough; an older one needs a reason.
                cause, why = "request", why if _fell(then, now) and name not in upgrade.exactly else ""
        found.append(Change(name=name, before=then, after=now, cause=cause, why=why))
    return tuple(found)


def _differ(before: tuple[Entry, ...], after: tuple[Entry, ...]) -> bool:
    """Whether some target gets another version. Where there is one for all, its marker says nothing of that."""
    if [entry.told for entry in before] != [entry.told for entry in after]:
        return True
    return len(after) > 1 and [entry.marker for entry in before] != [entry.marker for entry in after]


def _fell(before: tuple[Entry, ...], after: tuple[Entry, ...]) -> bool:
    try:
        return Version(after[-1].version) < Version(before[-1].version)
    except InvalidVersion:  # there is none
        return False
