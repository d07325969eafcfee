"""The judgement of a lock at the moment of writing: on every target and for every selection of groups it is right.

The judge shares no code with the resolver. It reads the lock that was written, chooses from it as an installer
would (PEP 751, installation), and walks from the manifest's requirements through the metadata of the chosen files:
all that is required is there and fits, nothing else is, and no choice is ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.pylock import Package, Pylock
from packaging.tags import Tag, parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from lockenv.errors import InternalError, Problem
from lockenv.lockfile.probes import probes, turns
from lockenv.packages import MARKER_VARIABLES, Metadata, NormalizedName, Requirement, address, parse_requirement
from lockenv.targets import Target

_MAIN = ""
#: A package's name and the name of its chosen file, or where it comes from if no index has it (`address`).
Evidence = Mapping[tuple[NormalizedName, str], Metadata]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a lock claims to answer.

    `roots` maps '' and the names of groups to their requirements; at most one group of each of `conflicts` is
    asked for. `evidence` is the metadata of each file that some target may choose. `buildable` are the packages
    that may be installed from source.
    """

    targets: tuple[Target, ...]
    roots: Mapping[str, tuple[Requirement, ...]]
    evidence: Evidence
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    conflicts: tuple[tuple[str, ...], ...] = ()
    buildable: frozenset[str] = frozenset()


def judge(lock: Pylock, claim: Claim) -> None:
    """Compare what the lock selects with what its manifest requires.

    Raises `InternalError` with every difference.
    """
    truth = _Truth()
    versions = turns(_texts(lock, claim))
    targets = [probe for target in claim.targets for probe in probes(target, versions)]
    problems = [problem for target in targets for problem in _on_target(lock, claim, target, truth)]
    if problems:
        raise InternalError(
            "the lock would not install what the manifest requires; nothing was written",
            problems=problems,
            hint="please report this, with env.toml: it is a bug in lockenv",
        )


def _texts(lock: Pylock, claim: Claim) -> Iterator[str]:
    """The markers and the bounds on Python that may tell one version of Python from another."""
    yield from map(str, (*(lock.environments or ()), lock.requires_python or ""))
    for package in lock.packages:
        yield str(package.marker or "")
        yield str(package.requires_python or "")
    for requirements in (*claim.roots.values(), claim.constraints, claim.overrides):
        yield from (str(requirement.marker or "") for requirement in requirements)
    for metadata in claim.evidence.values():
        yield metadata.requires_python or ""
        yield from (line.partition(";")[2] for line in metadata.requires_dist if "_version" in line)


def selections(groups: Iterable[str], conflicts: Sequence[Sequence[str]]) -> list[frozenset[str]]:
    """The selections of groups that stand for all legal ones.

    Whatever is installed is so for the sake of the main dependencies or of one group, under one choice among the
    conflicting groups: so each choice alone, with each further group, and with all of them.
    """
    apart = {group for conflict in conflicts for group in conflict}
    free = sorted(set(groups) - apart)
    choices: dict[frozenset[str], None] = {frozenset(): None}
    for conflict in conflicts:
        further = [choice | {member} for choice in choices for member in conflict]
        choices |= {
            choice: None for choice in further if all(len(choice & set(every)) <= 1 for every in conflicts)
        }
    found: dict[frozenset[str], None] = {}
    for choice in choices:
        for more in ((), *((group,) for group in free), tuple(free)):
            found.setdefault(choice | set(more))
    return list(found)


def _on_target(lock: Pylock, claim: Claim, target: Target, truth: _Truth) -> Iterator[Problem]:
    covering = [marker for marker in lock.environments or () if marker.evaluate(dict(target.variables))]
    if len(covering) != 1:
        yield Problem(where=target.name, message=f"{len(covering)} of the lock's environments cover it")
    if lock.requires_python is not None and not lock.requires_python.contains(target.python, prereleases=True):
        yield Problem(where=target.name, message=f"the lock requires Python {lock.requires_python}")
    view = _View(claim, target, truth)
    for groups in selections(lock.dependency_groups or (), claim.conflicts):
        where = f"{target.name}, groups {', '.join(sorted(groups)) or 'none'}"
        chosen: dict[NormalizedName, Package] = {}
        for package in lock.packages:
            if not truth.selects(package.marker, target, groups):
                continue
            if package.name in chosen:
                yield Problem(where=where, message=f"{package.name} is ambiguous")
            chosen[package.name] = package
        for message in view.faults(chosen, groups):
            yield Problem(where=where, message=message)


