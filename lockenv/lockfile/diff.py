"""What is different between two locks, or what was installed from them.

What a reviewer must not overlook has places of its own: another hash at the same version, new hosts, other indexes
and sources, start-up files. A difference seen from the other side is its inverse.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from packaging.pylock import Package, Pylock
from packaging.version import InvalidVersion, Version

from lockenv.lockfile.pylock import tool_table
from lockenv.lockfile.trust import hosts_of
from lockenv.manifest.words import without_secrets
from lockenv.packages import NormalizedName

#: A file by its name, or its URL where that says more ('' where it is not known), and its hashes.
Files: TypeAlias = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A package at one version, or from one source.

    `marker` is where it counts ('' for everywhere). `source` says where it comes from if that is no index, `index`
    if it is; None where that is not known. `startup` are the files that have a say in every start of Python, None
    where that is not known.
    """

    version: str
    marker: str = ""
    direct: bool = False
    source: str = ""
    index: str | None = None
    files: Files = field(default_factory=dict)
    startup: frozenset[str] | None = None

    @property
    def told(self) -> str:
        """Version and source as a person is told them."""
        if not self.source:
            return self.version
        return f"{self.version} ({self.source})" if self.version else f"from {self.source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is compared: packages by name, oldest version first, and what a lock says of itself.

    The latter is None of what is no lock, and then not compared.
    """

    items: Mapping[NormalizedName, tuple[Item, ...]]
    hosts: frozenset[str] | None = None
    python: str | None = None
    groups: frozenset[str] | None = None
    environments: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What a set has gained and lost, sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)

    def inverse(self) -> Shift:
        """The way back."""
        return Shift(added=self.removed, removed=self.added)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rehash:
    """A file with another hash at the same version. `file` is '' where its name is not known."""

    name: NormalizedName
    version: str
    file: str
    before: str
    after: str

    def inverse(self) -> Rehash:
        """The way back."""
        return Rehash(name=self.name, version=self.version, file=self.file, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Move:
    """Packages that come from elsewhere: an index, or another source."""

    before: str
    after: str
    names: tuple[NormalizedName, ...]

    def inverse(self) -> Move:
        """The way back."""
        return Move(before=self.after, after=self.before, names=self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A package before and after; no items where it is not there."""

    name: NormalizedName
    before: tuple[Item, ...] = ()
    after: tuple[Item, ...] = ()

    @property
    def direct(self) -> bool:
        """Whether the manifest names it, now or, where it is gone, before."""
        return any(item.direct for item in self.after or self.before)

    def inverse(self) -> Change:
        """The way back."""
        return Change(name=self.name, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All that is different.

    `files` are packages that have other files at the same version, none of them with another hash; `startup` are
    start-up files as ``package: file``.
    """

    rehashed: tuple[Rehash, ...] = ()
    hosts: Shift = Shift()
    startup: Shift = Shift()
    moved: tuple[Move, ...] = ()
    changes: tuple[Change, ...] = ()
    files: tuple[NormalizedName, ...] = ()
    python: tuple[str, str] | None = None
    groups: Shift = Shift()
    environments: Shift = Shift()

    def __bool__(self) -> bool:
        return self != Difference()

    def inverse(self) -> Difference:
        """The way back."""
        return Difference(
            rehashed=tuple(sorted(each.inverse() for each in self.rehashed)),
            hosts=self.hosts.inverse(),
            startup=self.startup.inverse(),
            moved=tuple(sorted(each.inverse() for each in self.moved)),
            changes=tuple(each.inverse() for each in self.changes),
            files=self.files,
            python=None if self.python is None else (self.python[1], self.python[0]),
            groups=self.groups.inverse(),
            environments=self.environments.inverse(),
        )


def diff(before: Side, after: Side) -> Difference:
    """Say what is different. Packages are told by name; what one side does not know is not compared."""
    names = sorted(before.items.keys() | after.items.keys())
    pairs = {name: (before.items.get(name, ()), after.items.get(name, ())) for name in names}
    both = {name: pair for name, pair in pairs.items() if all(pair)}
    alike = list(_alike(both))
    return Difference(
        rehashed=tuple(sorted(set(_rehashed(alike)))),
        hosts=_shift(before.hosts, after.hosts),
        startup=_startup(pairs),
        moved=tuple(_moved(both)),
        changes=tuple(
            Change(name=name, before=then, after=now) for name, (then, now) in pairs.items() if _differ(then, now)
        ),
        files=tuple(sorted({name for name, then, now in alike if _other_files(then, now)})),
        python=_pair(before.python, after.python),
        groups=_shift(before.groups, after.groups),
        environments=_shift(before.environments, after.environments),
    )


_Pairs: TypeAlias = Mapping[NormalizedName, tuple[tuple[Item, ...], tuple[Item, ...]]]
_Alike: TypeAlias = tuple[NormalizedName, Item, Item]


def _alike(pairs: _Pairs) -> Iterator[_Alike]:
    """The items of the same version on both sides."""
    for name, (then, now) in pairs.items():
        for one, other in itertools.product(then, now):
            if one.version == other.version and one.source.partition(" ")[0] == other.source.partition(" ")[0]:
                yield name, one, other


def _rehashed(alike: Iterable[_Alike]) -> Iterator[Rehash]:
    for name, then, now in alike:
        if "" in then.files or "" in now.files:
            yield from _unnamed(name, then, now)
            continue
        for file in then.files.keys() & now.files.keys():
            for algorithm in sorted(then.files[file].keys() & now.files[file].keys()):
                before, after = then.files[file][algorithm], now.files[file][algorithm]
                if before.lower() != after.lower():
                    yield Rehash(name=name, version=now.version, file=file, before=before, after=after)
                    break


def _unnamed(name: NormalizedName, then: Item, now: Item) -> Iterator[Rehash]:
    """A file whose name is not known has to be one of those of the other side."""
    before, after = _digests(then), _digests(now)
    if before and after and not set(before) & set(after):
        yield Rehash(name=name, version=now.version, file="", before=before[0], after=after[0])


def _digests(item: Item) -> list[str]:
    return sorted({hashes["sha256"].lower() for hashes in item.files.values() if "sha256" in hashes})


def _other_files(then: Item, now: Item) -> bool:
    """Whether both sides name their files, and not the same ones."""
    named = all(item.files and "" not in item.files for item in (then, now))
    return named and then.files.keys() != now.files.keys()


def _startup(pairs: _Pairs) -> Shift:
    added: list[str] = []
    removed: list[str] = []
    for name, (then, now) in pairs.items():
        before, after = _starting(then), _starting(now)
        if before is not None and after is not None:
            added += (f"{name}: {file}" for file in after - before)
            removed += (f"{name}: {file}" for file in before - after)
    return Shift(added=tuple(sorted(added)), removed=tuple(sorted(removed)))


def _starting(items: Sequence[Item]) -> frozenset[str] | None:
    """The start-up files of a package; none where it is not there."""
    known = [item.startup for item in items if item.startup is not None]
    return frozenset[str]().union(*known) if len(known) == len(items) else None


def _moved(pairs: _Pairs) -> Iterator[Move]:
    found: defaultdict[tuple[str, str], list[NormalizedName]] = defaultdict(list)
    for name, (then, now) in pairs.items():
        before, after = _origins(then), _origins(now)
        if before and after and before != after:
            found[" and ".join(before), " and ".join(after)].append(name)
    for (origin, other), names in sorted(found.items()):
        yield Move(before=origin, after=other, names=tuple(names))


def _origins(items: Iterable[Item]) -> list[str]:
    """Where a package comes from; a commit of a repository is a version of it."""
    return sorted({item.source.partition(" at ")[0] or item.index or "" for item in items} - {""})


def _differ(then: Sequence[Item], now: Sequence[Item]) -> bool:
    """Whether some target gets another version. Where there is one for all, its marker says nothing of that."""
    if [item.told for item in then] != [item.told for item in now]:
        return True
    several = max(len(then), len(now)) > 1
    return several and [item.marker for item in then] != [item.marker for item in now]


def _shift(before: frozenset[str] | None, after: frozenset[str] | None) -> Shift:
    if before is None or after is None:
        return Shift()
    return Shift(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


def _pair(before: str | None, after: str | None) -> tuple[str, str] | None:
    return None if before is None or after is None or before == after else (before, after)


# ── a lock as a side


def side_of(lock: Pylock) -> Side:
    """What a lock, anyone's, holds."""
    return Side(
        items=by_name((package.name, item_of(package)) for package in lock.packages),
        hosts=frozenset(hosts_of(lock)),
        python=str(lock.requires_python or ""),
        groups=frozenset(lock.dependency_groups or ()),
        environments=frozenset(map(str, lock.environments or ())),
    )


def by_name(items: Iterable[tuple[NormalizedName, Item]]) -> dict[NormalizedName, tuple[Item, ...]]:
    """Items put together by name, oldest version first."""
    found: defaultdict[NormalizedName, list[Item]] = defaultdict(list)
    for name, item in items:
        found[name].append(item)
    return {name: tuple(sorted(found[name], key=_age)) for name in sorted(found)}


def _age(item: Item) -> tuple[Version, str, str]:
    try:
        return (Version(item.version), item.source, item.marker)
    except InvalidVersion:  # there is none, or somebody installed what is none
        return (Version("0"), item.told, item.marker)


def item_of(package: Package) -> Item:
    """What a package of a lock is, in a difference."""
    return Item(
        version=str(package.version) if package.version is not None else "",
        marker=str(package.marker) if package.marker is not None else "",
        direct=tool_table(package).get("direct") is True,
        source=_source(package),
        index=None if package.index is None else without_secrets(package.index),
        files=dict(_files(package)),
    )


def _source(package: Package) -> str:
    if package.directory is not None:
        return package.directory.path
    if package.vcs is not None:
        place = package.vcs.url or package.vcs.path or ""
        return f"{package.vcs.type}+{without_secrets(place)} at {package.vcs.commit_id[:12]}"
    if package.archive is not None:
        return without_secrets(package.archive.url or package.archive.path or "")
    return ""


def _files(package: Package) -> Iterator[tuple[str, Mapping[str, str]]]:
    for wheel in package.wheels or ():
        yield wheel.filename, wheel.hashes
    if package.sdist is not None:
        yield package.sdist.filename, package.sdist.hashes
    if package.archive is not None:
        yield package.archive.url or package.archive.path or "", package.archive.hashes