class _View:
    """One target's look at the lock's packages: which file each offers it, and what that requires."""

    def __init__(self, claim: Claim, target: Target, truth: _Truth) -> None:
        self._claim = claim
        self._target = target
        self._truth = truth
        self._tags = [_Ranks(tags, truth) for tags in (target.tags, *(tags for _, tags in target.also))]
        self._needs: dict[tuple[int, str], list[Requirement]] = {}
        self._unfit: dict[int, str] = {}
        self._overrides = {
            canonicalize_name(each.name): each for each in reversed(claim.overrides) if truth.holds(each, target)
        }

    def faults(self, chosen: Mapping[NormalizedName, Package], groups: frozenset[str]) -> Iterator[str]:
        """Everything that is wrong with a choice of packages for a selection of groups."""
        asked = [root for gate in (_MAIN, *sorted(groups)) for root in self._claim.roots.get(gate, ())]
        waiting = [(self._overridden(root), "the manifest") for root in asked if self._holds(root)]
        seen: set[tuple[NormalizedName, str]] = set()
        while waiting:
            requirement, owner = waiting.pop()
            name = canonicalize_name(requirement.name)
            package = chosen.get(name)
            if package is None:
                yield f"{owner} requires {requirement}, which is missing"
                continue
            version = package.version
            if version is not None and not requirement.specifier.contains(version, prereleases=True):
                yield f"{owner} requires {requirement}, the lock has {version}"
            for extra in ("", *map(canonicalize_name, requirement.extras)):
                if (name, extra) not in seen:
                    seen.add((name, extra))
                    waiting += [(need, name) for need in self._needed(package, extra)]
        reached = {name for name, _ in seen}
        yield from (f"{name} is installed and nobody requires it" for name in sorted(chosen.keys() - reached))
        for name, package in sorted(chosen.items()):
            if fault := self._fault(package):
                yield f"{name}: {fault}"

    def _fault(self, package: Package) -> str:
        known = self._unfit.get(id(package))
        if known is None:
            known = self._unfit[id(package)] = "; ".join(self._faults_of(package))
        return known

    def _faults_of(self, package: Package) -> Iterator[str]:
        python = self._target.python
        if package.requires_python is not None and not package.requires_python.contains(python, prereleases=True):
            yield f"it requires Python {package.requires_python}"
        buildable = (package.archive or package.vcs or package.directory) is not None and not any(
            _archived(package)
        )
        buildable |= package.sdist is not None and package.name in self._claim.buildable
        if not buildable and not all(self._wheel(package, ranks) for ranks in self._tags):
            yield "no file of it fits"
        elif package.version is not None:
            for read in self._metadata(package):
                if (read.name, Version(read.version)) != (package.name, package.version):
                    yield f"its file is of {read.name} {read.version}, the lock says {package.version}"
        for constraint in self._claim.constraints:
            if canonicalize_name(constraint.name) == package.name and self._holds(constraint):
                version = package.version
                if version is not None and not constraint.specifier.contains(version, prereleases=True):
                    yield f"the manifest constrains it to {constraint.specifier}, the lock has {version}"

    def _wheel(self, package: Package, ranks: _Ranks) -> str:
        """The file name of the wheel that an installer takes (PEP 425 order, PEP 427 build numbers), or ''."""
        best: tuple[tuple[int, int], str] | None = None
        for filename, tags, build in self._truth.wheels(package):
            rank = ranks.of(tags)
            if rank is not None and (best is None or (rank, -build) < best[0]):
                best = ((rank, -build), filename)
        return "" if best is None else best[1]

    def _needed(self, package: Package, extra: str) -> list[Requirement]:
        """What a package requires here for its own sake, or for that of one extra."""
        key = (id(package), extra)
        known = self._needs.get(key)
        if known is None:
            known = self._needs[key] = [
                self._overridden(line)
                for metadata in self._metadata(package)
                for line in self._truth.needs(metadata, extra, self._target)
            ]
        return known

    def _metadata(self, package: Package) -> Iterator[Metadata]:
        names = {self._wheel(package, ranks) for ranks in self._tags} - {""}
        if (origin := package.archive or package.vcs or package.directory) is not None:
            names = {address(origin)}
        elif not names:
            names = {package.sdist.filename if package.sdist is not None else ""}
        for filename in sorted(names):
            read = self._claim.evidence.get((package.name, filename))
            if read is None:
                msg = f"nobody has read the metadata of {filename or package.name}, which the lock would install"
                raise InternalError(msg, hint="please report this, with env.toml: it is a bug in lockenv")
            yield read

    def _overridden(self, requirement: Requirement) -> Requirement:
        override = self._overrides.get(canonicalize_name(requirement.name))
        if override is None:
            return requirement
        extras = ",".join(sorted(requirement.extras | override.extras))
        return parse_requirement(f"{requirement.name}{f'[{extras}]' if extras else ''}{override.specifier}")

    def _holds(self, requirement: Requirement) -> bool:
        return self._truth.holds(requirement, self._target)


class _Ranks:
    """How early each wheel's best tag comes in a list of tags, best first."""

    def __init__(self, tags: Sequence[Tag], truth: _Truth) -> None:
        self._ranks: dict[Tag, int] = {}
        for rank, tag in enumerate(tags):
            self._ranks.setdefault(tag, rank)
        self._truth = truth
        self._known: dict[str, int | None] = {}

    def of(self, text: str) -> int | None:
        """The rank of a wheel with these tags; None where it does not fit."""
        if text not in self._known:
            ranks = self._ranks
            self._known[text] = min((ranks[tag] for tag in self._truth.tags(text) if tag in ranks), default=None)
        return self._known[text]


def _build_number(filename: str) -> int:
    parts = filename.removesuffix(".whl").split("-")
    digits = re.match(r"\d+", parts[2]) if len(parts) == 6 else None
    return int(digits[0]) if digits else -1


def _archived(package: Package) -> Iterator[str]:
    """Give the name of the wheel, if it is one, that a package comes from without an index."""
    archive = package.archive
    if archive is not None:
        path = archive.path or unquote(urlsplit(archive.url or "").path)
        if path.endswith(".whl"):
            yield path.rpartition("/")[2]


class _Truth:
    """Evaluates markers with `packaging`, each once for all targets that agree on the variables it names."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], bool] = {}
        self._named: dict[int, tuple[object, tuple[str, ...]]] = {}
        self._tags: dict[str, frozenset[Tag]] = {}
        self._lines: dict[int, tuple[Metadata, tuple[Requirement, ...], tuple[str, ...]]] = {}
        self._needs: dict[tuple[object, ...], tuple[Requirement, ...]] = {}
        self._wheels: dict[int, list[tuple[str, str, int]]] = {}

    def needs(self, metadata: Metadata, extra: str, target: Target) -> tuple[Requirement, ...]:
        """What a distribution requires on a target for its own sake, or for that of one extra."""
        known = self._lines.get(id(metadata))
        if known is None:
            lines = tuple(map(parse_requirement, metadata.requires_dist))
            named = {name for line in lines if line.marker for name in self._variables(line, line.marker)}
            # The metadata are kept beside the answer so that their id stays taken.
            known = self._lines[id(metadata)] = (metadata, lines, tuple(sorted(named)))
        _, lines, names = known
        key = (id(metadata), extra, *[target.variables[name] for name in names])
        found = self._needs.get(key)
        if found is None:
            found = self._needs[key] = tuple(
                line
                for line in lines
                if self.holds(line, target, extra) and (not extra or not self.holds(line, target))
            )
        return found

    def wheels(self, package: Package) -> Sequence[tuple[str, str, int]]:
        """The wheels of a package: file name, tags, and build number, 0 first where there is none."""
        known = self._wheels.get(id(package))
        if known is None:
            names = [*(wheel.filename for wheel in package.wheels or ()), *_archived(package)]
            known = self._wheels[id(package)] = [
                (name, "-".join(name.removesuffix(".whl").rsplit("-", 3)[1:]), _build_number(name))
                for name in names
            ]
        return known

    def tags(self, text: str) -> frozenset[Tag]:
        """The tags that a wheel's file name states."""
        if text not in self._tags:
            self._tags[text] = frozenset(parse_tag(text))
        return self._tags[text]

    def holds(self, requirement: Requirement, target: Target, extra: str = "") -> bool:
        """Whether a requirement counts on a target when an extra of its owner is asked for."""
        marker = requirement.marker
        if marker is None:
            return True
        variables = target.variables
        key = (id(requirement), extra, *[variables[name] for name in self._variables(requirement, marker)])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = marker.evaluate({**variables, "extra": extra})
        return known

    def selects(self, marker: Marker | None, target: Target, groups: frozenset[str]) -> bool:
        """Whether a package of the lock is installed on a target for a selection of groups."""
        if marker is None:
            return True
        variables = target.variables
        key = (id(marker), groups, *[variables[name] for name in self._variables(marker, marker)])
        known = self._known.get(key)
        if known is None:
            said: dict[str, str | AbstractSet[str]] = {
                **variables,
                "extras": frozenset[str](),
                "dependency_groups": groups,
            }
            known = self._known[key] = marker.evaluate(said, "lock_file")
        return known

    def _variables(self, owner: object, marker: Marker) -> tuple[str, ...]:
        known = self._named.get(id(owner))
        if known is None:
            text = str(marker)
            # The owner is kept beside the answer so that its id stays taken.
            known = self._named[id(owner)] = (owner, tuple(n for n in MARKER_VARIABLES if n in text))
        return known[1]
